import pg from 'pg'
import type {
  Database,
  DatabaseOptions,
  RequestScope,
  StatementOptions,
  Transaction,
  TransactionOptions,
} from './api.ts'
import { DatabaseError, errorOf } from './databaseError.ts'
import { assertTemplate, type Fragments, fragments, Rendering, sql, type SqlTag } from './fragment.ts'

/**
 * Opens a database. It need not be up yet: statements wait up to `acquireTimeoutMs` for it.
 * @example await using db = await database({ url: process.env.DATABASE_URL })
 */
export async function database(options: DatabaseOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.pool ?? 10,
    connectionTimeoutMillis: options.acquireTimeoutMs ?? 3000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    application_name: options.applicationName ?? 'tricube',
    options: '-c TimeZone=UTC',
    types: { getTypeParser },
  })
  pool.on('error', () => {})
  return new PooledDatabase(pool)
}

interface Queryable {
  query(config: { text: string; values?: unknown[] }): Promise<pg.QueryResult<pg.QueryResultRow>>
}

interface Statements extends Fragments {
  readonly sql: SqlTag
}

class Statements {
  readonly #on: Queryable

  constructor(on: Queryable) {
    this.#on = on
  }

  async one<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row> {
    return exactlyOne(await this.#rows<Row>(strings, values))
  }

  async maybeOne<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row | undefined> {
    const rows = await this.#rows<Row>(strings, values)
    return rows.length === 0 ? undefined : exactlyOne(rows)
  }

  async many<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]> {
    return this.#rows<Row>(strings, values)
  }

  async value<Value>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Value> {
    return Object.values(exactlyOne(await this.#rows<Record<string, Value>>(strings, values)))[0] as Value
  }

  async execute(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<number> {
    return (await this.#run(strings, values)).rowCount ?? 0
  }

  async script(text: string): Promise<void> {
    await query(this.#on, { text })
  }

  async #rows<Row>(strings: TemplateStringsArray, values: readonly unknown[]): Promise<Row[]> {
    return (await this.#run(strings, values)).rows as Row[]
  }

  #run(strings: TemplateStringsArray, values: readonly unknown[]): Promise<pg.QueryResult> {
    assertTemplate(strings)
    const rendering = new Rendering()
    rendering.template(strings, values)
    return query(this.#on, rendering)
  }
}
Object.assign(Statements.prototype, fragments, { sql })

class PooledDatabase extends Statements implements Database {
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    super(pool)
    this.#pool = pool
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw translated(error)
    })
    try {
      await query(client, { text: `BEGIN${options.isolation ? ` ISOLATION LEVEL ${options.isolation}` : ''}` })
      const result = await fn(new ClientTransaction(client))
      await query(client, { text: 'COMMIT' })
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      throw error
    } finally {
      client.release()
    }
  }

  with(_options: StatementOptions): Database {
    return this
  }

  forRequest(_request: RequestScope): Database {
    return this
  }

  async ping(): Promise<void> {
    await query(this.#pool, { text: 'SELECT 1' })
  }

  async close(): Promise<void> {
    if (!this.#pool.ended) await this.#pool.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class ClientTransaction extends Statements implements Transaction {
  readonly #client: Queryable

  constructor(client: Queryable) {
    super(client)
    this.#client = client
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    await query(this.#client, { text: 'SAVEPOINT nested' })
    try {
      const result = await fn(this)
      await query(this.#client, { text: 'RELEASE SAVEPOINT nested' })
      return result
    } catch (error) {
      await query(this.#client, { text: 'ROLLBACK TO SAVEPOINT nested' })
      throw error
    }
  }
}

async function query(on: Queryable, config: { text: string; values?: unknown[] }): Promise<pg.QueryResult> {
  try {
    return await on.query(config)
  } catch (error) {
    throw translated(error)
  }
}

function translated(error: unknown): DatabaseError {
  if (error instanceof pg.DatabaseError) {
    const { code, detail, hint, where, table, column, constraint } = error
    return errorOf(
      Object.fromEntries(
        Object.entries({
          C: code,
          M: error.message,
          D: detail,
          H: hint,
          W: where,
          t: table,
          c: column,
          n: constraint,
        }).filter(([, value]) => value !== undefined),
      ),
    )
  }
  return new DatabaseError('08006', 'the database cannot be reached', { cause: error })
}

function exactlyOne<Row>(rows: readonly Row[]): Row {
  if (rows.length === 1) return rows[0]!
  throw rows.length === 0
    ? new DatabaseError('P0002', 'expected one row, got none')
    : new DatabaseError('P0003', `expected one row, got ${rows.length}`)
}

const own = new Map<number, (text: string) => unknown>([
  [20, (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : text)],
  [1082, (text) => text],
  [1114, (text) => text.replace(' ', 'T')],
  [1184, (text) => text.replace(' ', 'T').replace('+00', 'Z')],
])

function getTypeParser(oid: number): (text: string) => unknown {
  return own.get(oid) ?? pg.types.getTypeParser(oid)
}
