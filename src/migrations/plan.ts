import { MigrationError } from './error.ts'
import { compareVersions, type Migration } from './files.ts'
import type { MigrationRecord } from './record.ts'

/** How the file of a migration and its row in `migration_record` relate. */
export type MigrationState = 'applied' | 'pending' | 'changed' | 'missing' | 'late'

/** A migration in the directory, in the database or in both. */
export interface PlanEntry {
  /** Version and name: `0007_add_age`. */
  readonly id: string
  /**
   * `changed`: the file differs from what was applied. `missing`: it was applied, and its file is gone. `late`: it is not
   * applied, but a later one is.
   */
  readonly state: MigrationState
  readonly migration: Migration | undefined
  readonly record: MigrationRecord | undefined
}

/** Compares the directory with the database, ordered by version. */
export function compare(migrations: readonly Migration[], records: readonly MigrationRecord[]): PlanEntry[] {
  const recordOf = new Map(records.map((record) => [BigInt(record.version), record]))
  const known = new Set(migrations.map(({ version }) => BigInt(version)))
  const last = records.at(-1)?.version
  const entries: PlanEntry[] = migrations.map((migration) => {
    const record = recordOf.get(BigInt(migration.version))
    return { id: migration.id, state: stateOf(migration, record, last), migration, record }
  })
  const missing = records
    .filter(({ version }) => !known.has(BigInt(version)))
    .map((record): PlanEntry => ({
      id: `${record.version}_${record.name}`,
      state: 'missing',
      migration: undefined,
      record,
    }))
  return [...entries, ...missing].sort((a, b) => compareVersions(versionOf(a), versionOf(b)))
}

function stateOf(migration: Migration, record: MigrationRecord | undefined, last: string | undefined): MigrationState {
  if (record) return record.checksum === migration.checksum && record.name === migration.name ? 'applied' : 'changed'
  return last !== undefined && compareVersions(migration.version, last) < 0 ? 'late' : 'pending'
}

function versionOf({ migration, record }: PlanEntry): string {
  return (migration ?? record)?.version as string
}

/**
 * Returns the pending migrations.
 *
 * @param options - `allowNewer`: accept a database that is ahead of the directory, for an older release.
 * @throws {MigrationError} naming each migration that does not match its file.
 */
export function pendingOf(
  plan: readonly PlanEntry[],
  { allowNewer = false }: { readonly allowNewer?: boolean } = {},
): Migration[] {
  const lastFile = plan.findLastIndex(({ migration }) => migration)
  const problems = plan.filter(
    ({ state }, index) => problem[state] !== undefined && !(allowNewer && state === 'missing' && index > lastFile),
  )
  const [first] = problems
  if (first) {
    throw new MigrationError(problems.map(problemOf).join('\n'), {
      migration: first.id,
    })
  }
  return plan.flatMap(({ migration, state }) => (migration && state === 'pending' ? [migration] : []))
}

function problemOf({ id, state, migration, record }: PlanEntry): string {
  if (migration && record && record.name !== migration.name) {
    const applied = `${record.version}_${record.name}`
    return `${id} has the number of ${applied}, which was applied: restore that file, and give this one a later number`
  }
  return `${id} ${problem[state]}`
}

const problem: Readonly<Partial<Record<MigrationState, string>>> = {
  changed:
    'was applied, and its file has changed since: restore the file first. Then put the change into a new migration or, if only your own database has it, run tricube migrate down and edit it again',
  missing: 'was applied, and its file is missing: restore the file',
  late: 'is not applied, but a later one is: give it a later number',
}
