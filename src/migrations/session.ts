import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { DatabaseError, reasonOf } from '../sql/errors/databaseError.ts'
import { addressText, connectionSettings } from '../sql/url/settings.ts'
import { connectClient } from '../sql/connection/connect.ts'
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
  try {
    return await connectClient(url, { applicationName: 'tricube migrate' })
  } catch (error) {
    // A TypeError: what is wrong with the URL.
    if (!(error instanceof DatabaseError)) throw new MigrationError(`the URL of the database: ${reasonOf(error)}`)
    const { addresses, database } = connectionSettings(url)
    const place = `the database ${database} at ${addresses.map(addressText).join(', ')}`
    const reason = error.message.replace('the database cannot be reached: ', '')
    throw new MigrationError(`${place} cannot be reached: ${reason}`, { cause: error })
  }
}

// One lock per database: advisory locks are local to a database. The number is the ASCII of "tricube".
const lockKey = '32776894264205925'

/** The migration lock while it is held. */
export interface MigrationLock {
  /** @throws {MigrationError} when its connection has been lost, so that another instance may be migrating by now. */
  assertHeld(): Promise<void>
}

/**
 * Runs `work` while a connection of its own holds the database's migration lock, so that of ten instances one migrates.
 *
 * The lock belongs to a transaction and not to a session, which a pooler may give to others; and that transaction holds
 * no snapshot, for which CREATE INDEX CONCURRENTLY would wait. For the same reason it asks again and again instead of
 * waiting inside PostgreSQL: a statement that waits holds a snapshot.
 *
 * @param waitMs - How long to wait for another holder, in milliseconds.
 * @throws {MigrationError} when it is still held after that.
 */
export async function withMigrationLock<T>(
  url: string,
  waitMs: number,
  work: (lock: MigrationLock) => Promise<T>,
): Promise<T> {
  return withConnection(url, async (client) => {
    for (const until = performance.now() + waitMs; !(await tryLock(client));) {
      if (performance.now() > until)
        throw new MigrationError(`${await holder(client)} has been migrating for over ${waitMs} ms`)
      await delay(50 + Math.random() * 100) // milliseconds; instances that started together spread out
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
      await client.query('COMMIT').catch(() => {}) // on a connection that was lost the lock is gone with it
    }
  })
}

async function tryLock(client: Client): Promise<boolean> {
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [lockKey])
  const isLocked = rows[0]?.locked === true
  // A migration may take hours, while this connection does nothing.
  await client.query(isLocked ? forHours : 'ROLLBACK')
  return isLocked
}

const forHours = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`

/**
 * Whether what is set for a session lasts from one transaction to the next: not behind a pooler in transaction mode. Such
 * a pooler takes the server connection away in between, so that a notification does not arrive.
 */
export async function keepsSession(client: Client, url: string): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  if (rows[0]?.pid === (client as unknown as { readonly processID: number }).processID) return true
  return withConnection(url, async (other) => {
    const heard = new Promise<boolean>((resolve) => {
      client.once('notification', () => resolve(true))
      setTimeout(() => resolve(false), notificationMs).unref()
    })
    await client.query('LISTEN tricube_probe')
    await other.query('NOTIFY tricube_probe')
    const isHeard = await heard
    await client.query('UNLISTEN tricube_probe')
    return isHeard
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
