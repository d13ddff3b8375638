import fastifyModule, { type FastifyInstance } from 'fastify'
import { NotFound } from '../contract/errors.ts'
import type { LateLog } from '../log/late.ts'
import { httpErrorFrom, sendError } from './errors/errors.ts'
import { securityHeaders } from './securityHeaders.ts'

/** Creates the server of the admin port, which has none of the service's operations, plugins and limits. */
export function createAdminServer(log: LateLog): FastifyInstance {
  const fastify = fastifyModule({ forceCloseConnections: true, return503OnClosing: false })
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.headers(securityHeaders)
    done()
  })
  fastify.setNotFoundHandler(({ method, url }, reply) => sendError(reply, new NotFound(`${method} ${url}`)))
  fastify.setErrorHandler((thrown, _request, reply) => {
    const error = httpErrorFrom(thrown)
    if (error.status >= 500) log.error({ err: thrown }, 'failed')
    return sendError(reply, error)
  })
  return fastify
}
