import type { onRequestHookHandler, RouteHandlerMethod } from 'fastify'
import { contractHeader, operationHash } from '../compatibility/hash.ts'
import { ContractError } from '../contract/check.ts'
import type { Contract } from '../contract/contract.ts'
import { isByAddress } from '../contract/rateLimit.ts'
import { hasResponseOptions } from '../contract/responses.ts'
import { deprecationHeaders } from '../contract/deprecation.ts'
import type { Operation } from '../contract/operation.ts'
import { parseRoute } from '../contract/route.ts'
import { hungUp, isProbe, type EndedRequest } from '../http/inFlight/endedRequest.ts'
import { compileBodyReader } from '../http/bodies/bodyReader.ts'
import type { AllowOrigin } from '../http/cors.ts'
import { httpErrorFrom } from '../http/errors/errors.ts'
import { openRequestOf, type OpenRequest } from '../http/inFlight/inFlight.ts'
import { defaultLimits } from '../http/limits.ts'
import type { PreSerialization } from '../http/operation/preSerialization.ts'
import { compileRespond, type CheckResponse, type Respond } from '../http/operation/respond.ts'
import { compileRespondWithOptions } from '../http/operation/respondWithOptions.ts'
import { compileResponseSpec, type CookieCodec, type ResponseSpec } from '../http/operation/responseSpec.ts'
import type { Pipeline } from '../http/server.ts'
import { loggedPath } from '../http/log/loggedPath.ts'
import { compileValidator, type Validator } from '../http/operation/validator.ts'
import { httpErrorOf } from '../sql/index.ts'
import type { ContextClass } from './request/requestContext.ts'
import type { Definition } from './definition/definition.ts'
import { compileHandler } from './request/handler.ts'
import { isThenable } from './request/thenable.ts'
import type { CallerVersions } from '../metrics/callerVersions.ts'
import type { AdmissionControl } from './parts/admission/admissionControl.ts'
import type { Auth } from './parts/auth/auth.ts'
import type { Idempotency } from './parts/idempotency/idempotency.ts'
import type { Logging } from './parts/logging/logging.ts'
import type { Metering } from './parts/metrics.ts'
import type { RateLimits } from './parts/rateLimits/rateLimits.ts'
import type { ServiceTracer } from './parts/tracing/serviceTracer.ts'

/** The rooms that a request passes through. */
export interface PipelineParts {
  readonly allowOrigin: AllowOrigin | undefined
  readonly admission: AdmissionControl
  readonly tracing: ServiceTracer
  readonly auth: Auth
  readonly rateLimits: RateLimits
  readonly metrics: Metering
  readonly logging: Logging
  readonly idempotency: Idempotency
  /** The class of handler contexts. */
  readonly Context: ContextClass
  readonly preSerialization: PreSerialization
  readonly checkResponse: CheckResponse | undefined
  /** Undefined when the contract has no cookies. */
  readonly cookies: CookieCodec | undefined
}

/**
 * What happens to a request, in order. All of it is compiled when the service starts.
 *
 * arrived → CORS → admitted → traced → rate limit → identified → validated → policy → handler → envelope → serialised →
 * recorded
 */
export function compilePipeline(definition: Definition, rooms: PipelineParts): Pipeline {
  const { contract } = definition
  const { allowOrigin, admission, tracing, auth, rateLimits, metrics, logging } = rooms
  const { bodyLimit = defaultLimits.bodyLimit } = definition.limits ?? {}

  return {
    // Every request, as it arrives. A rejected one already has its response.
    arrived(request, reply) {
      allowOrigin?.(request, reply) // first, so that a page can read the rejection
      return admission.admits(request, reply)
    },

    // A request of an operation.
    operation(name) {
      const operation = contract.operations[name]!
      const { validate, respond, spec } = compileSchemas(contract, name, rooms)
      const begin = compileBegin(name, definition, { tracing, spec, callerVersions: metrics.callerVersions })
      const deprecation = compileDeprecation(operation, contract)
      const limit = rateLimits.onRequest(name, operation)
      const identify = auth.onRequest(operation)
      // A limit by address also protects the check of credentials. A limit by caller needs its result.
      const checks = isByAddress(operation.rateLimit) ? [...limit, ...identify] : [...identify, ...limit]
      const handle = compileHandler(definition, name, rooms)

      const handler: RouteHandlerMethod = (request, reply) => {
        validate?.(request)
        const value = handle(request, reply)
        // No promise is added: it would cost a tenth of the smallest request.
        return isThenable(value)
          ? value.then((settled) => respond(request, reply, settled))
          : respond(request, reply, value)
      }
      const bodyReader = compileBodyReader(operation, bodyLimit)
      return { onRequest: [begin, ...deprecation, ...checks], handler, bodyReader }
    },

    // The error that the caller gets.
    errorOf: (thrown) => httpErrorOf(thrown) ?? httpErrorFrom(thrown),

    // A request that has ended, with a response or because its caller hung up.
    recorded(open) {
      const ended = endedOf(open)
      const { operation, route, status, durationMs } = ended
      const { request, hasResponse } = open
      const traced = request.span?.isRecorded ? request.span : undefined
      if (!isProbe(route)) metrics.requests.observe(operation, request.method, status, durationMs, traced)
      logging.access.end(open, ended)
      tracing.onRequestEnd(request, ended)
      if (operation !== undefined) admission.ended(operation, hasResponse ? durationMs : undefined)
    },
  }
}

interface Beginning {
  readonly tracing: ServiceTracer
  readonly spec: ResponseSpec
  readonly callerVersions: CallerVersions | undefined
}

/** Starts an operation's request: notes the operation, starts the trace, and reads which version the caller knows. */
function compileBegin(
  name: string,
  { contract, trustProxy, tls }: Definition,
  { tracing, spec, callerVersions }: Beginning,
): onRequestHookHandler {
  const operation = contract.operations[name]!
  const running = { name, path: parseRoute(operation.route).path, spec }
  const trace = tracing.compileBegin(name, operation, trustProxy ? 'forwarded' : tls ? 'https' : 'http')
  const compare = callerVersions?.compile(name, () => operationHash(contract, name))
  return (request, reply, done) => {
    const open = openRequestOf(reply)
    open.operation = running
    trace(request, open.startedAt)
    const told = request.headers[contractHeader]
    if (told !== undefined) compare?.(told)
    done()
  }
}

/** Compiles the headers of a deprecated operation, which errors have too. */
function compileDeprecation(operation: Operation, { operations }: Contract): onRequestHookHandler[] {
  const headers = deprecationHeaders(operation, operations)
  if (!headers) return []
  return [
    (_request, reply, done) => {
      reply.headers(headers)
      done()
    },
  ]
}

function endedOf(open: OpenRequest): EndedRequest {
  const { request, reply, hasResponse } = open
  const route = open.operation ? open.operation.path : request.routeOptions.url // which Fastify creates at each read
  return {
    operation: open.operation?.name,
    route,
    path: loggedPath(request.url, route),
    status: hasResponse ? reply.statusCode : hungUp,
    durationMs: open.endedAt - open.startedAt,
  }
}

/** @throws {ContractError} when a schema of the operation cannot be compiled */
function compileSchemas(
  contract: Contract,
  name: string,
  { preSerialization, checkResponse, cookies }: PipelineParts,
): { validate: Validator | undefined; respond: Respond; spec: ResponseSpec } {
  const operation = contract.operations[name]!
  try {
    const spec = compileResponseSpec(contract, name, cookies)
    return {
      validate: compileValidator(operation),
      respond: hasResponseOptions(operation)
        ? compileRespondWithOptions(contract, name, { spec, preSerialization, checkResponse })
        : compileRespond(name, { spec, preSerialization, checkResponse }),
      spec,
    }
  } catch (cause) {
    throw new ContractError(`${contract.name}.${name}: ${(cause as Error).message}`, { cause })
  }
}
