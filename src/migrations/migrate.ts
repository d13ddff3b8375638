import type { Client } from 'pg'
import { runScript } from './apply.ts'
import { MigrationError } from './error.ts'
import { readMigrations, type Migration, type Script } from './files.ts'
import { assertNoLosses, tableIds, type TableIds } from './losses.ts'
import { compare, pendingOf, type MigrationState, type PlanEntry } from './plan.ts'
import { Records } from './record.ts'
import { keepsSession, withConnection, withMigrationLock } from './session.ts'

/** A database, and the directory of its migrations. */
export interface MigrationTarget {
  /** `postgres://` URL of the database. Files marked no-transaction need one that leads straight to PostgreSQL. */
  readonly url: string
  /** Directory of the `.sql` files: a path or a `file:` URL. */
  readonly directory: string | URL
}

/** Options of `migrate` and `rollback`. */
export interface MigrateOptions extends MigrationTarget {
  /** Whether to run statements that lose data: DROP TABLE, DROP COLUMN, a change of type, TRUNCATE, DELETE. Default: false. */
  readonly allowDestructive?: boolean
  /** Whether to accept a database that is ahead of the directory, for an older release. Default: false. */
  readonly allowNewer?: boolean
  /** Whether to leave out the newest migrations as long as their files have no statement. Default: false. */
  readonly allowUnwritten?: boolean
  /**
   * Milliseconds that one attempt may wait for the lock of a table; queries behind it wait as long. Default: 1000, a fifth
   * of a client's default timeout.
   */
  readonly lockTimeoutMs?: number
  /** Number of attempts to get a lock, with growing pauses in between. Default: 10, about half a minute. */
  readonly lockAttempts?: number
  /** Milliseconds to wait while another instance migrates. Default: 600000. */
  readonly waitMs?: number
  /** Called after each migration. */
  readonly onApplied?: (migration: { readonly id: string; readonly durationMs: number }) => void
}

/**
 * Applies pending migrations, each in its transaction. Any number of processes may call it at the same time: one migrates,
 * and all others wait until it is done.
 *
 * @throws {MigrationError} with the migration that fails, or that was changed or removed after it was applied
 *
 * @example
 * const { applied } = await migrate({ url: databaseUrl, directory: new URL('migrations/', import.meta.url) })
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { allowNewer = false, allowUnwritten = false, waitMs = 600_000 } = options
  const migrations = await readMigrations(options.directory)
  return withConnection(options.url, async (client) => {
    const records = await Records.open(client)
    const pending = async (): Promise<Migration[]> => {
      const found = pendingOf(compare(migrations, await records.all()), { allowNewer })
      return allowUnwritten ? written(found) : found
    }
    if ((await pending()).length === 0) return { applied: [] } // the usual start of a service, without lock or write

    return withMigrationLock(options.url, waitMs, async (lock) => {
      await records.create()
      const before = await tableIds(client)
      const applied: string[] = []
      for (const migration of await pending()) {
        const began = performance.now()
        await run(client, before, migration, migration.up, options, async () => {
          await lock.assertHeld()
          await records.add(migration, performance.now() - began)
        })
        applied.push(migration.id)
        options.onApplied?.({ id: migration.id, durationMs: performance.now() - began })
      }
      return { applied }
    })
  })
}

/**
 * Undoes the last `steps` migrations with their down files, newest first.
 *
 * @throws {MigrationError} when one has no down file, or the database does not match the files
 *
 * @example
 * const { undone } = await rollback({ url: databaseUrl, directory, steps: 2 })
 */
export async function rollback(options: MigrateOptions & { readonly steps?: number }): Promise<{ undone: string[] }> {
  const { steps = 1, waitMs = 600_000 } = options
  const migrations = await readMigrations(options.directory)
  return withConnection(options.url, (client) =>
    withMigrationLock(options.url, waitMs, async (lock) => {
      const records = await Records.open(client)
      const plan = compare(migrations, await records.all())
      pendingOf(plan)
      const before = await tableIds(client)
      const undone: string[] = []
      for (const migration of appliedOf(plan).slice(-steps).reverse()) {
        const { id, down } = migration
        if (!down) throw new MigrationError(`${id} cannot be undone: it has no ${id}.down.sql`, { migration: id })
        const began = performance.now()
        await run(client, before, migration, down, options, async () => {
          await lock.assertHeld()
          await records.remove(migration)
        })
        undone.push(id)
        options.onApplied?.({ id, durationMs: performance.now() - began })
      }
      return { undone }
    }),
  )
}

/** Leaves out the newest migrations as long as their files have no statement. */
function written(pending: readonly Migration[]): Migration[] {
  return pending.slice(0, 1 + pending.findLastIndex(({ up }) => up.statements.length > 0))
}

/** Returns the IDs of the migrations that a database lacks, and of those whose files have no statement yet. */
export async function lackingMigrations(
  target: MigrationTarget,
): Promise<{ readonly pending: readonly string[]; readonly unwritten: readonly string[] }> {
  const all = (await compared(target)).flatMap(({ state, migration }) =>
    state === 'pending' && migration ? migration : [],
  )
  const pending = written(all).map(({ id }) => id)
  return { pending, unwritten: all.slice(pending.length).map(({ id }) => id) }
}

async function compared({ url, directory }: MigrationTarget): Promise<ReturnType<typeof compare>> {
  const migrations = await readMigrations(directory)
  return compare(migrations, await withConnection(url, async (client) => (await Records.open(client)).all()))
}

/** The state of one migration. */
export interface MigrationStatus {
  /** Version and name: `0007_add_age`. */
  readonly id: string
  readonly state: MigrationState
  readonly author: string | undefined
  /** ISO 8601; undefined if it is not applied. */
  readonly appliedAt: string | undefined
  readonly durationMs: number | undefined
}

/**
 * Returns all migrations of the directory and the database, in order. It writes nothing.
 *
 * @throws {MigrationError} when a file cannot be read, or the database cannot be reached
 *
 * @example
 * const pending = (await migrationStatus({ url: databaseUrl, directory })).filter(({ state }) => state === 'pending')
 */
export async function migrationStatus(target: MigrationTarget): Promise<MigrationStatus[]> {
  return (await compared(target)).map(({ id, state, migration, record }) => ({
    id,
    state,
    author: record?.author ?? migration?.author,
    appliedAt: record?.applied_at,
    durationMs: record?.duration_ms,
  }))
}

async function run(
  client: Client,
  before: TableIds,
  { id }: Migration,
  script: Script,
  { url, allowDestructive = false, lockTimeoutMs = 1000, lockAttempts = 10 }: MigrateOptions,
  record: () => Promise<void>,
): Promise<void> {
  if (script.statements.length === 0)
    throw new MigrationError(`${script.file} contains no statement: write its SQL, or delete the migration`, {
      migration: id,
    })
  if (!allowDestructive) await assertNoLosses(client, id, script, before)
  if (!script.transaction && !(await keepsSession(client, url))) {
    throw new MigrationError(
      `${script.file} is marked no-transaction, and a pooler in transaction mode cannot run it: use a URL that leads straight to PostgreSQL`,
      { migration: id },
    )
  }
  await runScript(client, id, script, { lockTimeoutMs, lockAttempts }, record)
}

function appliedOf(plan: readonly PlanEntry[]): Migration[] {
  return plan.flatMap(({ migration, state }) => (migration && state === 'applied' ? [migration] : []))
}
