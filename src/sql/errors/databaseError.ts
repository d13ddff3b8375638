/** Details of a failed statement, besides its message. */
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
 * The error of a failed statement. `sqlstate` is PostgreSQL's code for the cause. Errors of the client have codes too: 08006
 * connection lost, 08001 no connection, 57014 timeout, 54000 too many parameters. P0002 and P0003 mean not exactly one
 * row, 25000 a transaction used after its end.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 *
 * The message contains neither SQL nor values, so you can log it; `statement` contains the SQL. The stack shows the line
 * of the statement and the functions that await it.
 *
 * @example
 * try {
 *   await db.execute`INSERT INTO users ${db.values({ name })}`
 * } catch (error) {
 *   if (error instanceof DatabaseError && error.sqlstate === '23505') throw new Conflict(`${name} is taken`)
 *   throw error
 * }
 */
export class DatabaseError extends Error {
  /** Set here because a bundler may rename the class, and logs show this name. */
  static override readonly name: string = 'DatabaseError'
  /** Five characters, for example `23505`. */
  readonly sqlstate: string
  /** Name of the violated constraint. */
  readonly constraint: string | undefined
  readonly table: string | undefined
  readonly column: string | undefined
  /** Position of the rejected parameter, from 1. */
  readonly parameter: number | undefined
  /** True if the connection was lost, or the time was over, after the statement had been sent. */
  readonly mayHaveRun: boolean
  /** Text of the statement, with `?` instead of literals. */
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

  /** Same as `sqlstate`, under the name that `pg` and Node use. */
  get code(): string {
    return this.sqlstate
  }

  /** Returns a copy of the error, with some fields replaced. */
  copy(fields: DatabaseErrorFields = {}): DatabaseError {
    const { sqlstate, message, constraint, table, column, parameter, mayHaveRun, cause, detail, hint } = this
    const own = { constraint, table, column, parameter, mayHaveRun, cause, detail, hint }
    return new DatabaseError(sqlstate, message, { ...own, ...fields })
  }

  /** The server's detail. It contains values: neither log it nor send it to callers. */
  get detail(): string | undefined {
    return this.#detail
  }

  /** The server's advice to the author of the statement. */
  get hint(): string | undefined {
    return this.#hint
  }
}

/** The fields of PostgreSQL's ErrorResponse that are used here, by protocol letter. */
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

/** Turns an ErrorResponse into an error. */
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

// Only the class "data exception" has values in its primary message: `invalid input syntax for type integer: "…"`.
function withoutValues(sqlstate: string, message: string): string {
  return sqlstate.startsWith('22') ? message.replace(/".*"/s, '"…"') : message
}

/** The error when no connection could be opened; it names the failure of the last attempt. */
export function unreachable(cause: unknown): DatabaseError {
  if (cause instanceof DatabaseError && cause.sqlstate === '08001') {
    return new DatabaseError('08001', cause.message, { cause: cause.cause })
  }
  const reason = cause === undefined ? 'timed out' : reasonOf(cause)
  return new DatabaseError('08001', `the database cannot be reached: ${reason}`, { cause })
}

/** The text of an error. If a name with two addresses rejects connections, Node throws an AggregateError without a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Whether retrying is useless: a wrong password, no such user or database. */
export function isFinal({ sqlstate }: DatabaseError): boolean {
  return sqlstate.startsWith('28') || sqlstate === '3D000'
}

/** Whether a migration changed the result columns of a statement while its transaction was open. */
export function isChangedPlan({ sqlstate, message }: DatabaseError): boolean {
  return sqlstate === '0A000' && message.startsWith('cached plan must not change')
}
