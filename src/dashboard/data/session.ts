import type { Client } from 'pg'
import { connectClient } from '../../sql/connection/connect.ts'
import { connectionSettings, addressText } from '../../sql/url/settings.ts'
import { runStatement, type QueryResult } from './query.ts'

/** What the statements of a session may do. */
export type SessionAccess = 'read' | 'write'

/** A session of the dashboard, in one transaction. */
export interface Session {
  /** The notices of the server, such as those of RAISE NOTICE. */
  readonly notices: readonly string[]
  /** Runs one statement. Its rows are text; at most `limit` come. */
  readonly run: (text: string, values?: readonly (string | null)[], limit?: number) => Promise<QueryResult>
}

/** The options of `withSession`. */
export interface SessionOptions {
  readonly url: string
  /** Default: read. */
  readonly access?: SessionAccess
  /** Milliseconds for all of it. Default: 10,000. */
  readonly timeoutMs?: number
}

const usualTimeoutMs = 10_000
const connectTimeoutMs = 3000
/** A statement that waits for a lock blocks those behind it. */
const lockTimeoutMs = 2000
const usualLimit = 1000
const mostNotices = 50

/**
 * Runs `work` in a session of its own, in a transaction. Reading, that is READ ONLY and rolled back; writing, it is committed
 * if `work` succeeds.
 *
 * @throws {Error} the error of the server or of the connection
 */
export async function withSession<Result>(
  { url, access = 'read', timeoutMs = usualTimeoutMs }: SessionOptions,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const client = await connectClient(url, { applicationName: 'tricube dashboard', connectTimeoutMs })
  client.on('error', () => {}) // the statement that runs reports it
  const notices: string[] = []
  client.on('notice', ({ severity, message }) => {
    if (notices.length < mostNotices) notices.push(`${severity ?? 'NOTICE'}: ${message ?? ''}`)
  })
  // The server's own timeout is in time, unless the network has swallowed it.
  const timer = setTimeout(
    () => client.connection.stream.destroy(new Error(`no response within ${timeoutMs} ms`)),
    timeoutMs + connectTimeoutMs,
  )
  try {
    await begin(client, access, timeoutMs)
    const result = await work({
      notices,
      run: (text, values = [], limit = usualLimit) => runStatement(client, text, values, { rows: limit }),
    })
    await client.query(access === 'write' ? 'COMMIT' : 'ROLLBACK')
    return result
  } finally {
    clearTimeout(timer)
    await client.end().catch(() => {}) // an open transaction is rolled back
  }
}

/**
 * The second statement takes a snapshot. From then on, PostgreSQL rejects SET TRANSACTION READ WRITE.
 * https://www.postgresql.org/docs/current/sql-set-transaction.html
 */
async function begin(client: Client, access: SessionAccess, timeoutMs: number): Promise<void> {
  const mode = access === 'read' ? 'READ ONLY' : 'READ WRITE'
  await client.query(
    `BEGIN ${mode}; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL lock_timeout = ${lockTimeoutMs}`,
  )
  await client.query('SELECT 1')
}

/** The host, the port and the name of a database. */
export function addressOf(url: string): string {
  try {
    const { addresses, database } = connectionSettings(url)
    return `${addresses.map(addressText).join(',')}/${database}`
  } catch {
    return 'an unknown address'
  }
}
