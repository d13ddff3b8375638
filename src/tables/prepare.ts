import { DatabaseError, type Database, type Sql } from '../sql/index.ts'
import type { Room } from './room.ts'

/** The database user may not create the missing tables. */
class TablesError extends Error {
  override readonly name: string = 'TablesError'
}

/** A version that a database lacks. */
interface Missing {
  readonly room: string
  readonly version: number
  readonly sql: string
}

// Advisory locks are local to a database. The number is the ASCII of "tritable".
const lockKey = 8390885004315618405n

/**
 * Creates and upgrades tables in the schema `tricube` of a database: each version once, all in one transaction.
 * Any number of processes may call it at once. A database that lacks nothing is only read.
 *
 * @returns the versions that it ran, such as `idempotency 1`
 * @throws {TablesError} when the user lacks the right; it names the command to run
 * @throws {DatabaseError} when the database cannot be reached, or a version fails; the transaction is then rolled back
 */
export async function prepareTables(db: Database, rooms: readonly Room[], service: string): Promise<readonly string[]> {
  if (await hasTables(db, rooms)) return []
  try {
    return await db
      .with({ slow: true })
      .transaction((tx) => upgrade(tx, rooms, service), { isolation: 'read committed' })
  } catch (error) {
    throw isForbidden(error) ? mayNot('create', rooms, error) : error
  }
}

/**
 * Whether a database has every version of these rooms.
 *
 * @throws {TablesError} when the user may not read them; it names the command to run
 */
export async function hasTables(db: Database, rooms: readonly Room[]): Promise<boolean> {
  try {
    return rooms.length === 0 || (await missingIn(db.primary, rooms)).length === 0
  } catch (error) {
    throw isForbidden(error) ? mayNot('read', rooms, error) : error
  }
}

/** The lock belongs to the transaction, so it also works behind a pooler in transaction mode. */
async function upgrade(tx: Sql, rooms: readonly Room[], service: string): Promise<readonly string[]> {
  await tx.execute`SELECT pg_advisory_xact_lock(${lockKey}::bigint)`
  // IF NOT EXISTS would need the right to create a schema even if the schema exists.
  const hasSchema = await tx.value<boolean>`SELECT to_regnamespace('tricube') IS NOT NULL`
  if (!hasSchema) await tx.execute`CREATE SCHEMA tricube`
  await tx.execute`
    CREATE TABLE IF NOT EXISTS tricube.versions (
      room text NOT NULL,
      version integer NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (room, version)
    )`
  await tx.execute`SELECT set_config('tricube.service', ${service}, true)` // read by versions that move data
  const missing = await missingIn(tx, rooms) // again, because another process may have held the lock
  for (const { room, version, sql } of missing) {
    await tx.script(sql)
    await tx.execute`INSERT INTO tricube.versions (room, version) VALUES (${room}, ${version})`
  }
  return missing.map(({ room, version }) => `${room} ${version}`)
}

async function missingIn(sql: Sql, rooms: readonly Room[]): Promise<Missing[]> {
  const isThere = await sql.value<boolean>`SELECT to_regclass('tricube.versions') IS NOT NULL`
  const rows = isThere
    ? await sql.many<{ room: string; version: number }>`SELECT room, version FROM tricube.versions`
    : []
  const known = new Set(rows.map(({ room, version }) => `${room} ${version}`))
  return rooms.flatMap(({ name: room, versions }) =>
    versions.map((one) => ({ room, ...one })).filter(({ version }) => !known.has(`${room} ${version}`)),
  )
}

/** PostgreSQL's codes for insufficient privilege and a read-only transaction. */
function isForbidden(error: unknown): boolean {
  return error instanceof DatabaseError && (error.sqlstate === '42501' || error.sqlstate === '25006')
}

function mayNot(what: 'create' | 'read', rooms: readonly Room[], cause: unknown): TablesError {
  const names = rooms.map(({ name }) => name).join(', ')
  return new TablesError(
    `the database user may not ${what} the tables in the schema tricube (${names}): ${(cause as Error).message}; ${how[what]}`,
  )
}

const how = {
  create: 'run `tricube migrate up <service> --url …` as a user with that right',
  read: 'as their owner, GRANT USAGE ON SCHEMA tricube and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tricube TO it',
}
