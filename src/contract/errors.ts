/**
 * The errors of a service: one class for each status.
 *
 * On the wire an error is its HTTP status and `{"code":40400,"message":"Not Found","error":"user 7"}`. A client turns
 * that back into the same class with the same code, so you catch on one side what you throw on the other.
 */

/** Options of an error, after its detail. */
export interface ErrorOptions {
  /** Integer code on the wire, `status * 100 + n`; choose your own from n = 10. Default, and for a code that does not fit: n = 0. */
  readonly code?: number
  /** Short text for humans, `message` on the wire. Default: the reason phrase of the status. */
  readonly message?: string
  /** The operation that failed, like `role-service.getRole`; the error's message begins with it. */
  readonly operation?: string
  /** The error behind this one. It is logged and never sent. */
  readonly cause?: unknown
  /** Extra response headers, for example `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The base class of all errors that are sent to callers. Its `message` is the detail, so that stacks and logs show it:
 * `NotFound: user 7`, or `NotFound: role-service.getRole: role 9` for an error from another service.
 *
 * @example
 * if (error instanceof HttpError) reply.status(error.status)
 */
export class HttpError extends Error {
  /** HTTP status. */
  readonly status: number
  /** Integer code on the wire: `status * 100 + n`. */
  readonly code: number
  /** Short text for humans, `message` on the wire. */
  readonly reason: string
  /** Detail for the caller: a string or any JSON value. Never put a stack or SQL into it. */
  readonly error: unknown
  /** Extra response headers. */
  readonly headers: Readonly<Record<string, string>> | undefined

  constructor(status: number, error?: unknown, options: ErrorOptions = {}) {
    const { code = (new.target as ErrorClass).code ?? status * 100 } = options
    // A wrong code must not replace the error that is thrown: it becomes the usual code, and is reported as the cause.
    const belongs = Number.isInteger(code) && Math.trunc(code / 100) === status
    const cause = options.cause ?? (belongs ? undefined : wrongCode(code, status))
    const reason = options.message ?? reasonOf(status)
    super(messageOf(reason, error, options.operation), cause === undefined ? undefined : { cause })
    this.status = status
    this.reason = reason
    this.code = belongs ? code : status * 100
    this.error = error
    this.headers = options.headers
  }

  override get name(): string {
    return this.constructor.name
  }
}

function wrongCode(code: number, status: number): RangeError {
  return new RangeError(
    `error code ${code} does not belong to status ${status}: use ${status * 100} to ${status * 100 + 99}`,
  )
}

/** An `HttpError` whose class knows its status. */
abstract class StatusError extends HttpError {
  constructor(error?: unknown, options?: ErrorOptions) {
    super((new.target as unknown as StatusClass).status, error, options)
  }
}

/**
 * An error class, as an operation's `errors` takes it: any class that extends `HttpError`. Status and code are its static
 * fields, or those of an instance made without arguments.
 */
export interface ErrorClass {
  new (...args: never[]): HttpError
  readonly status?: number
  /** The code by which a client recognizes it. */
  readonly code?: number
}

/** One of the error classes below. */
interface StatusClass extends ErrorClass {
  new (error?: unknown, options?: ErrorOptions): HttpError
  readonly status: number
}

/** 400: the request cannot be understood. */
export class BadRequest extends StatusError {
  static readonly status = 400
}

/** 401: the caller is not authenticated. */
export class Unauthorized extends StatusError {
  static readonly status = 401
}

/** 402: a payment is required first. */
export class PaymentRequired extends StatusError {
  static readonly status = 402
}

/** 403: the caller is authenticated, but not allowed. */
export class Forbidden extends StatusError {
  static readonly status = 403
}

/** 404: no such resource (code 40400) or route (40401). */
export class NotFound extends StatusError {
  static readonly status = 404
}

/** 405: the path exists, but not with this method; the response has an `allow` header. */
export class MethodNotAllowed extends StatusError {
  static readonly status = 405
}

/** 406: no representation matches the request's `accept` headers. */
export class NotAcceptable extends StatusError {
  static readonly status = 406
}

/** 408: the request did not arrive in time. */
export class RequestTimeout extends StatusError {
  static readonly status = 408
}

/** 409: the request conflicts with stored data, for example a unique or foreign key constraint. */
export class Conflict extends StatusError {
  static readonly status = 409
}

/** 410: the resource was removed for good. */
export class Gone extends StatusError {
  static readonly status = 410
}

/** 412: a precondition of the request, such as `if-match`, does not hold. */
export class PreconditionFailed extends StatusError {
  static readonly status = 412
}

/** 413: the body is over the limit. */
export class PayloadTooLarge extends StatusError {
  static readonly status = 413
}

/** 414: the URL, or a parameter in its path, is over the limit. */
export class UriTooLong extends StatusError {
  static readonly status = 414
}

/** 415: the content type or encoding of the body is not supported. */
export class UnsupportedMediaType extends StatusError {
  static readonly status = 415
}

/** 420: the caller should slow down. Twitter's status, not a standard one. */
export class EnhanceYourCalm extends StatusError {
  static readonly status = 420
}

/** 422: the request is well-formed but cannot be processed, for example because of a check or not-null constraint. */
export class UnprocessableEntity extends StatusError {
  static readonly status = 422
}

/** 428: the request needs a precondition, such as `if-match`, so that no update gets lost. */
export class PreconditionRequired extends StatusError {
  static readonly status = 428
}

/** 429: the caller is over its rate limit. */
export class TooManyRequests extends StatusError {
  static readonly status = 429
}

/** 431: the headers are over the limit, in bytes or in number. */
export class RequestHeaderFieldsTooLarge extends StatusError {
  static readonly status = 431
}

/** 451: the response is withheld for legal reasons. */
export class UnavailableForLegalReasons extends StatusError {
  static readonly status = 451
}

/** 500: a fault of this service. All unexpected errors become this, without their detail. */
export class ServerError extends StatusError {
  static readonly status = 500
}

/** 502: another service sent an invalid response. */
export class BadGateway extends StatusError {
  static readonly status = 502
}

/** 503: another service (code 50300) or the database (50301) is unavailable, or this service is overloaded (50302). */
export class ServiceUnavailable extends StatusError {
  static readonly status = 503
}

/** 504: the deadline passed before there was a response. */
export class GatewayTimeout extends StatusError {
  static readonly status = 504
}

/** By name: a minifier renames the class `NotFound` to `a`, but keeps the names of properties. */
const byName: Readonly<Record<string, StatusClass>> = {
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
  ServerError,
  BadGateway,
  ServiceUnavailable,
  GatewayTimeout,
}
for (const [value, named] of Object.entries({ HttpError, ...byName })) Object.defineProperty(named, 'name', { value })

/** All error classes, ordered by status. */
export const errorClasses: readonly StatusClass[] = Object.values(byName)

/** The message of an error: its detail, else the reason phrase. */
function messageOf(reason: string, detail: unknown, operation: string | undefined): string {
  const text = typeof detail === 'string' && detail !== '' ? detail : withDetail(reason, detail)
  return operation === undefined ? text : `${operation}: ${text}`
}

function withDetail(reason: string, detail: unknown): string {
  if (detail === undefined || detail === '') return reason
  const text = Array.isArray(detail) && detail.every(isProblem) ? detail.map(problemText).join('; ') : jsonOf(detail)
  return `${reason}: ${text.length > maxDetailLength ? `${text.slice(0, maxDetailLength)}…` : text}`
}

/** Characters of a detail that is not a string. */
const maxDetailLength = 500

/** One problem of a request, as validation lists them. */
interface Problem {
  readonly in: string
  readonly path: string
  readonly message: string
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'message' in value && 'path' in value && 'in' in value
}

function problemText({ in: part, path, message }: Problem): string {
  return `${path === '' ? part : `${part}.${path}`} ${message}`
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return String(value) // a cycle or a BigInt: it cannot be sent either, and sending it reports so
  }
}

/** The reason phrase of a status, by RFC 9110; 420 has its usual name. */
function reasonOf(status: number): string {
  return reasons[status] ?? `HTTP ${status}`
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  420: 'Enhance Your Calm',
  422: 'Unprocessable Entity',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}

/**
 * The codes that tricube itself sends, besides `status * 100`. `docs/errors.md` has the same table, and a test compares
 * the two.
 */
export const codes = {
  malformed: 40001,
  validation: 40002,
  noSuchRoute: 40401,
  calleeDown: 50300,
  databaseDown: 50301,
  overloaded: 50302,
} as const
