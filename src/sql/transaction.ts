import type { Transaction, TransactionOptions } from './api.ts'
import { backoffMs } from './backoff.ts'
import { DatabaseError } from './databaseError.ts'
import { bulk, type BatchTag, type BatchValue, rowsOf } from './bulk.ts'
import { drizzleOver } from './drizzle.ts'
import { Limit } from './limit.ts'
import { type Bound, preparedOf } from './prepared.ts'
import type { Server } from './server.ts'
import * as shapes from './shapes.ts'
import { type Manner, type Scope, type Shape, Statement } from './statement.ts'
import { Tags } from './tags.ts'
import type { Connection } from './wire/connection.ts'
import { simple } from './wire/setUp.ts'

/** Runs `fn` in a transaction on a connection of the server's pool, again as often as `retries` says. */
export async function transaction<T>(
  server: Server,
  scope: Scope,
  fn: (tx: Transaction) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const { retries = 0 } = options
  const begin = beginText(options, scope.readOnly)
  const limit = new Limit(scope)
  for (let attempt = 0; ; attempt++) {
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
  const opened = await Opened.begin(server, new Limit(scope), beginText({}, scope.readOnly))
  let isRead = false
  try {
    yield* open(opened.tx)
    isRead = true
    await opened.commit()
  } finally {
    if (!isRead) await opened.rollback()
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
    this.tx = new OpenTransaction(connection, limit, 0)
    this.#server = server
    this.#connection = connection
    this.#limit = limit
    // Not waited for: the first statement follows it closely. Were it refused, nothing may run without it.
    this.#begun = control(connection, limit, text)
    this.#begun.catch((error: DatabaseError) => connection.destroy(error))
  }

  async commit(): Promise<void> {
    this.tx.end()
    await this.#begun
    // COMMIT is answered with ROLLBACK when a statement has failed, even if nobody has looked at its error.
    const isCommitted = (await control(this.#connection, this.#limit, 'COMMIT')) === commitTag
    this.#server.pool.releaseWhenIdle(this.#connection)
    if (!isCommitted) {
      throw new DatabaseError('25P02', 'rolled back instead of committed, because a statement in it had failed')
    }
  }

  /** Resolves when it has been rolled back or, if the limit is over, at once. */
  async rollback(): Promise<void> {
    this.tx.end()
    if (!this.#connection.isOpen || this.#connection.owner !== this.#limit) return
    const rolledBack = control(this.#connection, this.#limit, 'ROLLBACK').catch(() => {})
    this.#server.pool.releaseWhenIdle(this.#connection)
    if (!this.#limit.isOver) await rolledBack
  }
}

const commitTag = 'C'.charCodeAt(0)

/** Runs BEGIN and its like, whether or not the time is over. Gives the first byte of the command tag. */
function control(connection: Connection, { observer, request }: Scope, text: string): Promise<number> {
  const scope: Scope = { observer, request, isUnlimited: true }
  return new Promise((resolve, reject) => {
    const statement: Bound = { prepared: preparedOf(text), values: [] }
    connection.send(new Statement(statement, shapes.tag, scope, undefined, resolve, reject))
  })
}

/** A transaction, or a savepoint in one, while its function runs. */
class OpenTransaction extends Tags implements Transaction {
  readonly #connection: Connection
  readonly #limit: Limit
  readonly #depth: number
  #isOver = false
  #lastSavepoint: Promise<unknown> = Promise.resolve()

  constructor(connection: Connection, limit: Limit, depth: number) {
    super()
    this.#connection = connection
    this.#limit = limit
    this.#depth = depth
  }

  override run<T>(statement: Bound, shape: Shape, manner?: Manner): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#assertOpen()
      if (statement.prepared.session) assertAllowedInside(statement.prepared.verb)
      this.#connection.send(new Statement(statement, shape, this.#limit, undefined, resolve, reject, manner))
    })
  }

  stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    return rowsOf<Row>(this, this.#connection, this.#limit, strings, values)
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return (strings: TemplateStringsArray, ...values: readonly BatchValue<Row>[]) => bulk(this, rows, strings, values)
  }

  async script(text: string): Promise<void> {
    this.#assertOpen()
    await simple(this.#connection, text)
    if (!this.#connection.isIdle) return
    this.end()
    throw new DatabaseError('25000', 'the script has ended the transaction')
  }

  async notify(channel: string, payload = ''): Promise<void> {
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  get drizzle(): ReturnType<typeof drizzleOver> {
    return drizzleOver(this)
  }

  /** A savepoint. Those of one transaction run one after the other: PostgreSQL nests them. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    const result = this.#lastSavepoint.then(() => this.#savepoint(fn))
    this.#lastSavepoint = result.catch(() => {})
    return result
  }

  async #savepoint<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    this.#assertOpen()
    const name = `s${this.#depth + 1}`
    const inner = new OpenTransaction(this.#connection, this.#limit, this.#depth + 1)
    await control(this.#connection, this.#limit, `SAVEPOINT ${name}`)
    try {
      const result = await fn(inner)
      inner.end()
      await control(this.#connection, this.#limit, `RELEASE SAVEPOINT ${name}`)
      return result
    } catch (error) {
      inner.end()
      if (this.#connection.isOpen && !this.#isOver) {
        await control(this.#connection, this.#limit, `ROLLBACK TO SAVEPOINT ${name}`)
      }
      throw error
    }
  }

  /** From now on it may not be used. */
  end(): void {
    this.#isOver = true
  }

  #assertOpen(): void {
    if (this.#limit.isOver) throw this.#limit.reason
    if (this.#isOver) throw new DatabaseError('25000', 'the transaction is over')
  }
}

function assertAllowedInside(verb: string): void {
  if (/^(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE|COPY)$/.test(verb)) {
    throw new DatabaseError(
      '25001',
      `${verb} is not for use in a transaction's function: return, throw or nest instead`,
    )
  }
}

function beginText(
  { isolation, readOnly, deferrable }: TransactionOptions,
  scopeReadOnly: boolean | undefined,
): string {
  if (isolation && !isolations.has(isolation)) throw new TypeError(`no such isolation: ${String(isolation)}`)
  const level = isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : ''
  return `BEGIN${level}${(readOnly ?? scopeReadOnly) ? ' READ ONLY' : ''}${deferrable ? ' DEFERRABLE' : ''}`
}

const isolations: ReadonlySet<string> = new Set(['read committed', 'repeatable read', 'serializable'])

/** A serialisation failure or a deadlock: it has been rolled back, and may well succeed the next time. */
function canBeRetried(error: unknown): boolean {
  return error instanceof DatabaseError && (error.sqlstate === '40001' || error.sqlstate === '40P01')
}
