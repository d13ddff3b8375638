/**
 * The errors of a service: one class for each status. Those of the service itself, 5xx, are in `serverErrors.ts`.
 *
 * On the wire an error is its HTTP status and `{"code":40400,"message":"Not Found","error":"user 7"}`. A client turns
 * that back into the same class with the same code, so you catch on one side what you throw on the other.
 */
import { serverErrors } from './serverErrors.ts'
import { named, StatusError, type StatusClass } from './statusError.ts'

/**
 * 400: the request cannot be understood.
 *
 * @example throw new BadRequest('cursor is not one that this list returned')
 */
export class BadRequest extends StatusError {
  static readonly status = 400
}

/**
 * 401: the caller is not authenticated.
 *
 * @example throw new Unauthorized('the token has expired', { headers: { 'www-authenticate': 'Bearer' } })
 */
export class Unauthorized extends StatusError {
  static readonly status = 401
}

/**
 * 402: a payment is required first.
 *
 * @example throw new PaymentRequired('the trial has ended')
 */
export class PaymentRequired extends StatusError {
  static readonly status = 402
}

/**
 * 403: the caller is authenticated, but not allowed.
 *
 * @example throw new Forbidden('only administrators may delete users')
 */
export class Forbidden extends StatusError {
  static readonly status = 403
}

/**
 * 404: no such resource (code 40400) or route (40401).
 *
 * @example throw new NotFound(`user ${id}`)
 */
export class NotFound extends StatusError {
  static readonly status = 404
}

/**
 * 405: the path exists, but not with this method; the response has an `allow` header.
 *
 * @example throw new MethodNotAllowed('DELETE', { headers: { allow: 'GET, PUT' } })
 */
export class MethodNotAllowed extends StatusError {
  static readonly status = 405
}

/**
 * 406: no representation matches the request's `accept` headers.
 *
 * @example throw new NotAcceptable('only text/csv and application/json')
 */
export class NotAcceptable extends StatusError {
  static readonly status = 406
}

/**
 * 408: the request did not arrive in time.
 *
 * @example throw new RequestTimeout('the upload took more than a minute')
 */
export class RequestTimeout extends StatusError {
  static readonly status = 408
}

/**
 * 409: the request conflicts with stored data, for example a unique or foreign key constraint.
 *
 * @example throw new Conflict('only 3 left', { code: 40910 })
 */
export class Conflict extends StatusError {
  static readonly status = 409
}

/**
 * 410: the resource was removed for good.
 *
 * @example throw new Gone(`user ${id}`)
 */
export class Gone extends StatusError {
  static readonly status = 410
}

/**
 * 412: a precondition of the request, such as `if-match`, does not hold.
 *
 * @example throw new PreconditionFailed('the document has changed since version 7')
 */
export class PreconditionFailed extends StatusError {
  static readonly status = 412
}

/**
 * 413: the body is over the limit.
 *
 * @example throw new PayloadTooLarge('at most 100 rows')
 */
export class PayloadTooLarge extends StatusError {
  static readonly status = 413
}

/**
 * 414: the URL, or a parameter in its path, is over the limit.
 *
 * @example throw new UriTooLong('at most 50 ids')
 */
export class UriTooLong extends StatusError {
  static readonly status = 414
}

/**
 * 415: the content type or encoding of the body is not supported.
 *
 * @example throw new UnsupportedMediaType('only image/png and image/jpeg')
 */
export class UnsupportedMediaType extends StatusError {
  static readonly status = 415
}

/**
 * 420: the caller should slow down. Twitter's status, not a standard one.
 *
 * @example throw new EnhanceYourCalm('one export per minute')
 */
export class EnhanceYourCalm extends StatusError {
  static readonly status = 420
}

/**
 * 422: the request is well-formed but cannot be processed, for example because of a check or not-null constraint.
 *
 * @example throw new UnprocessableEntity('the end is before the start')
 */
export class UnprocessableEntity extends StatusError {
  static readonly status = 422
}

/**
 * 428: the request needs a precondition, such as `if-match`, so that no update gets lost.
 *
 * @example throw new PreconditionRequired('send if-match with the version')
 */
export class PreconditionRequired extends StatusError {
  static readonly status = 428
}

/**
 * 429: the caller is over its rate limit.
 *
 * @example throw new TooManyRequests('5 reports an hour', { headers: { 'retry-after': '720' } }) // seconds
 */
export class TooManyRequests extends StatusError {
  static readonly status = 429
}

/**
 * 431: the headers are over the limit, in bytes or in number.
 *
 * @example throw new RequestHeaderFieldsTooLarge('at most 4 KiB of cookies')
 */
export class RequestHeaderFieldsTooLarge extends StatusError {
  static readonly status = 431
}

/**
 * 451: the response is withheld for legal reasons.
 *
 * @example throw new UnavailableForLegalReasons('blocked in your country')
 */
export class UnavailableForLegalReasons extends StatusError {
  static readonly status = 451
}

const callerErrors = named({
  BadRequest,
  Unauthorized,
  PaymentRequired,
  Forbidden,
  NotFound,
  MethodNotAllowed,
  NotAcceptable,
  RequestTimeout,
  Conflict,
  Gone,
  PreconditionFailed,
  PayloadTooLarge,
  UriTooLong,
  UnsupportedMediaType,
  EnhanceYourCalm,
  UnprocessableEntity,
  PreconditionRequired,
  TooManyRequests,
  RequestHeaderFieldsTooLarge,
  UnavailableForLegalReasons,
})

/** All error classes, ordered by status. */
export const errorClasses: readonly StatusClass[] = [...callerErrors, ...serverErrors]

/**
 * The codes that tricube itself sends, besides `status * 100`. `docs/errors.md` has the same table, and a test compares
 * the two.
 */
export const codes = {
  malformed: 40001,
  validation: 40002,
  noSuchRoute: 40401,
  otherInput: 42201,
  calleeDown: 50300,
  databaseDown: 50301,
  overloaded: 50302,
} as const
