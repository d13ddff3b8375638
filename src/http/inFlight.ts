import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Hears the end of each request, however it ends: answered, or its caller is gone. */
export type OnRequestEnd = (request: FastifyRequest, reply: FastifyReply, durationMs: number) => void

/** A request that is being answered; a link of the list of them all. */
class OpenRequest {
  readonly list: InFlight
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly startedAt: number = performance.now()
  previous: OpenRequest | undefined
  next: OpenRequest | undefined

  constructor(list: InFlight, request: FastifyRequest, reply: FastifyReply) {
    this.list = list
    this.request = request
    this.reply = reply
  }
}

/** The requests that are being answered, the oldest first. */
export class InFlight implements Iterable<OpenRequest> {
  readonly #onEnd: OnRequestEnd
  #oldest: OpenRequest | undefined
  #newest: OpenRequest | undefined
  #size = 0
  #endsConnections = false
  /** Called whenever the last of them has ended. */
  onEmpty: (() => void) | undefined

  constructor(onEnd: OnRequestEnd) {
    this.#onEnd = onEnd
  }

  get size(): number {
    return this.#size
  }

  *[Symbol.iterator](): Generator<OpenRequest, void> {
    for (let open = this.#oldest; open; open = open.next) yield open
  }

  /** Follows the requests of a server. Fastify's own `onResponse` is not told of a caller that hangs up. */
  follow(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      this.#add(new OpenRequest(this, request, reply))
      done()
    })
  }

  /** From now on each answer is the last one on its connection, also the answers to what is being worked on. */
  endConnections(): void {
    this.#endsConnections = true
    for (const { reply } of this) endConnection(reply)
  }

  /** For the answers to what is not followed, because no hook saw it. */
  answered(reply: FastifyReply): void {
    if (this.#endsConnections) endConnection(reply)
  }

  #add(open: OpenRequest): void {
    open.previous = this.#newest
    if (this.#newest) this.#newest.next = open
    else this.#oldest = open
    this.#newest = open
    this.#size += 1
    if (this.#endsConnections) endConnection(open.reply)
    const response: Response = open.reply.raw
    response[openRequest] = open
    response.on('close', onClose)
  }

  /** Its answer is out, or its connection is gone. */
  remove(open: OpenRequest): void {
    const { previous, next, request, reply, startedAt } = open
    if (previous) previous.next = next
    else this.#oldest = next
    if (next) next.previous = previous
    else this.#newest = previous
    this.#size -= 1
    this.#onEnd(request, reply, performance.now() - startedAt)
    if (this.#size === 0) this.onEmpty?.()
  }
}

const openRequest = Symbol('openRequest')

type Response = FastifyReply['raw'] & { [openRequest]?: OpenRequest | undefined }

/** One function for all answers, where a closure would be made for each. */
function onClose(this: Response): void {
  const open = this[openRequest]
  if (!open) return
  this[openRequest] = undefined
  open.list.remove(open)
}

/** HTTP/2 has no such header: there a session is told to go away. */
function endConnection({ raw, request }: FastifyReply): void {
  if (request.raw.httpVersionMajor === 1 && !raw.headersSent) raw.setHeader('connection', 'close')
}
