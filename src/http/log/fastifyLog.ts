import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'

/**
 * Fastify's own lines of requests, which are off: they hold whole requests and responses, the headers of both with them,
 * and tricube has a line for each request. Fastify writes them as soon as any hook of `onResponse` is there, which a
 * plugin may have brought.
 */
export class QuietFastify extends LogController {
  constructor() {
    super({ disableRequestLogging: true })
  }

  /** A response that ends in the middle has its status in the line of the request: nothing else tells why. */
  override streamError(error: Error & { code?: string }, _request: FastifyRequest, reply: FastifyReply): void {
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE') reply.log.debug('the caller left before the end of the response')
    else reply.log.warn({ err: error }, 'the response ended in the middle')
  }

  override writeHeadError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
    reply.log.warn({ err: error }, 'the headers of the response could not be written')
  }

  override serializerError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
    reply.log.error({ err: error }, 'the response could not be serialised')
  }
}
