import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { DatabaseError, reasonOf } from '../sql/errors/databaseError.ts'
import { addressText, connectionSettings } from '../sql/url/settings.ts'
import { connectClient } from '../sql/connection/connect.ts'
import { MigrationError } from './error.ts'

/**
 * Runs `work` on a new connection and closes it afterwards.
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
  try {
    return await connectClient(url, { applicationName: 'tricube migrate' })
  } catch (error) {
    // A TypeError means an invalid URL.
    if (!(error instanceof DatabaseError)) throw new MigrationError(`the URL of the database: ${reasonOf(error)}`)
    const { addresses, database } = connectionSettings(url)
    const place = `the database ${database} at ${addresses.map(addressText).join(', ')}`
    const reason = error.message.replace('the database cannot be reached: ', '')
    throw new MigrationError(`${place} cannot be reached: ${reason}`, { cause: error })
  }
}

// One lock per database, because advisory locks are local to a database. The number is the ASCII of "tricube".
const lockKey = '32776894264205925'

/** The migration lock of this process. */
export interface MigrationLock {
  /** @throws {MigrationError} when its connection was lost, so that another instance may be migrating. */
  assertHeld(): Promise<void>
}

/**
 * Runs `work` while a separate connection holds the migration lock of the database, so that of ten instances one migrates.
 *
 * The lock belongs to a transaction, because a pooler may share the session. That transaction holds no snapshot, for
 * which CREATE INDEX CONCURRENTLY would wait. A statement that waits holds a snapshot too, so the lock is polled.
 *
 * @param waitMs - Milliseconds to wait for another holder.
 * @throws {MigrationError} when the lock is still held after that.
 */
export async function withMigrationLock<T>(
  url: string,
  waitMs: number,
  work: (lock: MigrationLock) => Promise<T>,
): Promise<T> {
  return withConnection(url, async (client) => {
    for (const until = performance.now() + waitMs; !(await tryLock(client));) {
      if (performance.now() > until)
        throw new MigrationError(`${await holder(client)} has been migrating for more than ${waitMs} ms`)
      await delay(50 + Math.random() * 100) // milliseconds; random, to spread instances that started together
    }
    try {
      return await work({
        assertHeld: async () => {
          await client.query('SELECT').catch((cause: unknown) => {
            throw new MigrationError('the connection that holds the migration lock was lost', { cause })
          })
        },
      })
    } finally {
      await client.query('COMMIT').catch(() => {}) // a lost connection has lost the lock too
    }
  })
}

async function tryLock(client: Client): Promise<boolean> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [lockKey])
  const isLocked = rows[0]?.locked === true
  // A migration may take hours, during which this connection is idle.
  await client.query(isLocked ? forHours : 'ROLLBACK')
  return isLocked
}

const forHours = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`

/**
 * Whether settings of a session last from one transaction to the next. Behind a pooler in transaction mode they do not: it
 * takes the server connection away in between, so that a notification does not arrive.
 */
export async function keepsSession(client: Client, url: string): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  if (rows[0]?.pid === (client as unknown as { readonly processID: number }).processID) return true
  return withConnection(url, async (other) => {
    const received = new Promise<boolean>((resolve) => {
      client.once('notification', () => resolve(true))
      setTimeout(() => resolve(false), notificationMs).unref()
    })
    await client.query('LISTEN tricube_probe')
    await other.query('NOTIFY tricube_probe')
    const isReceived = await received
    await client.query('UNLISTEN tricube_probe')
    return isReceived
  })
}

const notificationMs = 2000

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
