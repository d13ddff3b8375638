/** The body of an error on the wire: written by the service, turned back into the same class by its client. */
import { errorClasses } from './errors.ts'
import { HttpError, type ErrorClass, type ErrorOptions } from './httpError.ts'

/** An error's body on the wire. */
export interface ErrorBody {
  readonly code: number
  readonly message: string
  readonly error?: unknown
}

/** Returns the body of an error; `error` is left out when there is no detail. */
export function errorBody(error: HttpError): ErrorBody {
  const { code, reason: message, error: detail } = error
  return detail === undefined ? { code, message } : { code, message, error: detail }
}

/**
 * Turns a status and a body back into an error. Its class is the one in `classes` with the code of the body, else the one
 * of the status, else `HttpError`.
 */
export function errorFrom(
  status: number,
  body: unknown,
  fallbackDetail?: string,
  { classes, ...origin }: ErrorOrigin = {},
): HttpError {
  const { code, message, error = fallbackDetail } = isErrorBody(body, status) ? body : ({} as Partial<ErrorBody>)
  const options: ErrorOptions = {
    ...origin,
    ...(code !== undefined && { code }),
    ...(message !== undefined && { message }),
  }
  const errorClass = classes?.get(code ?? status * 100) ?? classOf.get(status) ?? HttpError
  // Not by the constructor of the class: a service's own class may take other arguments.
  return Reflect.construct(HttpError, [status, error, options], errorClass)
}

/** Where an error came from. */
export interface ErrorOrigin extends Pick<ErrorOptions, 'headers' | 'operation'> {
  /** The error classes that the operation declares, by code. */
  readonly classes?: ReadonlyMap<number, ErrorClass>
}

const classOf = new Map(errorClasses.map((errorClass) => [errorClass.status, errorClass]))

function isErrorBody(body: unknown, status: number): body is ErrorBody {
  if (typeof body !== 'object' || body === null) return false
  const { code, message } = body as Record<string, unknown>
  return Number.isInteger(code) && Math.trunc((code as number) / 100) === status && typeof message === 'string'
}
