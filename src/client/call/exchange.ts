import { setMaxListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import type { Cancellable, Cancellation } from '../../resilience/cancellation.ts'
import type { Answer, Outgoing } from './call.ts'
import { isRefusedCertificate } from '../target/tlsProblem.ts'

/** How an exchange ended without an answer. */
export type Ending =
  /** Nothing of it was written to a connection, or to none that was let in. */
  | 'not sent'
  /** The connection broke before the answer was whole. */
  | 'broken'
  /** Its time was over. */
  | 'late'
  /** It was given up. */
  | 'given up'

/**
 * One request on its way, and what came of it.
 *
 * It is undici's own handler, its timer's argument and its signal's listener at once: one object for each exchange, and
 * it knows what undici's promises do not tell, whether anything was sent.
 */
export class Exchange implements Dispatcher.DispatchHandler, Answer, Cancellable {
  /** HTTP status; 0 until there is one. */
  status = 0
  headers: Answer['headers'] = {}
  body = ''
  /** Undefined when it was answered. */
  ending: Ending | undefined
  cause: Error | undefined
  /** Resolves when it has ended, whatever its end. */
  readonly ended: Promise<this>
  #resolve!: (self: this) => void
  #controller: Dispatcher.DispatchController | undefined
  #chunks: Buffer[] = []
  readonly #timer: NodeJS.Timeout
  readonly #signal: AbortSignal | undefined
  readonly #cancellation: Cancellation | undefined
  readonly #onEnd: (self: this) => void

  /** `onEnd` is called the moment it ends, before anybody who awaits it. */
  constructor(
    timeoutMs: number,
    { signal, cancellation }: Pick<Outgoing, 'signal' | 'cancellation'>,
    onEnd: (exchange: Exchange) => void,
  ) {
    this.#onEnd = onEnd
    this.ended = new Promise((resolve) => (this.#resolve = resolve))
    this.#timer = setTimeout(expire, timeoutMs, this)
    this.#signal = signal
    this.#cancellation = cancellation
    cancellation?.add(this)
    if (signal) {
      setMaxListeners(0, signal) // many calls may listen to one signal: that is no leak
      signal.addEventListener('abort', this, { once: true })
    }
  }

  /** Ends it now; its connection is closed, for the answer may still come. */
  abort(ending: Ending): void {
    if (this.ending !== undefined) return
    this.#end(ending)
    this.#controller?.abort(new Error(ending))
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    this.abort('given up')
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.cancel()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.ending !== undefined) controller.abort(new Error(this.ending))
  }

  onResponseStart(_controller: unknown, status: number, headers: Answer['headers']): void {
    this.status = status
    this.headers = headers
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [first, ...rest] = this.#chunks
    this.body = first === undefined ? '' : (rest.length === 0 ? first : Buffer.concat(this.#chunks)).toString()
    this.#end(undefined)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.ending !== undefined) return
    this.cause = error
    this.#end(this.#controller && !isRefusedCertificate(error) ? 'broken' : 'not sent')
  }

  #end(ending: Ending | undefined): void {
    this.ending = ending
    if (ending !== undefined) this.status = 0
    clearTimeout(this.#timer)
    this.#cancellation?.remove(this)
    this.#signal?.removeEventListener('abort', this)
    this.#onEnd(this)
    this.#resolve(this)
  }
}

function expire(exchange: Exchange): void {
  exchange.abort('late')
}
