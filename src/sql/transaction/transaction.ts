import type { Transaction, TransactionOptions } from '../api.ts'
import { backoffMs } from '../pool/backoff.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { Limit } from '../statement/limit.ts'
import { control, OpenTransaction } from './openTransaction.ts'
import type { Scope } from '../statement/scope.ts'
import { assertNothingLeft } from '../connection/sessionCheck.ts'
import type { Server } from '../pool/server.ts'
import type { Connection } from '../connection/connection.ts'

/** Runs `fn` in a transaction on a connection of the server's pool, again as often as `retries` says. */
export async function transaction<T>(
  server: Server,
  scope: Scope,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const observed = scope.observer?.transaction?.(scope.request)
  if (!observed) return attempted(server, scope, fn, options)
  try {
    const result = await attempted(server, { ...scope, request: observed.request }, fn, options)
    observed.end()
    return result
  } catch (error) {
    observed.end(error)
    throw error
  }
}

async function attempted<T>(
  server: Server,
  scope: Scope,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const { retries = 0 } = options
  const begin = beginText(options, scope.readOnly)
  const limit = new Limit(scope)
  for (let attempt = 0; ; attempt++) {
    limit.assert()
    try {
      return await once(server, limit, begin, fn)
    } catch (error) {
      if (attempt >= retries || !canBeRetried(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, backoffMs(attempt)))
    }
  }
}

async function once<T>(server: Server, limit: Limit, begin: string, fn: (tx: Transaction) => Promise<T>): Promise<T> {
  const opened = await Opened.begin(server, limit, begin)
  try {
    const result = await limit.race(fn(opened.tx))
    await opened.commit()
    return result
  } catch (error) {
    await opened.rollback()
    throw error
  }
}

/** Rows out of a transaction that lasts as long as they are read; leaving early rolls it back. */
export async function* streamed<Row>(
  server: Server,
  scope: Scope,
  open: (tx: Transaction) => AsyncGenerator<Row, void, void>,
): AsyncGenerator<Row, void, void> {
  const limit = new Limit(scope)
  limit.rowsRead = 0
  const opened = await Opened.begin(server, limit, beginText({}, scope.readOnly))
  // Whoever reads may have left without a word: its connection is not kept for longer than it has time.
  const forget = limit.onOver(() => void opened.rollback())
  let isCommitted = false
  try {
    for await (const row of open(opened.tx)) {
      limit.rowsRead++
      yield row
    }
    await opened.commit()
    isCommitted = true
  } finally {
    forget()
    if (!isCommitted) await opened.rollback()
  }
}

/** A connection in a transaction, from BEGIN to COMMIT or ROLLBACK. */
class Opened {
  readonly tx: OpenTransaction
  readonly #server: Server
  readonly #connection: Connection
  readonly #limit: Limit
  readonly #begun: Promise<unknown>

  static async begin(server: Server, limit: Limit, text: string): Promise<Opened> {
    return new Opened(server, await server.acquire(limit), limit, text)
  }

  private constructor(server: Server, connection: Connection, limit: Limit, text: string) {
    connection.owner = limit
    this.tx = new OpenTransaction(connection, limit, text)
    this.#server = server
    this.#connection = connection
    this.#limit = limit
    // Not waited for: the first statement follows it closely. Were it refused, nothing may run without it.
    this.#begun = control(connection, limit, text)
    this.#begun.catch((error: DatabaseError) => connection.destroy(error))
  }

  async commit(): Promise<void> {
    this.tx.end()
    await this.#limit.race(this.#begun)
    if (this.#limit.isOver) throw this.#limit.reason
    // COMMIT is answered with ROLLBACK when a statement has failed, even if nobody has looked at its error.
    const isCommitted = (await control(this.#connection, this.#limit, 'COMMIT')) === commitTag
    const check = this.#connection.isDueForCheck ? assertNothingLeft(this.#connection) : undefined
    this.#connection.isDueForCheck = false
    this.#server.pool.releaseWhenIdle(this.#connection)
    if (!isCommitted) {
      throw new DatabaseError('25P02', 'rolled back instead of committed, because a statement in it had failed')
    }
    await check
  }

  /** Resolves when it has been rolled back or, if the limit is over, at once. */
  async rollback(): Promise<void> {
    this.tx.end()
    if (!this.#connection.isOpen || this.#connection.owner !== this.#limit) return
    // What runs there has the connection to itself: it would else keep ROLLBACK waiting, and its locks.
    if (this.#limit.isOver && this.#connection.inFlight > 0) this.#connection.cancel()
    this.#connection.isDueForCheck = false
    const rolledBack = control(this.#connection, this.#limit, 'ROLLBACK').catch(() => {})
    this.#server.pool.releaseWhenIdle(this.#connection)
    if (!this.#limit.isOver) await rolledBack
  }
}

const commitTag = 'C'.charCodeAt(0)

function beginText(
  { isolation, readOnly, deferrable }: TransactionOptions,
  scopeReadOnly: boolean | undefined,
): string {
  if (isolation && !isolations.has(isolation)) throw new TypeError(`no such isolation: ${isolation as string}`)
  const level = isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : ''
  return `BEGIN${level}${(readOnly ?? scopeReadOnly) ? ' READ ONLY' : ''}${deferrable ? ' DEFERRABLE' : ''}`
}

const isolations: ReadonlySet<string> = new Set(['read committed', 'repeatable read', 'serializable'])

/** A serialisation failure or a deadlock: it has been rolled back, and may well succeed the next time. */
export function canBeRetried(error: unknown): boolean {
  return error instanceof DatabaseError && (error.sqlstate === '40001' || error.sqlstate === '40P01')
}
