import type { FastifyError, FastifyReply } from 'fastify'
import { errorBody, errorFrom } from '../contract/errorBody.ts'
import { HttpError, PayloadTooLarge, ServerError, UnsupportedMediaType } from '../contract/errors.ts'

/** Answers with an error. */
export function sendError(reply: FastifyReply, error: HttpError): FastifyReply {
  if (error.headers) reply.headers(error.headers)
  return reply
    .code(error.status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(errorBody(error)))
}

/**
 * What a caller is told of whatever was thrown: an `HttpError` as it is, Fastify's own errors and those of its plugins
 * by their status, and of anything else nothing but 50000.
 */
export function httpErrorFrom(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown
  const { code, statusCode, message } = (thrown ?? {}) as Partial<FastifyError>
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PayloadTooLarge('the body is over the limit', { cause: thrown })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new UnsupportedMediaType('the body has to be application/json', { cause: thrown })
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return errorFrom(statusCode, undefined, message)
  return new ServerError(undefined, { cause: thrown })
}
