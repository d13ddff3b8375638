import type { OnRequestEnd } from '../http/requestEnd.ts'
import type { Logger } from '../log/logger.ts'

/** Nginx's status for a caller that hung up before it was answered. */
const hungUp = 499

/** Writes one line for each request of an operation; of health, documentation and stray paths only at `debug`. */
export function accessLog(log: Logger): OnRequestEnd {
  return (request, reply, durationMs) => {
    const operation = request.routeOptions.config?.operation
    const status = reply.raw.writableFinished ? reply.statusCode : hungUp
    const line = {
      operation,
      method: request.method,
      path: pathOf(request.url),
      status,
      duration_ms: Math.round(durationMs * 1000) / 1000,
      request_id: request.id,
    }
    if (operation === undefined && status < 500) log.debug(line, 'request')
    else log.info(line, 'request')
  }
}

/** Without the query: it may hold what is nobody's business. */
function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}
