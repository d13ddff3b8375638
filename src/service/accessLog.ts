import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from '../log/logger.ts'
import { isSecret } from '../log/secrets.ts'

/** One line for each request, or for a share of them. */
export class AccessLog {
  readonly #log: Logger
  readonly #share: number
  /** Grows by the share; a line is due whenever it reaches 1. */
  #due = 0

  /** `share` is from 0 to 1; what ends in a 5xx is logged all the same. */
  constructor(log: Logger, share: number) {
    this.#log = log
    this.#share = share
  }

  /** Writes the line of an operation's request at `info`; of anything else at `debug`. */
  end(request: FastifyRequest, reply: FastifyReply, status: number, durationMs: number): void {
    const { config, url } = request.routeOptions
    const { operation } = config
    const failed = status >= 500
    const level = operation === undefined && (!failed || isOwn(url)) ? 'debug' : 'info'
    if (!this.#log.isLevelEnabled(level) || (!failed && !this.#isDue())) return
    const { span } = request
    this.#log[level](
      {
        operation,
        method: request.method,
        path: pathOf(request, url),
        status,
        duration_ms: Math.round(durationMs * 1000) / 1000,
        bytes: Number(reply.getHeader('content-length') ?? 0),
        peer: request.ip,
        request_id: request.id,
        trace_id: span?.traceId,
        span_id: span?.id,
      },
      'request',
    )
  }

  #isDue(): boolean {
    this.#due += this.#share
    if (this.#due < 1) return false
    this.#due -= 1
    return true
  }
}

/** What orchestrators and scrapers ask every few seconds. */
function isOwn(url: string | undefined): boolean {
  return url === '/metrics' || url === '/health/live' || url === '/health/ready'
}

/** Without the query, which may hold what is nobody's business; of a route with a secret parameter only the route. */
function pathOf(request: FastifyRequest, route: string | undefined): string {
  if (route !== undefined && hasSecret(route)) return route
  const { url } = request
  const query = url.indexOf('?')
  return query < 0 ? url : url.slice(0, query)
}

const secretRoutes = new Map<string, boolean>()

function hasSecret(route: string): boolean {
  let secret = secretRoutes.get(route)
  if (secret === undefined) {
    secret = Array.from(route.matchAll(/:(\w+)/g), ([, name]) => name!).some(isSecret)
    secretRoutes.set(route, secret)
  }
  return secret
}
