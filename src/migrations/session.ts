import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { MigrationError } from './error.ts'

/**
 * Runs `work` on one connection of its own and closes that connection.
 *
 * @throws {MigrationError} when the database cannot be reached; its message has the host and never the password.
 */
export async function withConnection<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(url)
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function connect(url: string): Promise<Client> {
  let place = 'the database'
  try {
    const client = new Client({
      connectionString: url,
      application_name: 'tricube migrate',
      connectionTimeoutMillis: 10_000,
    })
    place = `the database ${client.database} at ${client.host}:${client.port}`
    client.on('error', () => {}) // a connection lost between two statements: the next statement says so
    await client.connect()
    return client
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ERR_INVALID_URL') throw new MigrationError('the URL of the database is not valid')
    throw new MigrationError(`${place} cannot be reached: ${message || code}`, { cause: error })
  }
}

// One lock per database: advisory locks are local to a database. The number is the ASCII of "tricube".
const lockKey = '32776894264205925'

/**
 * Runs `work` while this connection holds the database's migration lock, so that of ten instances one migrates.
 *
 * It asks again and again instead of waiting inside PostgreSQL: a statement that waits holds a snapshot, and CREATE
 * INDEX CONCURRENTLY, run by the holder, would wait for that snapshot: a deadlock.
 *
 * @param waitMs - How long to wait for another holder, in milliseconds.
 * @throws {MigrationError} when it is still held after that.
 */
export async function withMigrationLock<T>(client: Client, waitMs: number, work: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + waitMs; !(await tryLock(client));) {
    if (performance.now() > until)
      throw new MigrationError(`${await holder(client)} has been migrating for over ${waitMs} ms`)
    await delay(50 + Math.random() * 100) // milliseconds; instances that started together spread out
  }
  try {
    return await work()
  } finally {
    // On a connection that was lost the lock is gone with it.
    await client.query('SELECT pg_advisory_unlock($1)', [lockKey]).catch(() => {})
  }
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [lockKey])
  return rows[0]?.locked === true
}

async function holder(client: Client): Promise<string> {
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_locks
     WHERE locktype = 'advisory' AND granted AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (classid::bigint << 32 | objid::bigint) = $1`,
    [lockKey],
  )
  return rows[0] ? `PostgreSQL process ${rows[0].pid}` : 'another instance'
}
