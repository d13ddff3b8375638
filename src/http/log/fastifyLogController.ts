import { LogController, type FastifyReply, type FastifyRequest } from 'fastify'

/**
 * Turns Fastify's own request lines off. They hold requests and responses with all headers, and tricube writes a line for
 * each request itself. Fastify would write them as soon as a plugin adds an `onResponse` hook.
 */
export class FastifyLogController extends LogController {
  constructor() {
    super({ disableRequestLogging: true })
  }

  /** Says why a response ended in the middle. The line of the request has only its status. */
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
