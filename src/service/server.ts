import type { onRequestHookHandler } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import type { Operation } from '../contract/operation.ts'
import { parseRoute } from '../contract/route.ts'
import { addCors, compileAllowOrigin, type CorsOptions } from '../http/cors.ts'
import { registerDocs } from '../http/docs/docs.ts'
import { httpErrorFrom } from '../http/errors.ts'
import { openRequestOf } from '../http/inFlight.ts'
import { createServer, type OperationsServer, type ServerOptions } from '../http/server.ts'
import { httpErrorOf } from '../sql/index.ts'
import type { Scheme } from '../trace/requestSpan.ts'
import type { Runtime } from './context.ts'
import type { Definition } from './definition.ts'
import { addHealth } from './health.ts'
import { oncePerKey } from './idempotency/oncePerKey.ts'
import { compileScope } from './idempotency/options.ts'
import type { Parts } from './parts.ts'
import { rateLimitHeaders } from './rateLimits/rateLimits.ts'
import { compileRun, type AnyHandler } from './run.ts'
import type { Tracing } from './tracing.ts'

/** What of an application its requests meet. */
type Met = Pick<Parts, 'log' | 'admission' | 'inFlight' | 'rateLimits' | 'tracing' | 'metering' | 'group'>

/** What its handlers run with. */
interface Running extends Pick<ServerOptions, 'checkResponse' | 'draining'> {
  /** What contexts share; asked for from the first request on. */
  readonly runtime: () => Runtime
}

/** The server of a service: its operations, its documentation, its health, its metrics. */
export function serverOf(
  { contract, handlers, limits, tls, edge = false, trustProxy, cors: given, idempotency }: Definition,
  { log, admission, inFlight, rateLimits, tracing, metering, group }: Met,
  { runtime, checkResponse, draining }: Running,
): OperationsServer {
  const scopeOf = compileScope(idempotency)
  const handlerOf = (name: string, operation: Operation): AnyHandler => {
    const handler = handlers[name] as AnyHandler
    if (operation.idempotent !== 'by key') return handler
    return oncePerKey(`${contract.name}.${name}`, operation, handler, scopeOf)
  }
  const cors = given && withUsualHeaders(given, contract)
  const allowOrigin = cors && compileAllowOrigin(cors)
  const scheme = trustProxy ? 'forwarded' : tls ? 'https' : 'http'
  const server = createServer({
    contract,
    log,
    limits,
    tls,
    edge,
    trustProxy: trustProxy ?? false,
    admit: (request, reply) => admission.admits(request, reply, allowOrigin),
    run: (name, operation) => compileRun(name, operation, handlerOf(name, operation), runtime),
    errorOf: (thrown) => httpErrorOf(thrown) ?? httpErrorFrom(thrown),
    onRequest: (name, operation) => [
      compileBegin(name, operation, tracing, scheme),
      ...rateLimits.onRequest(name, operation),
    ],
    inFlight,
    onRefused: (status) => metering.requests.observe(undefined, undefined, status, 0),
    checkResponse,
    draining,
  })
  const { fastify } = server
  if (cors) addCors(fastify, cors)
  registerDocs(fastify, contract)
  addHealth(fastify, () => group.readiness())
  metering.addRoute(fastify, () => group.metrics())
  return server
}

/** What is known of a request once it has been routed. */
function compileBegin(
  name: string,
  operation: Operation,
  tracing: Tracing,
  scheme: Scheme | 'forwarded',
): onRequestHookHandler {
  const running = { name, path: parseRoute(operation.route).path }
  const trace = tracing.compileBegin(name, operation, scheme)
  return (request, reply, done) => {
    const open = openRequestOf(reply)
    open.operation = running
    trace(request, open.startedAt)
    done()
  }
}

/** Pages, too, are to know when they may ask again. */
function withUsualHeaders(cors: CorsOptions, { operations }: Contract): CorsOptions {
  const isLimited = Object.values(operations).some(({ rateLimit }) => rateLimit !== undefined)
  const usual = isLimited ? ['retry-after', ...rateLimitHeaders] : ['retry-after']
  return { ...cors, exposedHeaders: [...new Set([...usual, ...(cors.exposedHeaders ?? [])])] }
}
