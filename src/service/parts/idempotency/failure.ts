import { errorBody, errorFrom } from '../../../contract/errorBody.ts'
import { UnprocessableEntity, codes } from '../../../contract/errors.ts'
import { ServerError } from '../../../contract/serverErrors.ts'
import { HttpError } from '../../../contract/httpError.ts'

/**
 * Returns the JSON of an error that each call with the key gets; undefined when the next call may succeed.
 *
 * A handler that throws a 4xx has decided: it may have undone its steps, and a second run would find their results still
 * stored by other services. After any other error the next call goes on where this one failed.
 * Source: https://docs.stripe.com/api/idempotent_requests, which keeps the 5xx as well.
 */
export function finalFailure(error: unknown): string | undefined {
  if (!(error instanceof HttpError) || error.status < 400 || error.status > 499) return undefined
  if (passing.has(error.status) || error.headers?.['retry-after'] !== undefined) return undefined
  try {
    return JSON.stringify({ status: error.status, body: errorBody(error), headers: error.headers })
  } catch {
    return undefined // its detail cannot be sent either
  }
}

/** A timeout, a request that came too early, too many requests, a caller that hung up. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 499])

/** Returns the error that `finalFailure` has written. */
export function failureFrom(text: string): HttpError {
  const { status, body, headers } = JSON.parse(text) as {
    status: number
    body: unknown
    headers?: Readonly<Record<string, string>>
  }
  return errorFrom(status, body, undefined, headers && { headers })
}

/** The error of a call whose key came with another input. */
export function otherInput(): UnprocessableEntity {
  return new UnprocessableEntity('the idempotency-key was used with another input', { code: codes.otherInput })
}

/** Turns that error of a call into the handler's fault when the key was made for the call, not given by the handler. */
export function asOwnFault(operation: string, callee: string, error: unknown): unknown {
  if (!(error instanceof HttpError) || error.code !== codes.otherInput) return error
  const fault = `${operation} called ${callee} with another input than at its first attempt`
  const remedy =
    'take what you pass on from the input or from ctx.idempotencyKey, not from a sequence, a clock or chance'
  return new ServerError(undefined, { cause: new Error(`${fault}: ${remedy}`, { cause: error }) })
}
