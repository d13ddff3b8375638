import type { FastifyInstance } from 'fastify'

/** Headers from one service to the next. Tracer and server handle those of trace and request ID themselves. */
const internalHeaders = [
  ...['x-request-timeout-ms', 'x-request-attempt', 'x-request-id'],
  ...['x-call-lanes', 'x-call-contract', 'baggage'],
]

/** Removes from each request the headers that only services may send, before anything reads them. */
export function removeInternalHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    for (const name of internalHeaders) if (headers[name] !== undefined) delete headers[name]
    done()
  })
}
