import type { FastifyInstance } from 'fastify'
import { BadRequest } from '../contract/errors.ts'

/**
 * Refuses a query with a parameter `__proto__` or `constructor`, and a path parameter `__proto__`, before a handler can
 * copy the one or use the other as a key. Bodies are refused by their parser, headers before they are routed.
 */
export function refusePrototypes(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const query = request.query as object
    if (Object.hasOwn(query, '__proto__') || Object.hasOwn(query, 'constructor')) return done(inQuery)
    const params = request.params as Record<string, string>
    for (const name in params) if (params[name] === '__proto__') return done(inPath)
    done()
  })
}

const inQuery = new BadRequest('the query names __proto__ or constructor')
const inPath = new BadRequest('the path names __proto__')
