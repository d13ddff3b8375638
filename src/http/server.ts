import type { Server } from 'node:http'
import type { Server as SecureServer } from 'node:tls'
import fastifyModule, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { HttpError } from '../contract/errors.ts'
import type { LateLog } from '../log/late.ts'
import { randomId } from '../trace/ids.ts'
import type { Span } from '../trace/span.ts'
import { compileCommonHeaders } from './answer.ts'
import { addJsonParser, forgetTypeOfNothing } from './body.ts'
import { distrustCallers } from './edge.ts'
import { refusalOf, sendError } from './errors.ts'
import { QuietFastify } from './fastifyLog.ts'
import type { InFlight } from './inFlight.ts'
import { prototypeError } from './prototype.ts'
import { addLastResort } from './lastResort.ts'
import { defaultLimits, type ServerLimits } from './limits.ts'
import { answerNoSuchRoute } from './noSuchRoute.ts'
import { answerClientError, type Listener, type OnRefused } from './refuse.ts'
import { RequestLog } from './requestLog.ts'
import { compileRoutes, type RouteParts } from './routes.ts'
import { learnRoute } from './shownPath.ts'
import { logFailedHandshakes, type TlsOptions } from './tls.ts'
import { createTransport } from './transport.ts'
import { checkForwarded } from './trustProxy.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Name of the contract's operation that the route belongs to. */
    operation?: string
  }
  interface FastifyRequest {
    /** Undefined when it is for no operation, or nobody traces it. */
    span: Span | undefined
    /** Aborts when the service stops and its callers are to go elsewhere: end now what never ends by itself. */
    readonly draining: AbortSignal
  }
}

/** What a server is made of. */
export interface ServerOptions extends RouteParts {
  /** The signal that aborts when the service begins to stop. */
  readonly draining: () => AbortSignal
  readonly log: LateLog
  readonly limits: ServerLimits | undefined
  readonly tls: TlsOptions | undefined
  /** Whether callers are strangers. */
  readonly edge: boolean
  /** Whose `x-forwarded-*` are believed. */
  readonly trustProxy: false | string | readonly string[]
  /** What a caller is told of whatever was thrown. */
  readonly errorOf: (thrown: unknown) => HttpError
  readonly inFlight: InFlight
  /** Comes before everything else: whether a request is taken; one that is not has been answered. */
  readonly admit: (request: FastifyRequest, reply: FastifyReply) => boolean
  /** Is told the status of what is answered without ever being routed. */
  readonly onRefused: (status: number) => void
}

/** The Fastify side of a service. */
export interface OperationsServer {
  readonly fastify: FastifyInstance
  /** Adds the routes of the operations, once the plugins are there that change routes as they are added. */
  readonly addOperations: () => void
}

/** The Fastify side of a service: one route for each operation, the envelope around every answer. */
export function createServer(options: ServerOptions): OperationsServer {
  const { contract, log, errorOf, tls, edge, trustProxy, inFlight } = options
  const limits = { ...defaultLimits, ...options.limits }
  const onRefused: OnRefused = (error, { remoteAddress: peer }) => {
    log.debug({ status: error.status, error: error.error, peer }, 'refused')
    options.onRefused(error.status)
  }

  const fastify = fastifyModule({
    bodyLimit: limits.bodyLimit,
    serverFactory: (listener) => createTransport(listener as Listener, limits, tls, onRefused) as Server,
    ...(tls && { https: {} }), // for the URL it says that it listens at
    genReqId: edge ? randomId : requestIdOf,
    trustProxy: typeof trustProxy === 'object' ? [...trustProxy] : trustProxy,
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logController: new QuietFastify(),
    clientErrorHandler: answerClientError(onRefused),
    frameworkErrors(error, _request, reply) {
      inFlight.answered(reply)
      void sendError(reply, errorOf(error))
    },
  }) as unknown as FastifyInstance

  // Given to Fastify itself, a log would cost each request a child and two listeners.
  fastify.log = log
  if (tls) logFailedHandshakes(fastify.server as unknown as SecureServer, log)

  fastify.addHook('onRoute', ({ url }) => learnRoute(url))
  const addCommonHeaders = compileCommonHeaders(tls !== undefined)
  fastify.decorateRequest('span', undefined)
  fastify.decorateRequest('draining', { getter: options.draining })
  addJsonParser(fastify)
  if (trustProxy !== false) checkForwarded(fastify)
  if (edge) distrustCallers(fastify)
  // One hook for all of it: each would cost every request.
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!options.admit(request, reply)) return
    inFlight.begin(request, reply)
    request.log = reply.log = new RequestLog(log, request)
    addCommonHeaders(reply, request.id)
    forgetTypeOfNothing(request)
    done(prototypeError(request))
  })
  addLastResort(fastify)
  fastify.setErrorHandler((thrown, request, reply) => {
    const error = refusalOf(thrown, reply) ?? errorOf(thrown)
    if (error.status >= 500) {
      request.span?.fail(thrown)
      logError(request, thrown, error)
    }
    return sendError(reply, error)
  })

  answerNoSuchRoute(fastify, contract)
  return { fastify, addOperations: compileRoutes(fastify, options) }
}

/** What nobody expected is logged with its stack, what a handler or a callee said with its cause. */
function logError({ log, routeOptions }: FastifyRequest, thrown: unknown, { status, error, cause }: HttpError): void {
  if (thrown instanceof HttpError)
    log.warn({ status, error, cause: cause instanceof Error ? cause.message : cause }, 'failed')
  else log.error({ status, error, err: asError(thrown, routeOptions.config.operation) }, 'failed')
}

/** What was thrown; for a text, or anything else without a stack, an error that tells who threw it. */
function asError(thrown: unknown, operation = 'a route'): Error {
  if (thrown instanceof Error) return thrown
  const shown = typeof thrown === 'string' ? JSON.stringify(thrown) : `a value of type ${typeof thrown}`
  return new TypeError(`${operation} threw ${shown}, which is no Error: throw an Error, whose stack tells the line`)
}

/** The caller's own id when it is a harmless one, so that a request has one name everywhere. */
function requestIdOf(request: { headers: Record<string, string | string[] | undefined> }): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomId()
}
