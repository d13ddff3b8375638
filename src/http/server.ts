import type { Server as PlainServer } from 'node:http'
import type { Server as SecureServer } from 'node:tls'
import fastifyModule, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Contract } from '../contract/contract.ts'
import { publicOperations, type Operations } from '../contract/operation.ts'
import { HttpError } from '../contract/httpError.ts'
import type { LateLog } from '../log/late.ts'
import { randomId } from '../trace/ids.ts'
import { compileCommonHeaders } from './transport/answer.ts'
import { addJsonParser, forgetTypeOfNothing } from './body.ts'
import { distrustCallers } from './edge.ts'
import './fastify.ts'
import { isShed, refusalOf, sendError } from './errors/errors.ts'
import { QuietFastify } from './log/fastifyLog.ts'
import { InFlight, type OpenRequest } from './inFlight/inFlight.ts'
import { prototypeError } from './prototype.ts'
import { addLastResort } from './errors/lastResort.ts'
import { defaultLimits, type ServerLimits } from './limits.ts'
import { answerNoSuchRoute } from './errors/noSuchRoute.ts'
import type { Listener } from './transport/messages.ts'
import { answerClientError, type OnRefused } from './transport/refuse.ts'
import { RequestLog } from './log/requestLog.ts'
import { PreSerialization } from './operation/preSerialization.ts'
import { addRoutes, type OperationPlot } from './operation/routes.ts'
import { learnRoute } from './log/shownPath.ts'
import { logFailedHandshakes, type TlsOptions } from './tls.ts'
import { createTransport } from './transport/transport.ts'
import { checkForwarded } from './trustProxy.ts'

/** What a server is made of. */
export interface ServerOptions {
  readonly contract: Contract
  readonly log: LateLog
  readonly limits?: ServerLimits | undefined
  readonly tls?: TlsOptions | undefined
  /** Whether callers are strangers. Default: false. */
  readonly edge?: boolean | undefined
  /** Whose `x-forwarded-*` are believed. Default: nobody's. */
  readonly trustProxy?: string | readonly string[] | undefined
}

/** What a server shows its requests to. */
export interface Door {
  /** A request has arrived: whether it is let in; one that is not has been answered. */
  arrived(request: FastifyRequest, reply: FastifyReply): boolean
  /** Compiles what happens to the requests of an operation. */
  operation(name: string): OperationPlot
  /** What the caller is told of whatever was thrown. */
  errorOf(thrown: unknown): HttpError
  /** A request is over: answered, or its caller is gone. */
  recorded(ended: OpenRequest): void
}

/** The Fastify side of a service. */
export class Server {
  readonly fastify: FastifyInstance
  readonly inFlight: InFlight
  readonly preSerialization: PreSerialization
  readonly #operations: Operations
  #door!: Door

  /** Makes the Fastify; it answers once it has a door. */
  constructor(options: ServerOptions) {
    const { operations } = options.contract
    this.#operations = options.edge ? publicOperations(operations) : operations
    this.inFlight = new InFlight((ended) => this.#door.recorded(ended))
    this.fastify = createFastify(options, this.#operations, this.inFlight, () => this.#door)
    this.preSerialization = new PreSerialization(this.fastify)
  }

  /** Shows requests to a door, from now on. */
  open(door: Door): void {
    this.#door = door
  }

  /** Adds the routes of the operations, once the plugins are there that change routes as they are added. */
  addOperations(): void {
    addRoutes(this.fastify, this.#operations, (name) => this.#door.operation(name), this.preSerialization)
  }
}

function createFastify(
  { log, tls, edge = false, trustProxy, limits: own }: ServerOptions,
  operations: Operations,
  inFlight: InFlight,
  door: () => Door,
): FastifyInstance {
  const limits = { ...defaultLimits, ...own }
  const onRefused: OnRefused = (error, { remoteAddress: peer }) => {
    log.debug({ status: error.status, error: error.error, peer }, 'refused')
    inFlight.onRefused?.(error.status)
  }

  const fastify = fastifyModule({
    bodyLimit: limits.bodyLimit,
    serverFactory: (listener) => createTransport(listener as Listener, limits, tls, onRefused) as PlainServer,
    ...(tls && { https: {} }), // for the URL it says that it listens at
    genReqId: edge ? randomId : requestIdOf,
    trustProxy: typeof trustProxy === 'object' ? [...trustProxy] : (trustProxy ?? false),
    routerOptions: { maxParamLength: 1024 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    logController: new QuietFastify(),
    clientErrorHandler: answerClientError(onRefused),
    frameworkErrors(error, _request, reply) {
      inFlight.answered(reply)
      void sendError(reply, door().errorOf(error))
    },
  }) as unknown as FastifyInstance

  // Given to Fastify itself, a log would cost each request a child and two listeners.
  fastify.log = log
  if (tls) logFailedHandshakes(fastify.server as unknown as SecureServer, log)

  fastify.addHook('onRoute', ({ url }) => learnRoute(url))
  const addCommonHeaders = compileCommonHeaders({
    isSecure: tls !== undefined,
    keepAliveTimeoutMs: limits.keepAliveTimeoutMs,
  })
  fastify.decorateRequest('span', undefined)
  fastify.decorateRequest('draining', { getter: () => inFlight.draining })
  addJsonParser(fastify)
  if (trustProxy !== undefined) checkForwarded(fastify)
  if (edge) distrustCallers(fastify)
  // One hook for all of it: each would cost every request.
  fastify.addHook('onRequest', (request, reply, done) => {
    addCommonHeaders(reply, request.id) // first, as the responses to pipelined requests have to say which ones they are to
    if (!door().arrived(request, reply)) return
    inFlight.begin(request, reply)
    request.log = reply.log = new RequestLog(log, request)
    forgetTypeOfNothing(request)
    done(prototypeError(request))
  })
  addLastResort(fastify)
  fastify.setErrorHandler((thrown, request, reply) => {
    const error = refusalOf(thrown, reply) ?? door().errorOf(thrown)
    if (error.status >= 500) {
      request.span?.fail(thrown)
      logError(request, thrown, error)
    }
    return sendError(reply, error)
  })

  answerNoSuchRoute(fastify, operations)
  return fastify
}

/** What nobody expected is logged with its stack, what a handler, a callee or a plugin said with its cause. */
function logError({ log, routeOptions }: FastifyRequest, thrown: unknown, told: HttpError): void {
  const { status, error, cause } = told
  if (thrown instanceof HttpError)
    log.warn({ status, error, cause: cause instanceof Error ? cause.message : cause }, 'failed')
  else if (isShed(thrown, told)) log.warn({ status, error, cause: thrown.message }, 'failed')
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
