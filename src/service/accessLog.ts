import type { FastifyInstance } from 'fastify'
import type { Logger } from '../log/logger.ts'

/** Writes one line for each request of an operation; of health, documentation and stray paths only at `debug`. */
export function addAccessLog(fastify: FastifyInstance, log: Logger): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const operation = request.routeOptions.config?.operation
    const line = {
      operation,
      method: request.method,
      path: pathOf(request.url),
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
      request_id: request.id,
    }
    if (operation === undefined && reply.statusCode < 500) log.debug(line, 'request')
    else log.info(line, 'request')
    done()
  })
}

/** Without the query: it may hold what is nobody's business. */
function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
