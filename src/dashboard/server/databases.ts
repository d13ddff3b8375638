import { database, DatabaseError, type Database } from '../../sql/index.ts'

/** A page waits so long for a connection and for a statement, in milliseconds. */
const acquireTimeoutMs = 1500
const statementTimeoutMs = 5000

/** The databases of the services, each opened when a page first asks for it. */
export class Databases {
  readonly #open = new Map<string, Database>()

  /** Returns the database of a URL. */
  of(url: string): Database {
    let db = this.#open.get(url)
    if (!db) {
      const limits = { acquireTimeoutMs, statementTimeoutMs }
      db = database({ url, lanes: 0, pool: 2, ...limits, applicationName: 'tricube dashboard' })
      this.#open.set(url, db)
    }
    return db
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(all.map((db) => db.close()))
  }
}

/** PostgreSQL's code for a table that does not exist. */
const noSuchTable = '42P01'

/** Waits for rows of tricube's tables. A service without jobs or events has none of these tables. */
export async function rowsOf<Row>(rows: Promise<readonly Row[]>): Promise<readonly Row[]> {
  try {
    return await rows
  } catch (error) {
    if (error instanceof DatabaseError && error.sqlstate === noSuchTable) return []
    throw error
  }
}
