import { systemClock } from '../../time/clock.ts'
import { backoffMs } from '../pool/backoff.ts'
import { DatabaseError, isChangedPlan } from '../errors/databaseError.ts'
import { Deadline } from '../statement/deadline.ts'
import { control, OpenTransaction } from './openTransaction.ts'
import type { StatementContext } from '../statement/context.ts'
import { assertNothingLeft } from '../connection/sessionCheck.ts'
import type { Server } from '../pool/server.ts'
import type { Connection } from '../connection/connection.ts'
import type { Transaction, TransactionOptions } from '../api/transaction.ts'

/** Runs `fn` in a transaction on a connection of the server's pool, and retries it as often as `retries` allows. */
export async function transaction<T>(
  server: Server,
  context: StatementContext,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const observed = context.observer?.transaction?.(context.request)
  if (!observed) return attempted(server, context, fn, options)
  try {
    const result = await attempted(server, { ...context, request: observed.request }, fn, options)
    observed.end()
    return result
  } catch (error) {
    observed.end(error)
    throw error
  }
}

async function attempted<T>(
  server: Server,
  context: StatementContext,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const { retries = 0 } = options
  const begin = beginText(options, context.readOnly)
  const deadline = new Deadline(context)
  for (let attempt = 0; ; attempt++) {
    deadline.assert()
    try {
      return await once(server, deadline, begin, fn)
    } catch (error) {
      if (attempt >= retries || !canBeRetried(error)) throw error
      await systemClock.wait(backoffMs(attempt + 1))
    }
  }
}

async function once<T>(
  server: Server,
  deadline: Deadline,
  begin: string,
  fn: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const opened = await StartedTransaction.begin(server, deadline, begin)
  try {
    const result = await deadline.race(fn(opened.tx))
    await opened.commit()
    return result
  } catch (error) {
    await opened.rollback()
    throw error
  }
}

/** Yields rows from a transaction that lasts while they are read; leaving early rolls it back. */
export async function* streamed<Row>(
  server: Server,
  context: StatementContext,
  open: (tx: Transaction) => AsyncGenerator<Row, void, void>,
): AsyncGenerator<Row, void, void> {
  const deadline = new Deadline(context)
  deadline.rowsRead = 0
  const opened = await StartedTransaction.begin(server, deadline, beginText({}, context.readOnly))
  // The reader may have abandoned the iterator: its connection is released at the deadline.
  const remove = deadline.onOver(() => void opened.rollback())
  let isCommitted = false
  try {
    for await (const row of open(opened.tx)) {
      deadline.rowsRead++
      yield row
    }
    await opened.commit()
    isCommitted = true
  } finally {
    remove()
    if (!isCommitted) await opened.rollback()
  }
}

/** A connection in a transaction, from BEGIN to COMMIT or ROLLBACK. */
class StartedTransaction {
  readonly tx: OpenTransaction
  readonly #server: Server
  readonly #connection: Connection
  readonly #deadline: Deadline
  readonly #begun: Promise<unknown>

  static async begin(server: Server, deadline: Deadline, text: string): Promise<StartedTransaction> {
    return new StartedTransaction(server, await server.acquire(deadline), deadline, text)
  }

  private constructor(server: Server, connection: Connection, deadline: Deadline, text: string) {
    connection.owner = deadline
    this.tx = new OpenTransaction(connection, deadline, text)
    this.#server = server
    this.#connection = connection
    this.#deadline = deadline
    // Not awaited: the first statement follows at once. If BEGIN is rejected, nothing may run without it.
    this.#begun = control(connection, deadline, text)
    this.#begun.catch((error: DatabaseError) => connection.destroy(error))
  }

  async commit(): Promise<void> {
    this.tx.end()
    await this.#deadline.race(this.#begun)
    if (this.#deadline.isOver) throw this.#deadline.reason
    // PostgreSQL responds to COMMIT with ROLLBACK after a failed statement, even if nobody has read its error.
    const isCommitted = (await control(this.#connection, this.#deadline, 'COMMIT')) === commitTag
    const check = this.#connection.isDueForCheck ? assertNothingLeft(this.#connection) : undefined
    this.#connection.isDueForCheck = false
    this.#server.pool.releaseWhenIdle(this.#connection)
    if (!isCommitted) {
      throw new DatabaseError('25P02', 'rolled back instead of committed, because a statement in it had failed')
    }
    this.tx.runAfterCommit()
    await check
  }

  /** Resolves when it has been rolled back or, after the deadline, at once. */
  async rollback(): Promise<void> {
    this.tx.end()
    if (!this.#connection.isOpen || this.#connection.owner !== this.#deadline) return
    // Statements that run would delay ROLLBACK, and keep their locks. The connection has no other user to hit.
    if (this.#deadline.isOver && this.#connection.inFlight > 0) this.#connection.cancel()
    this.#connection.isDueForCheck = false
    const rolledBack = control(this.#connection, this.#deadline, 'ROLLBACK').catch(() => {})
    this.#server.pool.releaseWhenIdle(this.#connection)
    if (!this.#deadline.isOver) await rolledBack
  }
}

const commitTag = 'C'.charCodeAt(0)

function beginText(
  { isolation, readOnly, deferrable }: TransactionOptions,
  contextReadOnly: boolean | undefined,
): string {
  if (isolation && !isolations.has(isolation)) {
    throw new TypeError(`isolation must be one of ${[...isolations].join(', ')}, got "${isolation as string}"`)
  }
  const level = isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : ''
  return `BEGIN${level}${(readOnly ?? contextReadOnly) ? ' READ ONLY' : ''}${deferrable ? ' DEFERRABLE' : ''}`
}

const isolations: ReadonlySet<string> = new Set(['read committed', 'repeatable read', 'serializable'])

/**
 * Whether a transaction may succeed when it is retried: after a serialization failure, a deadlock, or a migration that
 * changed a table meanwhile.
 */
export function canBeRetried(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false
  return error.sqlstate === '40001' || error.sqlstate === '40P01' || isChangedPlan(error)
}
