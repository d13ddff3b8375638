/** Errors as they travel: one side writes the body, the other makes the same class of it again. */
import { errorClasses, HttpError, type ErrorClass, type ErrorOptions } from './errors.ts'

/** An error's body on the wire. */
export interface ErrorBody {
  readonly code: number
  readonly message: string
  readonly error?: unknown
}

/** What goes into the body; `error` only when there is a detail. */
export function errorBody(error: HttpError): ErrorBody {
  const { code, reason: message, error: detail } = error
  return detail === undefined ? { code, message } : { code, message, error: detail }
}

/**
 * The error that a status and a body stand for: that of `classes` with its code, else the class of the status, else a plain
 * `HttpError`. `given` also holds the headers for whoever it is passed on to, and the operation that answered so.
 */
export function errorFrom(
  status: number,
  body: unknown,
  fallbackDetail?: string,
  { classes, ...given }: ErrorOrigin = {},
): HttpError {
  const { code, message, error = fallbackDetail } = isErrorBody(body, status) ? body : ({} as Partial<ErrorBody>)
  const options: ErrorOptions = {
    ...given,
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
  }
  const errorClass = classes?.get(code ?? status * 100) ?? classOf.get(status) ?? HttpError
  // Without the constructor of its own: that takes what a service likes, and has already made what came.
  return Reflect.construct(HttpError, [status, error, options], errorClass)
}

/** Where an error came from. */
export interface ErrorOrigin extends Pick<ErrorOptions, 'headers' | 'operation'> {
  /** Those that the operation names, by their codes. */
  readonly classes?: ReadonlyMap<number, ErrorClass>
}

const classOf = new Map(errorClasses.map((errorClass) => [errorClass.status, errorClass]))

function isErrorBody(body: unknown, status: number): body is ErrorBody {
  if (typeof body !== 'object' || body === null) return false
  const { code, message } = body as Record<string, unknown>
  return Number.isInteger(code) && Math.trunc((code as number) / 100) === status && typeof message === 'string'
}
