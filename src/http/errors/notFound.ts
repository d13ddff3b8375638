import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { codes, MethodNotAllowed, NotFound } from '../../contract/errors.ts'
import type { ContractRoutes } from '../operation/routes.ts'
import { compileAllowedMethods } from './allow.ts'
import { sendError } from './errors.ts'

/**
 * Responds to requests that match no route. The status is 405 where the path has other methods, and 404 otherwise.
 *
 * It runs after all `onRequest` hooks and before the body is read, since no operation would use it.
 */
export function addNotFound(fastify: FastifyInstance, routes: ContractRoutes): void {
  const allowedMethods = compileAllowedMethods(routes)
  const respond = (request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split('?', 1)[0] as string
    const what = `${request.method} ${path}`
    const allow = allowedMethods(path)
    const error =
      allow.length === 0
        ? new NotFound(what, { code: codes.noSuchRoute })
        : new MethodNotAllowed(what, { headers: { allow: allow.join(', ') } })
    sendError(reply, error)
  }
  // Fastify takes any hook here. Its types name only those that run after the body is read.
  fastify.setNotFoundHandler({ onRequest: respond } as object, respond)
}
