import type { Server as PlainServer } from 'node:http'
import type { Server as SecureServer } from 'node:tls'
import fastifyModule, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import { publicOperations } from '../contract/operation.ts'
import { HttpError } from '../contract/httpError.ts'
import type { LateLog } from '../log/late.ts'
import { randomId } from '../trace/ids.ts'
import { compileCommonHeaders } from './transport/response.ts'
import { addJsonParser, removeTypeWithoutBody } from './body.ts'
import { removeInternalHeaders } from './edge.ts'
import './fastify.ts'
import { cutBody, isPluginOverload, pluginRejection, removeSuccessHeaders, sendError } from './errors/errors.ts'
import { FastifyLogController } from './log/fastifyLogController.ts'
import { InFlight, openRequestOf, type OpenRequest } from './inFlight/inFlight.ts'
import { prototypeError } from './prototype.ts'
import { addErrorFallback } from './errors/fallback.ts'
import { defaultLimits, type ServerLimits } from './limits.ts'
import { addNotFound } from './errors/notFound.ts'
import type { Listener } from './transport/messages.ts'
import { respondToClientError, type OnRejected } from './transport/reject.ts'
import { RequestLog } from './log/requestLog.ts'
import { PreSerialization } from './operation/preSerialization.ts'
import { addRoutes, type OperationHooks, type ContractRoutes } from './operation/routes.ts'
import { registerRoute } from './log/loggedPath.ts'
import { logFailedHandshakes, type TlsOptions } from './tls.ts'
import { createTransport } from './transport/transport.ts'
import { checkForwarded } from './trustProxy.ts'

/** Options of a server. */
export interface ServerOptions {
  readonly contract: Contract
  readonly log: LateLog
  readonly limits?: ServerLimits | undefined
  readonly tls?: TlsOptions | undefined
  /** Whether callers are outside the system and are not trusted. Default: false. */
  readonly edge?: boolean | undefined
  /** Proxies whose `x-forwarded-*` headers are trusted. Default: none. */
  readonly trustProxy?: string | readonly string[] | undefined
}

/** What the server calls for each request: the service behind it. */
export interface Pipeline {
  /** Called when a request has arrived. Returns false when it has rejected it, and has sent the response. */
  arrived(request: FastifyRequest, reply: FastifyReply): boolean
  /** Compiles the hooks and the handler of an operation. */
  operation(name: string): OperationHooks
  /** Returns the error that the caller gets for a thrown value. */
  errorOf(thrown: unknown): HttpError
  /** Called when a request has ended, with a response or because its caller hung up. */
  recorded(ended: OpenRequest): void
}

/** The Fastify side of a service. */
export class Server {
  readonly fastify: FastifyInstance
  readonly inFlight: InFlight
  readonly preSerialization: PreSerialization
  readonly #routes: ContractRoutes
  #pipeline!: Pipeline

  /** Creates the Fastify instance. It can respond once it has a pipeline. */
  constructor(options: ServerOptions) {
    const { operations, trailingSlash } = options.contract
    this.#routes = { operations: options.edge ? publicOperations(operations) : operations, trailingSlash }
    this.inFlight = new InFlight((ended) => this.#pipeline.recorded(ended))
    this.fastify = createFastify(options, this.#routes, this.inFlight, () => this.#pipeline)
    this.preSerialization = new PreSerialization(this.fastify)
  }

  /** Sends requests through a pipeline from now on. */
  open(pipeline: Pipeline): void {
    this.#pipeline = pipeline
  }

  /** Adds the routes of the operations. Call it after the plugins that change routes are registered. */
  addOperations(): void {
    addRoutes(this.fastify, this.#routes, (name) => this.#pipeline.operation(name), this.preSerialization)
  }
}

function createFastify(
  { log, tls, edge = false, trustProxy, limits: own }: ServerOptions,
  routes: ContractRoutes,
  inFlight: InFlight,
  pipeline: () => Pipeline,
): FastifyInstance {
  const limits = { ...defaultLimits, ...own }
  const onRejected: OnRejected = (error, { remoteAddress: peer }) => {
    log.debug({ status: error.status, error: error.error, peer }, 'rejected a request before routing')
    inFlight.onRejected?.(error.status)
  }

  const fastify = fastifyModule({
    bodyLimit: limits.bodyLimit,
    serverFactory: (listener) => createTransport(listener as Listener, limits, tls, onRejected) as PlainServer,
    ...(tls && { https: {} }), // so that `listen` returns an https URL
    genReqId: edge ? randomId : requestIdOf,
    trustProxy: typeof trustProxy === 'object' ? [...trustProxy] : (trustProxy ?? false),
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logController: new FastifyLogController(),
    clientErrorHandler: respondToClientError(onRejected),
    frameworkErrors(error, _request, reply) {
      inFlight.beforeHeaders(reply)
      void sendError(reply, pipeline().errorOf(error))
    },
  }) as unknown as FastifyInstance

  // If Fastify got the log itself, each request would cost a child logger and two listeners.
  fastify.log = log
  if (tls) logFailedHandshakes(fastify.server as unknown as SecureServer, log)

  fastify.addHook('onRoute', ({ url }) => registerRoute(url))
  const addCommonHeaders = compileCommonHeaders({
    isSecure: tls !== undefined,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
  })
  fastify.decorateRequest('span', undefined)
  fastify.decorateRequest('draining', { getter: () => inFlight.draining })
  addJsonParser(fastify)
  if (trustProxy !== undefined) checkForwarded(fastify)
  if (edge) removeInternalHeaders(fastify)
  // One hook for all of it: each hook costs every request.
  fastify.addHook('onRequest', (request, reply, done) => {
    addCommonHeaders(reply, request.id) // first: responses to pipelined requests name their request
    if (!pipeline().arrived(request, reply)) return
    inFlight.begin(request, reply)
    request.log = reply.log = new RequestLog(log, request)
    removeTypeWithoutBody(request)
    done(prototypeError(request))
  })
  addErrorFallback(fastify)
  fastify.setErrorHandler((thrown, request, reply) => {
    const error = pluginRejection(thrown, reply) ?? cutBody(thrown, request) ?? pipeline().errorOf(thrown)
    if (error.status >= 500) {
      request.span?.fail(thrown)
      logError(request, thrown, error)
    }
    const { headersBefore } = openRequestOf(reply)
    if (headersBefore) removeSuccessHeaders(reply, headersBefore)
    return sendError(reply, error)
  })

  addNotFound(fastify, routes)
  return fastify
}

/** Logs an unexpected error with its stack, and an error of a handler, a callee or a plugin with its cause. */
function logError({ log, routeOptions }: FastifyRequest, thrown: unknown, sent: HttpError): void {
  const { status, error, cause } = sent
  if (thrown instanceof HttpError)
    log.warn({ status, error, cause: cause instanceof Error ? cause.message : cause }, 'failed')
  else if (isPluginOverload(thrown, sent)) log.warn({ status, error, cause: thrown.message }, 'failed')
  else log.error({ status, error, err: asError(thrown, routeOptions.config.operation) }, 'failed')
}

/** Returns a thrown error. Anything else becomes an error that names the operation. */
function asError(thrown: unknown, operation = 'a route'): Error {
  if (thrown instanceof Error) return thrown
  const printed = typeof thrown === 'string' ? JSON.stringify(thrown) : `a value of type ${typeof thrown}`
  return new TypeError(
    `${operation} threw ${printed}, which is not an Error: throw an Error, whose stack names the line`,
  )
}

/** The caller's own id when it is a harmless one, so that a request has one name everywhere. */
function requestIdOf(request: { headers: Record<string, string | string[] | undefined> }): string {
  const id = request.headers['x-request-id']
  return typeof id === 'string' && /^[\w.-]{1,64}$/.test(id) ? id : randomId()
}
