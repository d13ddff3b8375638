import { setMaxListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import type { Cancellable } from '../../resilience/cancellation.ts'
import { Expiring, timeouts } from '../../time/wheel.ts'
import type { LaneCall } from '../lanes/lane.ts'
import type { ResponseHead } from '../lanes/responseHead.ts'
import { isRejectedCertificate } from '../../tls/tlsProblem.ts'
import type { CallResponse, OutgoingRequest } from './call.ts'
import { IncomingFile } from './incomingFile.ts'

/** How an exchange ended without a response. */
export type Ending =
  /** Nothing was written to a connection, or only to one that the server rejected. */
  | 'not sent'
  /** The connection broke before the response was complete. */
  | 'broken'
  | 'timed out'
  | 'cancelled'

/**
 * A request to one instance, and its response or failure.
 *
 * One object is undici's handler, the call of a lane, the timeout and the listener of the signal. So it costs one
 * allocation, and it knows whether anything was sent, which undici's promises do not tell. It may be on a lane and in the
 * pool at the same time. The first response counts, and it fails when both fail.
 */
export class Exchange extends Expiring implements Dispatcher.DispatchHandler, LaneCall, CallResponse, Cancellable {
  readonly request: OutgoingRequest
  /** The HTTP status; 0 without a response. */
  status = 0
  body = ''
  bytes: Uint8Array | undefined
  /** Undefined when there is a response. */
  ending: Ending | undefined
  cause: Error | undefined
  /** Whether the response was larger than the caller accepts. Another instance would send the same. */
  isTooLarge = false
  /** Whether another call of the same connection has already counted this failure against the instance. */
  isSharedFailure = false
  /** Whether the response ended its connection, or asked for no further calls. */
  endsConnection = false
  /** Whether it has a response or has failed. */
  isOver = false
  /** Resolves when it is over, also after a failure. */
  readonly ended: Promise<this>
  /** The connections that carry it. */
  #connections = 0
  #head: ResponseHead | undefined
  #headers: CallResponse['headers'] | undefined
  #resolve!: (self: this) => void
  #controller: Dispatcher.DispatchController | undefined
  #chunks: Buffer[] = []
  #file: IncomingFile | undefined
  readonly #onEnd: (self: this) => void

  /** `onEnd` is called as soon as it ends, before code that awaits `ended`. */
  constructor(timeoutMs: number, request: OutgoingRequest, onEnd: (exchange: Exchange) => void) {
    super()
    this.request = request
    this.#onEnd = onEnd
    this.ended = new Promise((resolve) => (this.#resolve = resolve))
    timeouts.add(this, timeoutMs)
    const { signal, cancellation } = request
    cancellation?.add(this)
    if (signal) {
      setMaxListeners(0, signal) // any number of calls may share a signal: that is no leak
      signal.addEventListener('abort', this, { once: true })
    }
  }

  get headers(): CallResponse['headers'] {
    return (this.#headers ??= this.#head?.headers ?? {})
  }

  get stream(): ReadableStream<Uint8Array> | undefined {
    return this.#file?.bytes
  }

  get missing(): string | undefined {
    return this.isOver && this.ending !== 'timed out' ? undefined : this.request.operation
  }

  /** Counts a connection that carries it. */
  begin(): void {
    this.#connections += 1
  }

  /** Ends it without a response. Its connection in the pool is closed, because the response may still come. */
  abort(ending: Ending): void {
    if (this.isOver) return this.#file?.abandon()
    this.#end(ending)
  }

  /** Called by the timeout. */
  expire(): void {
    this.abort('timed out')
  }

  /** Called when the request that it is made for ends. */
  cancel(): void {
    this.abort('cancelled')
  }

  /** Called when the signal aborts. */
  handleEvent(): void {
    this.cancel()
  }

  receivedOnLane(head: ResponseHead, body: string, isLast: boolean): void {
    this.status = head.status
    this.#head = head
    this.#headers = undefined
    this.body = body
    this.endsConnection = isLast
    this.#end(undefined)
  }

  lost(cause: Error): void {
    this.#failed('broken', cause)
  }

  lostWithAnother(cause: Error): void {
    this.isSharedFailure = true
    this.#failed('broken', cause)
  }

  tooLarge(): void {
    this.isTooLarge = true
    this.#end('broken')
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.ending !== undefined) controller.abort(new Error(this.ending))
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: CallResponse['headers']): void {
    if (this.isOver) return
    this.status = status
    this.#headers = headers
    if (this.request.reads !== 'stream' || status < 200 || status >= 300) return
    this.#file = new IncomingFile(this.request, controller)
    this.#complete()
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (this.#file) this.#file.push(chunk)
    else if (!this.isOver) this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#file) return this.#file.end()
    if (this.isOver) return
    const [first, ...rest] = this.#chunks
    if (this.request.reads !== 'text' && this.status < 400) this.bytes = Buffer.concat(this.#chunks)
    else this.body = first === undefined ? '' : (rest.length === 0 ? first : Buffer.concat(this.#chunks)).toString()
    this.#controller = undefined
    this.#complete()
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#file) return this.#file.fail(error)
    this.isSharedFailure = false
    const isSent = this.#controller !== undefined && !isRejectedCertificate(error)
    this.#controller = undefined
    if (!this.isOver) this.isTooLarge = tooLargeCodes.has((error as { code?: string }).code)
    this.#failed(isSent ? 'broken' : 'not sent', error)
  }

  /** There is a response from the pool. */
  #complete(): void {
    const { connection } = this.headers
    this.endsConnection = connection === 'close' || (Array.isArray(connection) && connection.includes('close'))
    this.#end(undefined)
  }

  /** One of its connections failed. */
  #failed(ending: Ending, cause: Error): void {
    this.#connections -= 1
    if (this.isOver || this.#connections > 0) return
    this.cause = cause
    this.#end(ending)
  }

  #end(ending: Ending | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.ending = ending
    if (ending !== undefined) this.status = 0
    timeouts.remove(this)
    const { signal, cancellation } = this.request
    cancellation?.remove(this)
    signal?.removeEventListener('abort', this)
    this.#onEnd(this)
    this.#resolve(this)
    // After a response on a lane, the pool may finish it too: closing the connection would cost more.
    if (ending !== undefined) this.#controller?.abort(new Error(ending))
  }
}

/** The code of undici's error for more headers than Node's `--max-http-header-size`. */
export const headersOverflow = 'UND_ERR_HEADERS_OVERFLOW'
const tooLargeCodes: ReadonlySet<string | undefined> = new Set(['UND_ERR_RES_EXCEEDED_MAX_SIZE', headersOverflow])
