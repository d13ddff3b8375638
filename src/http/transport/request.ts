import { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** Node's method that reads the rest of a request. It is not documented. */
const { _dump: dump } = IncomingMessage.prototype as { _dump?: (this: IncomingMessage) => void }

/** Whether this Node has it. */
export const supportsDumpSkipping: boolean = dump?.length === 0

/**
 * Node's request, without the cost of an empty body.
 *
 * After the response Node reads the rest of a request, and emits `end` and `close` even if there was no body. Without that,
 * bare node:http takes a sixth fewer instructions with Node 20 and a tenth fewer with Node 26 (counted by valgrind). This
 * class emits them only if someone listens.
 */
export class Request extends IncomingMessage {
  /** Whether Node had nothing left to read. */
  isDumpSkipped = false

  /** Called by Node. */
  _dump(): void {
    this.isDumpSkipped = this.complete && this.readableLength === 0 && !this.#hasListeners()
    if (!this.isDumpSkipped) dump!.call(this)
  }

  #hasListeners(): boolean {
    return this.listenerCount('end') > 0 || this.listenerCount('close') > 0
  }

  static {
    // Node reads it before it releases the request. Its types call it a field, so it cannot be an `override get`.
    Object.defineProperty(this.prototype, 'readableEnded', {
      configurable: true,
      get(this: Request): boolean {
        return this.isDumpSkipped || Reflect.get(Readable.prototype, 'readableEnded', this)
      },
    })
  }
}
