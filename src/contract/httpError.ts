/** What all errors have that are sent to callers. */

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
 * class QuotaExceeded extends HttpError {
 *   static readonly code = 41910
 *   constructor(detail?: unknown) {
 *     super(419, detail)
 *   }
 * }
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

Object.defineProperty(HttpError, 'name', { value: 'HttpError' }) // a minifier renames the class

function wrongCode(code: number, status: number): RangeError {
  return new RangeError(
    `error code ${code} does not belong to status ${status}: use ${status * 100} to ${status * 100 + 99}`,
  )
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

/** Returns the reason phrase of a status, by RFC 9110; 420 has its usual name. */
export function reasonOf(status: number): string {
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
