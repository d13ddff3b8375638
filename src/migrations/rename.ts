import { MigrationError } from './error.ts'
import type { Snapshot, TableSnapshot } from './snapshot.ts'

/** A rename of a table or a column, which keeps its data. */
export interface Rename {
  /** The table's key in the snapshot before the rename. */
  readonly table: string
  /** Undefined when the table itself is renamed. */
  readonly column: string | undefined
  readonly to: string
}

/**
 * Parses renames such as `users:people` (a table) and `users.name:full_name` (a column), with the old names on the left
 * and the schema first unless it is public. Returns them in the order of their application: columns, then tables.
 *
 * @throws {MigrationError} when the old or the new name does not exist.
 */
export function parseRenames(texts: readonly string[], from: Snapshot, to: Snapshot): Rename[] {
  const renames = texts.map((text) => parseRename(text, from))
  const tables = renames.filter(({ column }) => column === undefined)
  const newKeyOf = new Map(tables.map((rename) => [rename.table, inverse(rename).table]))
  for (const [index, rename] of renames.entries()) {
    const table = to.tables[newKeyOf.get(rename.table) ?? rename.table]
    if (!table || (rename.column !== undefined && !table.columns[rename.to])) {
      throw new MigrationError(`--rename ${texts[index]}: the models have no ${rename.to} there`)
    }
  }
  return [...renames.filter(({ column }) => column !== undefined), ...tables]
}

function parseRename(text: string, { tables }: Snapshot): Rename {
  const [, from, to] = /^([^:]+):([^:.]+)$/.exec(text) ?? []
  if (!from || !to) throw new MigrationError(`--rename ${text}: expected old:new, as in users.name:full_name`)
  if (tables[keyOf(from)]) return { table: keyOf(from), column: undefined, to }
  const dot = from.lastIndexOf('.')
  const [table, column] = [keyOf(from.slice(0, dot)), from.slice(dot + 1)]
  if (dot === -1 || !tables[table]?.columns[column]) {
    throw new MigrationError(`--rename ${text}: no table or column ${from} in the last generated migration`)
  }
  return { table, column, to }
}

/** The snapshot's key of a table that is written with or without its schema. */
function keyOf(table: string): string {
  return table.includes('.') ? table : `public.${table}`
}

/** The name of a table as SQL. */
export function quoted({ schema, name }: Pick<TableSnapshot, 'schema' | 'name'>): string {
  return schema ? `"${schema}"."${name}"` : `"${name}"`
}

/** Renames in a snapshot, including all references. Returns the statement that does it. */
export function applyRename(snapshot: Snapshot, { table: key, column, to }: Rename): string {
  const table = snapshot.tables[key] as TableSnapshot
  const before = quoted(table)
  if (column === undefined) {
    renameTable(snapshot, key, table, to)
    return `ALTER TABLE ${before} RENAME TO "${to}";`
  }
  renameColumn(snapshot, table, column, to)
  return `ALTER TABLE ${before} RENAME COLUMN "${column}" TO "${to}";`
}

/** Returns the rename back. */
export function inverse({ table, column, to }: Rename): Rename {
  if (column !== undefined) return { table, column: to, to: column }
  const dot = table.lastIndexOf('.')
  return { table: `${table.slice(0, dot)}.${to}`, column: undefined, to: table.slice(dot + 1) }
}

function renameTable({ tables }: Snapshot, key: string, table: TableSnapshot, to: string): void {
  delete tables[key]
  tables[`${table.schema || 'public'}.${to}`] = table
  for (const { foreignKeys } of Object.values(tables)) {
    for (const foreignKey of Object.values(foreignKeys)) {
      if (refersTo(foreignKey, table)) foreignKey.tableTo = to
    }
  }
  for (const foreignKey of Object.values(table.foreignKeys)) foreignKey.tableFrom = to
  rewriteExpressions(table, (text) => text.replaceAll(`"${table.name}".`, `"${to}".`))
  table.name = to
}

function renameColumn({ tables }: Snapshot, table: TableSnapshot, from: string, to: string): void {
  const swap = (names: string[]): string[] => names.map((name) => (name === from ? to : name))
  table.columns = Object.fromEntries(
    Object.values(table.columns).map((column) => {
      const name = column.name === from ? to : column.name
      return [name, { ...column, name }]
    }),
  )
  for (const { columns } of Object.values(table.indexes)) {
    for (const part of columns) if (!part.isExpression && part.expression === from) part.expression = to
  }
  for (const constraint of [...Object.values(table.uniqueConstraints), ...Object.values(table.compositePrimaryKeys)]) {
    constraint.columns = swap(constraint.columns)
  }
  for (const foreignKey of Object.values(table.foreignKeys)) foreignKey.columnsFrom = swap(foreignKey.columnsFrom)
  for (const foreignKey of Object.values(tables).flatMap(({ foreignKeys }) => Object.values(foreignKeys))) {
    if (refersTo(foreignKey, table)) foreignKey.columnsTo = swap(foreignKey.columnsTo)
  }
  rewriteExpressions(table, (text) => text.replaceAll(`"${from}"`, `"${to}"`))
}

function refersTo({ tableTo, schemaTo }: { tableTo: string; schemaTo?: string }, table: TableSnapshot): boolean {
  return tableTo === table.name && (schemaTo || 'public') === (table.schema || 'public')
}

function rewriteExpressions(table: TableSnapshot, rewrite: (text: string) => string): void {
  for (const check of Object.values(table.checkConstraints)) check.value = rewrite(check.value)
  for (const { generated } of Object.values(table.columns)) if (generated) generated.as = rewrite(generated.as)
  for (const index of Object.values(table.indexes)) {
    if (index.where !== undefined) index.where = rewrite(index.where)
    for (const part of index.columns) if (part.isExpression) part.expression = rewrite(part.expression)
  }
}
