/**
 * The errors a service may answer with: one table, one class a row.
 *
 * On the wire an error is its HTTP status and `{"code":40400,"message":"Not Found","error":"user 7"}`. A client turns
 * that back into the same class with the same code, so an error means the same on both sides of a call.
 */

/** What an error class's constructor takes besides its detail. */
export interface ErrorOptions {
  /** Integer code on the wire, `status * 100 + n`; a service picks its own from n = 10. Default, and for any other: n = 0. */
  readonly code?: number
  /** Short text for humans, `message` on the wire. Default: the status's reason phrase. */
  readonly message?: string
  /** The operation that failed so, like `role-service.getRole`: it goes before the detail in the error's own message. */
  readonly operation?: string
  /** What went wrong below; logged, never sent. */
  readonly cause?: unknown
  /** Extra response headers, for example `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The base of every error that may reach a caller. Its `message` is its detail, so that a stack or a log says what is wrong:
 * `NotFound: user 7`, or `NotFound: role-service.getRole: role 9` for one that another service answered with.
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
  /** Detail meant for the caller: a string or any JSON value; never a stack, never SQL. */
  readonly error: unknown
  /** Response headers that go with it. */
  readonly headers: Readonly<Record<string, string>> | undefined

  constructor(status: number, error?: unknown, options: ErrorOptions = {}) {
    const { code = (new.target as ErrorClass).code ?? status * 100 } = options
    // What is thrown decides the answer, so a wrong code must not be thrown in its place: it becomes the usual one.
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
 * A class of error, as used in an operation's `errors`: any that extends `HttpError`. Its status and code are those of an
 * instance made without arguments, unless it says them itself.
 */
export interface ErrorClass {
  new (...args: never[]): HttpError
  readonly status?: number
  /** What a client knows it by. */
  readonly code?: number
}

/** One of the classes below. */
interface StatusClass extends ErrorClass {
  new (error?: unknown, options?: ErrorOptions): HttpError
  readonly status: number
}

/** 400: the request cannot be understood. */
export class BadRequest extends StatusError {
  static readonly status = 400
}

/** 401: who is calling is not known. */
export class Unauthorized extends StatusError {
  static readonly status = 401
}

/** 402: it has to be paid first. */
export class PaymentRequired extends StatusError {
  static readonly status = 402
}

/** 403: the caller is known and may not. */
export class Forbidden extends StatusError {
  static readonly status = 403
}

/** 404: no such resource (code 40400) or route (40401). */
export class NotFound extends StatusError {
  static readonly status = 404
}

/** 405: the path exists, the method does not; the answer carries `allow`. */
export class MethodNotAllowed extends StatusError {
  static readonly status = 405
}

/** 406: no representation that the caller accepts. */
export class NotAcceptable extends StatusError {
  static readonly status = 406
}

/** 408: the request did not arrive in time. */
export class RequestTimeout extends StatusError {
  static readonly status = 408
}

/** 409: in conflict with what is stored; also unique and foreign-key violations. */
export class Conflict extends StatusError {
  static readonly status = 409
}

/** 410: it was here and will not come back. */
export class Gone extends StatusError {
  static readonly status = 410
}

/** 412: the request was to hold only if what is stored is as the caller thought, `if-match` for example; it is not. */
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

/** 415: the body's content type or encoding is not understood. */
export class UnsupportedMediaType extends StatusError {
  static readonly status = 415
}

/** 420: slow down, said in Twitter's words. */
export class EnhanceYourCalm extends StatusError {
  static readonly status = 420
}

/** 422: understood and well-formed, yet it cannot be done; also check and not-null violations. */
export class UnprocessableEntity extends StatusError {
  static readonly status = 422
}

/** 428: the caller has to say what it thinks is stored, so that nobody's change is lost. */
export class PreconditionRequired extends StatusError {
  static readonly status = 428
}

/** 429: over the rate that was granted. */
export class TooManyRequests extends StatusError {
  static readonly status = 429
}

/** 431: the headers are over the limit, in bytes or in number. */
export class RequestHeaderFieldsTooLarge extends StatusError {
  static readonly status = 431
}

/** 451: a law forbids it. */
export class UnavailableForLegalReasons extends StatusError {
  static readonly status = 451
}

/** 500: a fault of this service; whatever is thrown and not known becomes this, without detail. */
export class ServerError extends StatusError {
  static readonly status = 500
}

/** 502: another service answered with something that is no answer. */
export class BadGateway extends StatusError {
  static readonly status = 502
}

/** 503: a service (code 50300) or the database (50301) cannot be reached now, or this one is overloaded (50302). */
export class ServiceUnavailable extends StatusError {
  static readonly status = 503
}

/** 504: the time for an answer is over. */
export class GatewayTimeout extends StatusError {
  static readonly status = 504
}

/** By their names, as a minifier makes of `NotFound` a class `a`, and leaves the names of properties. */
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

/** Every error class, in the order of their statuses. */
export const errorClasses: readonly StatusClass[] = Object.values(byName)

/** What an error says of itself: its detail, else its reason. */
function messageOf(reason: string, detail: unknown, operation: string | undefined): string {
  const text = typeof detail === 'string' && detail !== '' ? detail : withDetail(reason, detail)
  return operation === undefined ? text : `${operation}: ${text}`
}

function withDetail(reason: string, detail: unknown): string {
  if (detail === undefined || detail === '') return reason
  const text = Array.isArray(detail) && detail.every(isProblem) ? detail.map(problemText).join('; ') : jsonOf(detail)
  return `${reason}: ${text.length > mostDetail ? `${text.slice(0, mostDetail)}…` : text}`
}

/** Characters of a detail that is no text. */
const mostDetail = 500

/** One thing that is wrong with a request, as validation lists them. */
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
    return String(value) // a circle, a BigInt: answering with it fails later, where it is told
  }
}

/** The reason phrase of a status: RFC 9110's, and the folk name of 420. */
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
 * The codes that tricube itself answers with, beside `status * 100`. `docs/errors.md` has the same table; a test ties
 * the two together.
 */
export const codes = {
  malformed: 40001,
  validation: 40002,
  noSuchRoute: 40401,
  calleeDown: 50300,
  databaseDown: 50301,
  overloaded: 50302,
} as const
