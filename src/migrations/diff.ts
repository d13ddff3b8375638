import { renameAlike } from './alike.ts'
import { plain, type Answers } from './answers.ts'
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
 * The statements that lead from one snapshot to another.
 *
 * @param answers - What becomes of rows that do not fit; undefined on the way back.
 */
export async function diff(
  kit: Kit,
  from: Snapshot,
  to: Snapshot,
  renames: readonly Rename[],
  answers?: Answers,
): Promise<Change> {
  const before = structuredClone(from)
  const renamed = [...renames.map((rename) => applyRename(before, rename)), ...renameAlike(before, to)]
  // In two steps, so that drizzle-kit never sees a drop beside an addition and has nothing to ask; and what goes away
  // goes last, when whatever moves its data elsewhere has run.
  const both = keepDropped(before, to)
  const raw = [...(await kit.diff(before, both)), ...(await kit.diff(both, to))].map(tidy)
  const statements = repair(raw, { from: before, to, answers })
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

/** Two snapshots on the way. */
export interface Stations {
  /** `from` with the values that its enums get: PostgreSQL lets no statement use a new one before it is committed. */
  readonly withNewValues: Snapshot
  /** `to` with the values that its enums lose: what uses one goes before it does, and comes back after it. */
  readonly withOldValues: Snapshot
}

/** Where a change stops on its way, each part being a migration of its own; without a change of enums it does not. */
export function stationsOf(from: Snapshot, to: Snapshot): Stations {
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
 * Refuses a change in which a table, or a table's column, goes while another comes: it may be a rename, and who
 * mistakes one for a drop loses data.
 *
 * @param drops - Names that are said to be no rename: `users.name`.
 * @throws {MigrationError} that says how to tell.
 */
export function refuseGuesses(
  from: Snapshot,
  to: Snapshot,
  renames: readonly Rename[],
  drops: readonly string[],
): void {
  const before = structuredClone(from)
  for (const rename of renames) applyRename(before, rename)
  const oldKeyOf = new Map(renames.map((rename) => [inverse(rename).table, rename.table]))
  const said = new Set(drops.map(plain))
  const pairs = [
    { gone: missing(before.tables, to.tables), come: missing(to.tables, before.tables) },
    ...Object.entries(before.tables).map(([key, table]) => {
      const columns = to.tables[key]?.columns ?? table.columns
      const name = (column: string): string => `${oldKeyOf.get(key) ?? key}.${column}`
      return { gone: missing(table.columns, columns).map(name), come: missing(columns, table.columns).map(name) }
    }),
  ]
  const questions = pairs.flatMap(({ gone, come }) => {
    const open = gone.map(plain).filter((name) => !said.has(name))
    const news = come.map((name) => name.slice(name.lastIndexOf('.') + 1))
    return news.length > 0 ? open.map((name) => `  ${name}: --rename ${name}:${news.join('|')} or --drop ${name}`) : []
  })
  if (questions.length > 0) throw new MigrationError(['renamed or dropped? Say which:', ...questions].join('\n'))
}

function missing(here: object, there: object): string[] {
  return Object.keys(here).filter((key) => !Object.hasOwn(there, key))
}

const collections = ['tables', 'enums', 'schemas', 'views', 'sequences', 'roles', 'policies'] as const

/** `to`, and with it all that it no longer has. */
function keepDropped(from: Snapshot, to: Snapshot): Snapshot {
  const both = structuredClone(to)
  for (const collection of collections) {
    Object.assign(both[collection], { ...structuredClone(from[collection]), ...both[collection] })
  }
  for (const [key, table] of Object.entries(to.tables)) {
    const kept = both.tables[key]
    if (!kept) continue
    kept.columns = { ...from.tables[key]?.columns, ...table.columns }
    kept.policies = { ...from.tables[key]?.policies, ...table.policies }
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
