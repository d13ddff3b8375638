import { performance } from 'node:perf_hooks' // the global one is a getter, which costs a fifth more
import { setImmediate } from 'node:timers' // a fake one waits for its test
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ResponseDraft } from '../operation/responseDraft.ts'
import type { ResponseSpec } from '../operation/responseSpec.ts'
import type { LaneNotice } from '../transport/lanes.ts'

/** Called when a request has ended, with a response or because its caller hung up. */
export type OnRequestEnd = (ended: OpenRequest) => void

/** The operation of a request: one object for all its requests. */
export interface RunningOperation {
  readonly name: string
  /** Path in the contract: `/users/:id`. */
  readonly path: string
  /** What its responses may have. */
  readonly spec: ResponseSpec
}

/** Headers of a reply, by their names. */
export type ReplyHeaders = ReturnType<FastifyReply['getHeaders']>

/** A request in flight, linked to those that arrived before and after it. */
export class OpenRequest {
  readonly inFlight: InFlight
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Undefined outside operations: documentation, health, unknown paths. */
  operation: RunningOperation | undefined
  /** What its handler has set on the response; undefined when it has set nothing. */
  response: ResponseDraft | undefined
  /** The headers of its reply before those of a success; undefined until they are added. */
  headersBefore: ReplyHeaders | undefined
  /** Set for HTTP/2, whose requests lose it when they end. */
  readonly peer: string | undefined
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number = performance.now()
  /** Milliseconds of `performance.now()`; negative until it ends. */
  endedAt = -1
  /** Whether its response was complete at its end. */
  hasResponse = false
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
 * The requests in flight, the oldest first.
 *
 * They are a linked list. V8's `Set` allocates a new table every few requests, and the old table points to the new one.
 * Once the garbage collector has promoted an old table, it promotes all that follow, with the requests in them. Collecting
 * then costs ten times as much.
 *
 * Requests that end in one turn of the event loop are reported together, at its end. The code that writes logs, spans and
 * metrics is then still in the processor's caches from the request before, which halves its cost. Right after a request has
 * read and written its socket, hardly anything of that code is there.
 */
export class InFlight implements Iterable<OpenRequest> {
  readonly #onEnd: OnRequestEnd
  #oldest: OpenRequest | undefined
  #newest: OpenRequest | undefined
  #size = 0
  #ended: OpenRequest[] = []
  readonly #draining = new AbortController()
  /** Called whenever the last request has ended. */
  onEmpty: (() => void) | undefined
  /** Called with the status of each response to malformed HTTP, which never becomes a request. */
  onRejected: ((status: number) => void) | undefined

  constructor(onEnd: OnRequestEnd) {
    this.#onEnd = onEnd
  }

  get size(): number {
    return this.#size
  }

  /** Aborts when the service begins to stop: a response that never ends by itself, such as a stream, has to end now. */
  get draining(): AbortSignal {
    return this.#draining.signal
  }

  /** Whether each response is the last one on its connection. */
  get endsConnections(): boolean {
    return this.#draining.signal.aborted
  }

  *[Symbol.iterator](): IterableIterator<OpenRequest> {
    for (let open = this.#oldest; open; open = open.after) yield open
  }

  /** Follows a request to its end. Fastify's `onResponse` hook does not run when a caller hangs up. */
  begin(request: FastifyRequest, reply: FastifyReply): void {
    const open = new OpenRequest(this, request, reply)
    const response: Response = reply.raw
    this.#add(open)
    response[openRequest] = open
    response.on('close', onClose)
    this.beforeHeaders(reply)
  }

  /** Makes each response from now on the last one of its connection, those of requests in flight too. */
  endConnections(): void {
    this.#draining.abort(new Error('the service stops'))
    for (const { reply } of this) this.beforeHeaders(reply)
  }

  /** Has to be called with each response before its headers are sent. */
  beforeHeaders({ raw, request }: FastifyReply): void {
    if (!this.endsConnections || raw.headersSent) return
    if (request.raw.httpVersionMajor !== 1) return // HTTP/2 has no such header
    const response = raw as typeof raw & { lane?: LaneNotice | undefined }
    response.lane = response.lane?.whenLeaving
    // Closing a lane would fail the requests behind this one.
    if (!response.lane) raw.setHeader('connection', 'close')
  }

  /** Removes a request whose response is complete, or whose connection is closed. */
  remove(open: OpenRequest): void {
    if (open.endedAt >= 0) return
    const { before, after } = open
    if (before) before.after = after
    else this.#oldest = after
    if (after) after.before = before
    else this.#newest = before
    open.before = open.after = undefined
    open.endedAt = performance.now()
    open.hasResponse = open.reply.raw.writableEnded
    this.#size--
    if (this.#ended.push(open) === 1) setImmediate(this.reportEnded)
    if (this.#size === 0) this.onEmpty?.()
  }

  /** Reports the requests that have ended. */
  readonly reportEnded = (): void => {
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

/** Returns the request of a reply; there is one from the first hook on. */
export function openRequestOf(reply: FastifyReply): OpenRequest {
  return (reply.raw as Response)[openRequest]!
}

const openRequest: unique symbol = Symbol('tricube.openRequest')
type Response = FastifyReply['raw'] & { [openRequest]?: OpenRequest }

/** One function for all responses, instead of a closure for each. */
function onClose(this: Response): void {
  const open = this[openRequest]!
  open.inFlight.remove(open)
}
