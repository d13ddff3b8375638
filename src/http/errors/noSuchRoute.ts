import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { codes, MethodNotAllowed, NotFound } from '../../contract/errors.ts'
import type { Operations } from '../../contract/operation.ts'
import { compileAllowedMethods } from './allow.ts'
import { sendError } from './errors.ts'

/**
 * Answers 405 for a path that has other methods and 404 for one that is none, after all hooks of `onRequest` and before a
 * body is read: whatever is wrong with that, it is not for anybody.
 */
export function answerNoSuchRoute(fastify: FastifyInstance, operations: Operations): void {
  const allowedMethods = compileAllowedMethods(operations)
  const answer = (request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split('?', 1)[0] as string
    const what = `${request.method} ${path}`
    const allow = allowedMethods(path)
    const error =
      allow.length === 0
        ? new NotFound(what, { code: codes.noSuchRoute })
        : new MethodNotAllowed(what, { headers: { allow: allow.join(', ') } })
    sendError(reply, error)
  }
  // Fastify takes any hook here; its types name only those that come after the body.
  fastify.setNotFoundHandler({ onRequest: answer } as object, answer)
}
