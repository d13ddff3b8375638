import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { errorBody, errorFrom } from '../../contract/errorBody.ts'
import { BadRequest, codes, PayloadTooLarge, UnsupportedMediaType } from '../../contract/errors.ts'
import { ServerError, ServiceUnavailable } from '../../contract/serverErrors.ts'
import { HttpError } from '../../contract/httpError.ts'
import type { ReplyHeaders } from '../inFlight/inFlight.ts'

/** Sends an error in tricube's format. It always succeeds: headers and details that cannot be sent are left out. */
export function sendError(reply: FastifyReply, error: HttpError): FastifyReply {
  if (error.headers) reply.headers(error.headers)
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (isHeader(name, value)) continue
    reply.removeHeader(name) // Node would reject the whole response
    reply.log.warn({ header: name }, 'left a header out of an error: HTTP cannot carry it')
  }
  return reply.code(error.status).header('content-type', 'application/json; charset=utf-8').send(bodyOf(error))
}

/** Takes back the headers of a success that has failed meanwhile: an error is neither cached nor sets a cookie. */
export function removeSuccessHeaders(reply: FastifyReply, before: ReplyHeaders): void {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value === before[name]) continue
    reply.removeHeader(name)
    if (before[name] !== undefined) reply.header(name, before[name])
  }
}

/**
 * Returns the error that the caller gets for a thrown value. An `HttpError` stays as it is, and errors of Fastify and its
 * plugins are mapped by their status. Anything else is a 50000, also when it has a `statusCode`: clients of other systems
 * throw such errors, and theirs is about another request.
 */
export function httpErrorFrom(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) {
    return isErrorStatus(thrown.status) ? thrown : new ServerError(undefined, { cause: thrown })
  }
  const { code, statusCode, message } = fastifyError(thrown)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PayloadTooLarge('the body is over the limit', { cause: thrown })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new UnsupportedMediaType('the body has to be application/json', { cause: thrown })
  }
  return rejection(statusCode, message) ?? new ServerError(undefined, { cause: thrown })
}

/**
 * Returns the rejection of a plugin that throws a plain error, as @fastify/rate-limit does; undefined for other errors. The
 * plugin is known by the `retry-after` that it has set on the response. Its text is not sent.
 */
export function pluginRejection(thrown: unknown, reply: FastifyReply): HttpError | undefined {
  if (thrown instanceof HttpError || !(thrown instanceof Error) || !reply.hasHeader('retry-after')) return undefined
  return rejection((thrown as Partial<FastifyError>).statusCode)
}

/** Returns the error of a request whose caller has hung up in the middle of the body; undefined for other errors. */
export function cutBody(thrown: unknown, { raw }: FastifyRequest): HttpError | undefined {
  if (raw.complete || (thrown as NodeJS.ErrnoException | undefined)?.code !== 'ECONNRESET') return undefined
  return new BadRequest('the body ended before it was complete', { code: codes.malformed, cause: thrown })
}

/** Whether a plugin has rejected a request with 503, as @fastify/under-pressure does. That is no fault to look for. */
export function isPluginOverload(thrown: unknown, { status }: HttpError): thrown is Error {
  return status === 503 && thrown instanceof Error && (thrown as Partial<FastifyError>).statusCode === 503
}

/** Maps the status of a plugin's error. Its 503 means that it did not let the request run. */
function rejection(status: number | undefined, detail?: string): HttpError | undefined {
  if (status === 503) return new ServiceUnavailable(detail, { code: codes.overloaded })
  return status !== undefined && status >= 400 && status <= 499 ? errorFrom(status, undefined, detail) : undefined
}

/** Returns the fields of an error of Fastify or one of its plugins; none for other errors. */
function fastifyError(thrown: unknown): Partial<FastifyError> {
  const { code } = (thrown instanceof Error ? thrown : {}) as Partial<FastifyError>
  return typeof code === 'string' && code.startsWith('FST_') ? (thrown as FastifyError) : {}
}

/** Whether Fastify can send it, and no caller would take it for a success. */
function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 300 && status <= 599
}

function isHeader(name: string, value: unknown): boolean {
  try {
    validateHeaderName(name)
    for (const one of [value].flat()) validateHeaderValue(name, one as string)
    return true
  } catch {
    return false
  }
}

/** Writes the body of an error, without a detail that JSON cannot hold, such as a bigint or a circle. */
function bodyOf(error: HttpError): string {
  try {
    return JSON.stringify(errorBody(error))
  } catch {
    const { code, reason: message } = error
    return JSON.stringify({ code, message })
  }
}
