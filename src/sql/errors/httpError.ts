import { BadRequest, codes, Conflict, UnprocessableEntity } from '../../contract/errors.ts'
import { GatewayTimeout, ServiceUnavailable } from '../../contract/serverErrors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import { DatabaseError, isChangedPlan } from './databaseError.ts'

/**
 * Returns the HTTP error of a failed statement; undefined for faults of the service itself (a 500): bad SQL, a missing
 * table, `one` without a row.
 *
 * @example
 * const response = httpErrorOf(error) ?? new ServerError(undefined, { cause: error })
 */
export function httpErrorOf(error: unknown): HttpError | undefined {
  if (!(error instanceof DatabaseError)) return undefined
  const toHttp = bySqlstate[error.sqlstate] ?? bySqlstate[error.sqlstate.slice(0, 2)]
  return toHttp?.(error)
}

type ToHttpError = (error: DatabaseError) => HttpError | undefined

const unavailable: ToHttpError = (cause) => new ServiceUnavailable('database', { code: codes.databaseDown, cause })
const timeout: ToHttpError = (cause) => new GatewayTimeout('database', { cause })
const violated: ToHttpError = (cause) =>
  new UnprocessableEntity(`${cause.constraint ?? 'a constraint'} is violated`, { cause })
const concurrent: ToHttpError = (cause) => new Conflict('changed by another request at the same time', { cause })
const rejected: ToHttpError = (cause) =>
  new BadRequest(cause.parameter === undefined ? cause.message : `parameter ${cause.parameter}: ${cause.message}`, {
    cause,
  })

// By the whole code, else by its class: the first two characters.
const bySqlstate: Readonly<Record<string, ToHttpError>> = {
  '08': unavailable, // connection exception
  '0A000': (cause) => (isChangedPlan(cause) ? unavailable(cause) : undefined), // a migration during a transaction
  '22': rejected, // data exception: a wrong type, out of range, a NUL
  '22012': () => undefined, // division by zero: a fault of the statement
  '23502': (cause) => new UnprocessableEntity(`${cause.column ?? 'a column'} is required`, { cause }),
  '23503': (cause) => new Conflict(`${cause.constraint} is violated`, { cause }),
  '23505': (cause) => new Conflict(`${cause.constraint} already exists`, { cause }),
  '23514': violated,
  '23P01': (cause) => new Conflict(`${cause.constraint} already exists`, { cause }),
  '28': unavailable, // wrong password
  '3D000': unavailable, // no such database
  '40001': concurrent, // serialization failure
  '40P01': concurrent, // deadlock
  '53': unavailable, // insufficient resources, also too many connections
  '54000': rejected, // more than 65,535 parameters
  '55P03': timeout, // lock_timeout
  '57014': timeout, // statement_timeout, or cancelled
  '57': unavailable, // shutting down, crashed, starting up
}
