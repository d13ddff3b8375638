/** Errors as they travel: one side writes the body, the other makes the same class of it again. */
import { errorClasses, HttpError, type ErrorOptions } from './errors.ts'

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
 * The error that a status and a body stand for: the class of the status, else a plain `HttpError`; `given` holds
 * the headers for whoever it is passed on to, and the operation that answered so.
 */
export function errorFrom(
  status: number,
  body: unknown,
  fallbackDetail?: string,
  given: Pick<ErrorOptions, 'headers' | 'operation'> = {},
): HttpError {
  const { code, message, error = fallbackDetail } = isErrorBody(body, status) ? body : ({} as Partial<ErrorBody>)
  const options: ErrorOptions = {
    ...given,
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
  }
  const errorClass = classOf.get(status)
  return errorClass ? new errorClass(error, options) : new HttpError(status, error, options)
}

const classOf = new Map(errorClasses.map((errorClass) => [errorClass.status, errorClass]))

function isErrorBody(body: unknown, status: number): body is ErrorBody {
  if (typeof body !== 'object' || body === null) return false
  const { code, message } = body as Record<string, unknown>
  return Number.isInteger(code) && Math.trunc((code as number) / 100) === status && typeof message === 'string'
}
