import { setMaxListeners } from 'node:events'
import type { Dispatcher } from 'undici'
import type { Cancellable } from '../../resilience/cancellation.ts'
import { Expiring, timeouts } from '../../time/wheel.ts'
import type { LaneCall } from '../lanes/lane.ts'
import type { ResponseHead } from '../lanes/responseHead.ts'
import { isRefusedCertificate } from '../target/tlsProblem.ts'
import type { Answer, Outgoing } from './call.ts'

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
 * It is undici's own handler, a lane's call, its own timeout and its signal's listener at once: one object for each
 * exchange, and it knows what undici's promises do not tell, whether anything was sent. It may be on its way on a lane and
 * over the pool: the first answer counts, and it has failed when both have.
 */
export class Exchange extends Expiring implements Dispatcher.DispatchHandler, LaneCall, Answer, Cancellable {
  readonly outgoing: Outgoing
  /** HTTP status; 0 until there is one. */
  status = 0
  body = ''
  /** Undefined when it was answered. */
  ending: Ending | undefined
  cause: Error | undefined
  /** Whether the answer was larger than the caller takes; another instance would answer the same. */
  isTooLarge = false
  /** Whether its end says nothing of the instance: another call has said so already. */
  saysNothing = false
  /** Whether the answer came with the end of its connection, or said that the callee wants no more. */
  endsConnection = false
  /** Whether it has an answer, or never will. */
  isOver = false
  /** Resolves when it has ended, whatever its end. */
  readonly ended: Promise<this>
  /** Connections that it is on. */
  #ways = 0
  #head: ResponseHead | undefined
  #headers: Answer['headers'] | undefined
  #resolve!: (self: this) => void
  #controller: Dispatcher.DispatchController | undefined
  #chunks: Buffer[] = []
  readonly #onEnd: (self: this) => void

  /** `onEnd` is called the moment it ends, before anybody who awaits it. */
  constructor(timeoutMs: number, outgoing: Outgoing, onEnd: (exchange: Exchange) => void) {
    super()
    this.outgoing = outgoing
    this.#onEnd = onEnd
    this.ended = new Promise((resolve) => (this.#resolve = resolve))
    timeouts.add(this, timeoutMs)
    const { signal, cancellation } = outgoing
    cancellation?.add(this)
    if (signal) {
      setMaxListeners(0, signal) // many calls may listen to one signal: that is no leak
      signal.addEventListener('abort', this, { once: true })
    }
  }

  get headers(): Answer['headers'] {
    return (this.#headers ??= this.#head?.headers ?? {})
  }

  /** It goes over one more connection. */
  begin(): void {
    this.#ways += 1
  }

  /** Ends it now; its connection in the pool is closed, for the answer may still come. */
  abort(ending: Ending): void {
    if (this.isOver) return
    this.#end(ending)
  }

  /** Its time is over. */
  expire(): void {
    this.abort('late')
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    this.abort('given up')
  }

  /** The signal aborts. */
  handleEvent(): void {
    this.cancel()
  }

  answeredOnLane(head: ResponseHead, body: string, isLast: boolean): void {
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
    this.saysNothing = true
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

  onResponseStart(_controller: unknown, status: number, headers: Answer['headers']): void {
    if (this.isOver) return
    this.status = status
    this.#headers = headers
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    if (!this.isOver) this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (this.isOver) return
    const [first, ...rest] = this.#chunks
    this.body = first === undefined ? '' : (rest.length === 0 ? first : Buffer.concat(this.#chunks)).toString()
    const { connection } = this.headers
    this.endsConnection = connection === 'close' || (Array.isArray(connection) && connection.includes('close'))
    this.#controller = undefined
    this.#end(undefined)
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.saysNothing = false
    const isSent = this.#controller !== undefined && !isRefusedCertificate(error)
    this.#controller = undefined
    if (!this.isOver) this.isTooLarge = tooLargeCodes.has((error as { code?: string }).code)
    this.#failed(isSent ? 'broken' : 'not sent', error)
  }

  /** One of its connections was none. */
  #failed(ending: Ending, cause: Error): void {
    this.#ways -= 1
    if (this.isOver || this.#ways > 0) return
    this.cause = cause
    this.#end(ending)
  }

  #end(ending: Ending | undefined): void {
    if (this.isOver) return
    this.isOver = true
    this.ending = ending
    if (ending !== undefined) this.status = 0
    timeouts.remove(this)
    const { signal, cancellation } = this.outgoing
    cancellation?.remove(this)
    signal?.removeEventListener('abort', this)
    this.#onEnd(this)
    this.#resolve(this)
    // Answered on its lane, it is left to end in the pool: closing the connection would cost more.
    if (ending !== undefined) this.#controller?.abort(new Error(ending))
  }
}

const tooLargeCodes: ReadonlySet<string | undefined> = new Set([
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_HEADERS_OVERFLOW',
])
