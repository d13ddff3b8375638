import type { FastifyReply, FastifyRequest } from 'fastify'

/** Hears the end of each request, however it ends: answered, or its caller is gone. */
export type OnRequestEnd = (request: FastifyRequest, reply: FastifyReply, durationMs: number) => void

/** A request that is being answered. */
class OpenRequest {
  readonly inFlight: InFlight
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** As `performance.now()` counts. */
  readonly startedAt: number = performance.now()

  constructor(inFlight: InFlight, request: FastifyRequest, reply: FastifyReply) {
    this.inFlight = inFlight
    this.request = request
    this.reply = reply
  }
}

/** The requests that are being answered, the oldest first. */
export class InFlight implements Iterable<OpenRequest> {
  readonly #onEnd: OnRequestEnd
  readonly #requests = new Set<OpenRequest>()
  #endsConnections = false
  /** Called whenever the last of them has ended. */
  onEmpty: (() => void) | undefined

  constructor(onEnd: OnRequestEnd) {
    this.#onEnd = onEnd
  }

  get size(): number {
    return this.#requests.size
  }

  [Symbol.iterator](): IterableIterator<OpenRequest> {
    return this.#requests.values()
  }

  /** Follows a request to its end. Fastify's own `onResponse` is not told of a caller that hangs up. */
  begin(request: FastifyRequest, reply: FastifyReply): void {
    const open = new OpenRequest(this, request, reply)
    const response: Response = reply.raw
    this.#requests.add(open)
    response[openRequest] = open
    response.on('close', onClose)
    this.answered(reply)
  }

  /** From now on each answer is the last one on its connection, also the answers to what is being worked on. */
  endConnections(): void {
    this.#endsConnections = true
    for (const { reply } of this) this.answered(reply)
  }

  /** To be told of each answer before its headers are sent. */
  answered({ raw, request }: FastifyReply): void {
    if (!this.#endsConnections || raw.headersSent) return
    if (request.raw.httpVersionMajor === 1) raw.setHeader('connection', 'close') // HTTP/2 has no such header
  }

  /** Its answer is out, or its connection is gone. */
  remove(open: OpenRequest): void {
    if (!this.#requests.delete(open)) return
    this.#onEnd(open.request, open.reply, performance.now() - open.startedAt)
    if (this.#requests.size === 0) this.onEmpty?.()
  }
}

const openRequest = Symbol('openRequest')

type Response = FastifyReply['raw'] & { [openRequest]?: OpenRequest }

/** One function for all answers, where a closure would be made for each. */
function onClose(this: Response): void {
  const open = this[openRequest]!
  open.inFlight.remove(open)
}
