import { performance } from 'node:perf_hooks' // the global one is a getter, a fifth of the price of the time
import { setImmediate } from 'node:timers' // a test's fake one waits for the test
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LaneNotice } from '../transport/lanes.ts'

/** Hears the end of each request, however it ends: answered, or its caller is gone. */
export type OnRequestEnd = (ended: OpenRequest) => void

/** What a request asks for; the same for all that ask for it. */
export interface RunningOperation {
  readonly name: string
  /** As the contract has it: `/users/:id`. */
  readonly path: string
}

/** A request that is being answered, between those that came before and after it. */
export class OpenRequest {
  readonly inFlight: InFlight
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Undefined for what is no operation: documentation, health, stray paths. */
  operation: RunningOperation | undefined
  /** Of HTTP/2, whose requests forget it with their end. */
  readonly peer: string | undefined
  /** As `performance.now()` counts. */
  readonly startedAt: number = performance.now()
  /** Likewise; negative until it ends. */
  endedAt = -1
  /** Whether an answer was there by then. */
  isAnswered = false
  before: OpenRequest | undefined
  after: OpenRequest | undefined

  constructor(inFlight: InFlight, request: FastifyRequest, reply: FastifyReply) {
    this.inFlight = inFlight
    this.request = request
    this.reply = reply
    this.peer = request.raw.httpVersionMajor === 2 ? request.ip : undefined
  }
}

/**
 * The requests that are being answered, the oldest first.
 *
 * They are linked by hand. V8's `Set` makes itself anew every few requests and has the old one point to the new one: once
 * the garbage collector has put an old one among what lives long, all that follow do, with the requests that they held,
 * and collecting costs ten times as much.
 *
 * Those that a turn of the event loop has ended are told of together, after all requests that came with them: what writes
 * logs, spans and metrics then finds the processor's caches as its last run left them, and costs half. Right after a
 * request has read from its socket and written to it, hardly anything of it is there.
 */
export class InFlight implements Iterable<OpenRequest> {
  readonly #onEnd: OnRequestEnd
  #oldest: OpenRequest | undefined
  #newest: OpenRequest | undefined
  #size = 0
  #ended: OpenRequest[] = []
  readonly #draining = new AbortController()
  /** Called whenever the last of them has ended. */
  onEmpty: (() => void) | undefined
  /** Called with the status of a response to what was never a request, such as malformed HTTP. */
  onRefused: ((status: number) => void) | undefined

  constructor(onEnd: OnRequestEnd) {
    this.#onEnd = onEnd
  }

  get size(): number {
    return this.#size
  }

  /** Aborts when callers are to go elsewhere: what never ends by itself, a stream of events, is to end now. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  /** Whether each answer is the last one on its connection. */
  get endsConnections(): boolean {
    return this.#draining.signal.aborted
  }

  *[Symbol.iterator](): IterableIterator<OpenRequest> {
    for (let open = this.#oldest; open; open = open.after) yield open
  }

  /** Follows a request to its end. Fastify's own `onResponse` is not told of a caller that hangs up. */
  begin(request: FastifyRequest, reply: FastifyReply): void {
    const open = new OpenRequest(this, request, reply)
    const response: Response = reply.raw
    this.#add(open)
    response.tricubeOpen = open
    response.on('close', onClose)
    this.answered(reply)
  }

  /** From now on each answer is the last one on its connection, also the answers to what is being worked on. */
  endConnections(): void {
    this.#draining.abort(new Error('the service stops'))
    for (const { reply } of this) this.answered(reply)
  }

  /** To be told of each answer before its headers are sent. */
  answered({ raw, request }: FastifyReply): void {
    if (!this.endsConnections || raw.headersSent) return
    if (request.raw.httpVersionMajor !== 1) return // HTTP/2 has no such header
    const answer = raw as typeof raw & { lane?: LaneNotice | undefined }
    answer.lane = answer.lane?.whenLeaving
    // The end of a lane would be the end of the requests behind this one.
    if (!answer.lane) raw.setHeader('connection', 'close')
  }

  /** Its answer is out, or its connection is gone. */
  remove(open: OpenRequest): void {
    if (open.endedAt >= 0) return
    const { before, after } = open
    if (before) before.after = after
    else this.#oldest = after
    if (after) after.before = before
    else this.#newest = before
    open.before = open.after = undefined
    open.endedAt = performance.now()
    open.isAnswered = open.reply.raw.writableEnded
    this.#size--
    if (this.#ended.push(open) === 1) setImmediate(this.tellEnded)
    if (this.#size === 0) this.onEmpty?.()
  }

  /** Tells now of those that have ended. */
  readonly tellEnded = (): void => {
    const ended = this.#ended
    if (ended.length === 0) return
    this.#ended = []
    for (const open of ended) this.#onEnd(open)
  }

  #add(open: OpenRequest): void {
    open.before = this.#newest
    if (this.#newest) this.#newest.after = open
    else this.#oldest = open
    this.#newest = open
    this.#size++
  }
}

/** The request that a reply is for; there is one from the first hook on. */
export function openRequestOf(reply: FastifyReply): OpenRequest {
  return (reply.raw as Response).tricubeOpen!
}

/** A property that has a name, not a symbol: it is set with each request. */
type Response = FastifyReply['raw'] & { tricubeOpen?: OpenRequest }

/** One function for all answers, where a closure would be made for each. */
function onClose(this: Response): void {
  const open = this.tricubeOpen!
  open.inFlight.remove(open)
}
