/** What is known of a failed statement beside its message. */
export interface DatabaseErrorFields {
  readonly constraint?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly parameter?: number | undefined
  readonly mayHaveRun?: boolean | undefined
  readonly cause?: unknown
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

/**
 * A statement failed. `sqlstate` says why, by PostgreSQL's own codes, also for what this side found out: 08006 the
 * connection was lost, 08001 none was to be had, 57014 the time was over, 54000 too many parameters, P0002 and P0003
 * not the one row that was expected, 25000 a transaction used after its end.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 *
 * The message has neither SQL nor values, so that it can be logged; `statement` has the SQL. The stack names the line of the
 * statement and those who wait for it.
 */
export class DatabaseError extends Error {
  /** Of the class: a bundler may give it another one, which logs would tell as the error's type. */
  static override readonly name: string = 'DatabaseError'
  /** Five characters, for example `23505`. */
  readonly sqlstate: string
  /** Name of the constraint that was violated. */
  readonly constraint: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  /** Position of the parameter that was refused, from 1. */
  readonly parameter: number | undefined
  /** True when the connection was lost, or the time over, after the statement had been sent. */
  readonly mayHaveRun: boolean
  /** The statement's text, with `?` for what is written into it. */
  statement: string | undefined
  readonly #detail: string | undefined
  readonly #hint: string | undefined

  constructor(sqlstate: string, message: string, fields: DatabaseErrorFields = {}) {
    super(message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.sqlstate = sqlstate
    this.constraint = fields.constraint
    this.table = fields.table
    this.column = fields.column
    this.parameter = fields.parameter
    this.mayHaveRun = fields.mayHaveRun ?? false
    this.#detail = fields.detail
    this.#hint = fields.hint
  }

  override get name(): string {
    return 'DatabaseError'
  }

  /** The same as `sqlstate`, as `pg` and Node call it. */
  get code(): string {
    return this.sqlstate
  }

  /** The same error once more, with other fields where some are given. */
  copy(fields: DatabaseErrorFields = {}): DatabaseError {
    const { sqlstate, message, constraint, table, column, parameter, mayHaveRun, cause, detail, hint } = this
    const own = { constraint, table, column, parameter, mayHaveRun, cause, detail, hint }
    return new DatabaseError(sqlstate, message, { ...own, ...fields })
  }

  /** The server's detail. It quotes values: not for logs, not for callers. */
  get detail(): string | undefined {
    return this.#detail
  }

  /** The server's advice to whoever wrote the statement. */
  get hint(): string | undefined {
    return this.#hint
  }
}

/** The fields of PostgreSQL's ErrorResponse that are used here, by their protocol letters. */
export interface ErrorResponse {
  readonly C?: string
  readonly M?: string
  readonly V?: string
  readonly R?: string
  readonly D?: string
  readonly H?: string
  readonly W?: string
  readonly t?: string
  readonly c?: string
  readonly n?: string
}

/** The error that a server's ErrorResponse stands for. */
export function errorOf(response: ErrorResponse): DatabaseError {
  const sqlstate = response.C ?? 'XX000'
  const parameter = /parameter \$(\d+)/.exec(response.W ?? '')?.[1]
  return new DatabaseError(sqlstate, withoutValues(sqlstate, response.M ?? 'unknown error'), {
    constraint: response.n,
    table: response.t,
    column: response.c,
    parameter: parameter === undefined ? undefined : Number(parameter),
    detail: response.D,
    hint: response.H,
  })
}

// Only the class "data exception" quotes values in its primary message: `invalid input syntax for type integer: "…"`.
function withoutValues(sqlstate: string, message: string): string {
  return sqlstate.startsWith('22') ? message.replace(/".*"/s, '"…"') : message
}

/** No connection was to be had; the cause, which it names, is what the last attempt met. */
export function unreachable(cause: unknown): DatabaseError {
  if (cause instanceof DatabaseError && cause.sqlstate === '08001') {
    return new DatabaseError('08001', cause.message, { cause: cause.cause })
  }
  const reason = cause === undefined ? 'no connection within the time for it' : reasonOf(cause)
  return new DatabaseError('08001', `the database cannot be reached: ${reason}`, { cause })
}

/** What an error says. Node answers a refused connection to a name with two addresses by an AggregateError that says nothing. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Whether trying again is no use: a wrong password, no such user or database. */
export function isFinal({ sqlstate }: DatabaseError): boolean {
  return sqlstate.startsWith('28') || sqlstate === '3D000'
}

/** Whether a migration changed what a statement of a transaction gives, after its first statement had run. */
export function isChangedPlan({ sqlstate, message }: DatabaseError): boolean {
  return sqlstate === '0A000' && message.startsWith('cached plan must not change')
}
