import type { Dispatcher } from 'undici'
import { codes } from '../../contract/errors.ts'
import { GatewayTimeout, ServiceUnavailable } from '../../contract/serverErrors.ts'
import type { Cancellable } from '../../resilience/cancellation.ts'
import { Expiring, timeouts } from '../../time/wheel.ts'
import { cancelReason, type OutgoingRequest } from './call.ts'

/** The most bytes that wait for the reader. The rest waits at the service. */
const maxWaitingBytes = 128 * 1024
/** Milliseconds after which a file that nobody reads any more is canceled, so that its connection is free. */
const abandonedMs = 300_000

/**
 * The bytes of a file, which arrive as fast as they are read.
 *
 * The time limit of the call is that of its first byte. After it, the same limit is for each wait for the next bytes.
 */
export class IncomingFile extends Expiring implements Cancellable {
  readonly bytes: ReadableStream<Uint8Array>
  readonly #request: OutgoingRequest
  readonly #connection: Dispatcher.DispatchController
  #reader!: ReadableStreamDefaultController<Uint8Array>
  #isOver = false
  #isPaused = false

  constructor(request: OutgoingRequest, connection: Dispatcher.DispatchController) {
    super()
    this.#request = request
    this.#connection = connection
    const size = (chunk: Uint8Array): number => chunk.byteLength
    this.bytes = new ReadableStream(
      {
        start: (reader) => void (this.#reader = reader),
        pull: () => this.#resume(),
        cancel: () => this.abandon(),
      },
      { highWaterMark: maxWaitingBytes, size },
    )
    request.cancellation?.add(this)
    request.signal?.addEventListener('abort', this, { once: true })
    timeouts.add(this, request.timeoutMs)
  }

  push(chunk: Uint8Array): void {
    if (this.#isOver) return
    this.#reader.enqueue(chunk)
    this.#isPaused = this.#reader.desiredSize! <= 0
    if (this.#isPaused) this.#connection.pause()
    timeouts.remove(this)
    timeouts.add(this, this.#isPaused ? abandonedMs : this.#request.timeoutMs)
  }

  end(): void {
    if (this.#settle()) this.#reader.close()
  }

  fail(cause: Error): void {
    const { operation } = this.#request
    const options = { code: codes.calleeDown, cause, operation }
    this.#fail(new ServiceUnavailable('the connection broke in the middle of the file', options))
  }

  /** Ends it when nobody wants the rest. */
  abandon(): void {
    if (this.#settle()) this.#connection.abort(new Error('the reader wants no more'))
  }

  /** Called when the request that it is read for ends. */
  cancel(): void {
    this.#fail(cancelReason(this.#request) as Error)
  }

  /** Called when the signal aborts. */
  handleEvent(): void {
    this.cancel()
  }

  /** Called by the timeout. */
  expire(): void {
    const { operation, timeoutMs } = this.#request
    const problem = this.#isPaused
      ? `the file was not read for ${abandonedMs} ms`
      : `the rest of the file did not arrive within ${Math.round(timeoutMs)} ms`
    this.#fail(new GatewayTimeout(problem, { operation }))
  }

  #resume(): void {
    if (!this.#isPaused || this.#isOver) return
    this.#isPaused = false
    timeouts.remove(this)
    timeouts.add(this, this.#request.timeoutMs)
    this.#connection.resume()
  }

  #fail(error: Error): void {
    if (!this.#settle()) return
    this.#reader.error(error)
    this.#connection.abort(error)
  }

  /** Returns false when it is over already. */
  #settle(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    timeouts.remove(this)
    this.#request.cancellation?.remove(this)
    this.#request.signal?.removeEventListener('abort', this)
    return true
  }
}
