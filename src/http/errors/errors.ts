import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { FastifyError, FastifyReply } from 'fastify'
import { errorBody, errorFrom } from '../../contract/errorBody.ts'
import { codes, PayloadTooLarge, ServerError, ServiceUnavailable, UnsupportedMediaType } from '../../contract/errors.ts'
import { HttpError } from '../../contract/httpError.ts'

/** Answers with an error, in the one format there is, whatever the error and the answer hold. */
export function sendError(reply: FastifyReply, error: HttpError): FastifyReply {
  if (error.headers) reply.headers(error.headers)
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (isHeader(name, value)) continue
    reply.removeHeader(name) // Node would refuse the whole answer
    reply.log.warn({ header: name }, 'a header that HTTP cannot carry was left out of an error')
  }
  return reply.code(error.status).header('content-type', 'application/json; charset=utf-8').send(bodyOf(error))
}

/**
 * What a caller is told of whatever was thrown: an `HttpError` as it is, an error of Fastify or its plugins by its
 * status, and of anything else nothing but 50000. Clients of other systems throw errors with a `statusCode`, too: theirs
 * is about another request.
 */
export function httpErrorFrom(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) {
    return isAnswerable(thrown.status) ? thrown : new ServerError(undefined, { cause: thrown })
  }
  const { code, statusCode, message } = fastifyError(thrown)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PayloadTooLarge('the body is over the limit', { cause: thrown })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new UnsupportedMediaType('the body has to be application/json', { cause: thrown })
  }
  return refused(statusCode, message) ?? new ServerError(undefined, { cause: thrown })
}

/**
 * What a plugin refused a request with that throws a plain error, as @fastify/rate-limit does; undefined when it is none.
 * It has put `retry-after` on the answer itself, which no error from elsewhere can do. Its text stays here.
 */
export function refusalOf(thrown: unknown, reply: FastifyReply): HttpError | undefined {
  if (thrown instanceof HttpError || !(thrown instanceof Error) || !reply.hasHeader('retry-after')) return undefined
  return refused((thrown as Partial<FastifyError>).statusCode)
}

/** Whether a plugin has said 503 of a request that it did not let run, as @fastify/under-pressure does: no fault to look for. */
export function isShed(thrown: unknown, { status }: HttpError): thrown is Error {
  return status === 503 && thrown instanceof Error && (thrown as Partial<FastifyError>).statusCode === 503
}

/** What a plugin's status stands for; its 503 means that it did not let the request run. */
function refused(status: number | undefined, detail?: string): HttpError | undefined {
  if (status === 503) return new ServiceUnavailable(detail, { code: codes.overloaded })
  return status !== undefined && status >= 400 && status <= 499 ? errorFrom(status, undefined, detail) : undefined
}

/** The fields of an error that Fastify or one of its plugins has made; none of any other. */
function fastifyError(thrown: unknown): Partial<FastifyError> {
  const { code } = (thrown instanceof Error ? thrown : {}) as Partial<FastifyError>
  return typeof code === 'string' && code.startsWith('FST_') ? (thrown as FastifyError) : {}
}

/** Whether Fastify takes it, and a caller would not think that all was well. */
function isAnswerable(status: number): boolean {
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

/** A detail that JSON cannot hold, such as a bigint or a circle, is left out. */
function bodyOf(error: HttpError): string {
  try {
    return JSON.stringify(errorBody(error))
  } catch {
    const { code, reason: message } = error
    return JSON.stringify({ code, message })
  }
}
