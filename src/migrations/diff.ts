import { renameAlike } from './alike.ts'
import { plain, type RowChanges } from './rowChanges.ts'
import { MigrationError } from './error.ts'
import type { Kit } from './kit.ts'
import { applyRename, inverse, type Rename } from './rename.ts'
import { repair } from './repair.ts'
import type { Snapshot } from './snapshot.ts'

/** The statements of a change, by when and how they run. */
export interface Change {
  /** First, outside a transaction: DROP INDEX CONCURRENTLY. */
  readonly dropIndexes: readonly string[]
  /** In one transaction. */
  readonly main: readonly string[]
  /** Last, outside a transaction: CREATE INDEX CONCURRENTLY. */
  readonly createIndexes: readonly string[]
}

/**
 * Returns the statements from one snapshot to another.
 *
 * @param changes - How existing rows change; undefined on the way back.
 */
export async function diff(
  kit: Kit,
  from: Snapshot,
  to: Snapshot,
  renames: readonly Rename[],
  changes?: RowChanges,
): Promise<Change> {
  const before = structuredClone(from)
  const renamed = [...renames.map((rename) => applyRename(before, rename)), ...renameAlike(before, to)]
  // In two steps, so that drizzle-kit never sees a drop and an addition together, which it would ask about. Drops come
  // last, after the statements that move their data.
  const both = keepDropped(before, to)
  const raw = [...(await kit.diff(before, both)), ...(await kit.diff(both, to))].map(tidy)
  const statements = repair(raw, { from: before, to, changes })
  const isNew = (table: string): boolean => !before.tables[table]
  const drops = statements.filter((text) => dropIndex.test(text))
  const creates = statements.filter((text) => createIndex.test(text) && !isNew(tableOf(text)))
  const apart = new Set([...drops, ...creates])
  return {
    dropIndexes: drops.map((text) => text.replace(dropIndex, 'DROP INDEX CONCURRENTLY IF EXISTS ')),
    main: [...renamed, ...statements.filter((text) => !apart.has(text))],
    createIndexes: creates.flatMap((text) => [
      `DROP INDEX CONCURRENTLY IF EXISTS ${indexOf(text)};`,
      text.replace(createIndex, (_, unique: string | undefined) => `CREATE ${unique ?? ''}INDEX CONCURRENTLY `),
    ]),
  }
}

/** Intermediate snapshots of a change. */
export interface EnumStages {
  /** `from` with the new values of its enums: PostgreSQL allows their use only after a commit. */
  readonly withNewValues: Snapshot
  /** `to` with the values that its enums lose: what uses one is dropped before and created after the value. */
  readonly withOldValues: Snapshot
}

/** Returns the stages of a change, each of which is a migration. Without a change of enums they equal its ends. */
export function enumStages(from: Snapshot, to: Snapshot): EnumStages {
  const [withNewValues, withOldValues] = [structuredClone(from), structuredClone(to)]
  for (const [key, type] of Object.entries(from.enums)) {
    const target = to.enums[key]
    if (!target) continue
    const removes = type.values.some((value) => !target.values.includes(value))
    const values = removes ? [...new Set([...type.values, ...target.values])] : target.values
    withNewValues.enums[key] = { ...type, values }
    withOldValues.enums[key] = { ...target, values }
  }
  return { withNewValues, withOldValues }
}

/**
 * Rejects a change that drops one table or column and adds another: it may be a rename, and a drop would lose data.
 *
 * @param drops - Names that are dropped, not renamed: `users.name`.
 * @throws {MigrationError} listing the options that decide it.
 */
export function assertUnambiguous(
  from: Snapshot,
  to: Snapshot,
  renames: readonly Rename[],
  drops: readonly string[],
): void {
  const before = structuredClone(from)
  for (const rename of renames) applyRename(before, rename)
  const oldKeyOf = new Map(renames.map((rename) => [inverse(rename).table, rename.table]))
  const confirmed = new Set(drops.map(plain))
  const pairs = [
    { gone: missing(before.tables, to.tables), come: missing(to.tables, before.tables) },
    ...Object.entries(before.tables).map(([key, table]) => {
      const columns = to.tables[key]?.columns ?? table.columns
      const name = (column: string): string => `${oldKeyOf.get(key) ?? key}.${column}`
      return { gone: missing(table.columns, columns).map(name), come: missing(columns, table.columns).map(name) }
    }),
  ]
  const questions = pairs.flatMap(({ gone, come }) => {
    const open = gone.map(plain).filter((name) => !confirmed.has(name))
    const news = come.map((name) => name.slice(name.lastIndexOf('.') + 1))
    return news.length > 0 ? open.map((name) => `  ${name}: --rename ${name}:${news.join('|')} or --drop ${name}`) : []
  })
  if (questions.length > 0) {
    throw new MigrationError(['renamed or dropped? Decide for each:', ...questions].join('\n'))
  }
}

function missing(here: object, there: object): string[] {
  return Object.keys(here).filter((key) => !Object.hasOwn(there, key))
}

const collections = ['tables', 'enums', 'schemas', 'views', 'sequences', 'roles', 'policies'] as const

/** `to`, with everything that it no longer has. */
function keepDropped(from: Snapshot, to: Snapshot): Snapshot {
  const both = structuredClone(to)
  for (const collection of collections) {
    Object.assign(both[collection], { ...structuredClone(from[collection]), ...both[collection] })
  }
  for (const [key, table] of Object.entries(to.tables)) {
    const merged = both.tables[key]
    if (!merged) continue
    merged.columns = { ...from.tables[key]?.columns, ...table.columns }
    merged.policies = { ...from.tables[key]?.policies, ...table.policies }
  }
  return both
}

function tidy(statement: string): string {
  return statement.trim().replace(/^\t/gm, '  ')
}

const dropIndex = /^DROP INDEX (CONCURRENTLY )?(IF EXISTS )?/
const createIndex = /^CREATE (UNIQUE )?INDEX (CONCURRENTLY )?(IF NOT EXISTS )?/

/** The snapshot's key of the table that a CREATE INDEX is on. */
function tableOf(statement: string): string {
  const [, first, second] = /" ON "([^"]+)"(?:\."([^"]+)")?/.exec(statement) ?? []
  return second === undefined ? `public.${first}` : `${first}.${second}`
}

/** The index's name with its table's schema, as DROP INDEX wants it. */
function indexOf(statement: string): string {
  const name = /INDEX (?:CONCURRENTLY )?(?:IF NOT EXISTS )?("[^"]+")/.exec(statement)?.[1] ?? ''
  const [schema] = tableOf(statement).split('.')
  return schema === 'public' ? name : `"${schema}".${name}`
}
