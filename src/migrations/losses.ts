import type { Client } from 'pg'
import { nameChangeOf, targetsOf, type NameChange, type Target } from './destructive.ts'
import { MigrationError } from './error.ts'
import type { Script } from './files.ts'

/** The OIDs of a database's tables and views, which survive a rename. */
export type TableIds = ReadonlySet<string>

/** Returns all tables and views of the database, except PostgreSQL's. */
export async function tableIds(client: Client): Promise<TableIds> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT oid::text AS id FROM pg_class WHERE relkind IN ('r', 'p', 'f', 'v') AND oid >= 16384`,
  )
  return new Set(rows.map(({ id }) => id))
}

/**
 * Rejects a script that would lose data.
 *
 * Only tables in `before`, which existed when the run began, can hold data. So a new database runs a long history of
 * creates and drops without confirmation.
 *
 * @throws {MigrationError} listing what would be lost, with the number of rows.
 */
export async function assertNoLosses(client: Client, id: string, script: Script, before: TableIds): Promise<void> {
  const losses: string[] = []
  const renames: NameChange[] = []
  for (const statement of script.statements) {
    const rename = nameChangeOf(statement)
    if (rename) renames.unshift(rename)
    for (const target of targetsOf(statement)) {
      const loss = await describe(client, renames.reduce(undo, target), renames.length > 0, before)
      if (loss) losses.push(loss)
    }
  }
  if (losses.length === 0) return
  throw new MigrationError(
    [`${script.file} loses data, pass --allow-destructive (allowDestructive: true) to run it:`, ...losses].join('\n  '),
    { migration: id },
  )
}

/** The target by its name before a rename. */
function undo(target: Target, { table, tableTo, column, columnTo }: NameChange): Target {
  if (target.table !== tableTo) return target
  return { ...target, table, ...(column !== undefined && target.column === columnTo && { column }) }
}

async function describe(
  client: Client,
  { kind, table, column }: Target,
  renamed: boolean,
  before: TableIds,
): Promise<string | undefined> {
  if (kind === 'other') return before.size > 0 ? table : undefined
  const { rows } = await client.query<{ id: string | null; name: string; found: boolean }>(
    `SELECT id::oid::text AS id, id::text AS name,
            $2::text IS NULL OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = id AND attname = $2 AND NOT attisdropped) AS found
     FROM to_regclass($1) AS id`,
    [table, column ?? null],
  )
  const relation = rows[0]
  if (!relation?.id || !relation.found) {
    // It is created in this file, or does not exist, so nothing is lost. After a rename that is not certain.
    return renamed ? `${labels[kind]} ${nameOf(table, column)}: not found, after a rename in the same file` : undefined
  }
  if (!before.has(relation.id)) return undefined
  return `${labels[kind]} ${nameOf(relation.name, column)}: ${await countRows(client, relation.name, column)}`
}

const labels = { table: 'table', column: 'column', type: 'type of column', rows: 'rows of table' } as const

function nameOf(table: string, column: string | undefined): string {
  return column === undefined ? table : `${table}.${column}`
}

// Counting stops here: the reader needs to know "none", "some" or "a lot".
const countLimit = 100_000

async function countRows(client: Client, table: string, column: string | undefined): Promise<string> {
  const filter = column === undefined ? '' : `WHERE ${client.escapeIdentifier(column)} IS NOT NULL`
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM (SELECT FROM ${table} ${filter} LIMIT ${countLimit + 1}) AS counted`,
  )
  const count = rows[0]?.count ?? 0
  const number = count > countLimit ? `over ${countLimit}` : `${count}`
  return `${number} ${count === 1 ? 'row' : 'rows'}${column === undefined ? '' : count === 1 ? ' has a value' : ' have a value'}`
}
