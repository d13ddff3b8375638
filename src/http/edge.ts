import type { FastifyInstance } from 'fastify'

/** What one service tells the next; its trace is the tracer's to judge, its id the server's. */
const believed = ['x-request-timeout-ms', 'x-request-attempt', 'x-request-id', 'x-call-lanes', 'baggage']

/** Takes from each request what only services may say, before anything reads it. */
export function distrustCallers(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    for (const name of believed) if (headers[name] !== undefined) delete headers[name]
    done()
  })
}
