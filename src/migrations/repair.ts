import { conversion, enumOf, isFilledByItself, plain, type RowChanges } from './rowChanges.ts'
import type { ColumnSnapshot, Snapshot, TableSnapshot } from './snapshot.ts'
import { convertsByItself, emptyValue } from './types.ts'

/** The snapshots of a migration, and how rows change. */
export interface Transition {
  readonly from: Snapshot
  readonly to: Snapshot
  /** Undefined on the way back, which takes no decisions. */
  readonly changes: RowChanges | undefined
}

/** Makes drizzle-kit's statements run, in this order, on tables with rows. */
export function repair(statements: readonly string[], transition: Transition): string[] {
  const texts = statements.map(dropPrimaryKey).map(quoteNewValue)
  return keysInOrder(plainColumnsFirst(texts)).flatMap((text) => ofColumn(text, transition))
}

function quoteNewValue(statement: string): string {
  const [, type, value, before] = /^ALTER TYPE (\S+) ADD VALUE '(.*?)'(?: BEFORE '(.*)')?;$/.exec(statement) ?? []
  if (type === undefined || value === undefined) return statement
  return `ALTER TYPE ${type} ADD VALUE ${literal(value)}${before === undefined ? '' : ` BEFORE ${literal(before)}`};`
}

/** A column that was generated can be filled only after that. */
function plainColumnsFirst(statements: readonly string[]): string[] {
  const isPlain = (text: string): boolean => text.endsWith(' DROP EXPRESSION;')
  return [...statements.filter(isPlain), ...statements.filter((text) => !isPlain(text))]
}

/**
 * drizzle-kit leaves out the name of a primary key. PostgreSQL named it after the table at that time, so the migration
 * looks it up.
 */
function dropPrimaryKey(statement: string): string {
  const table = /^\/\*[^]*primary key[^]*-- ALTER TABLE "([^"]+)" DROP CONSTRAINT/.exec(statement)?.[1]
  if (table === undefined) return statement
  const schema = /table_schema = '([^']+)'/.exec(statement)?.[1] ?? 'public'
  const full = schema === 'public' ? `"${table}"` : `"${schema}"."${table}"`
  const name = `SELECT conname FROM pg_constraint WHERE conrelid = '${full}'::regclass AND contype = 'p'`
  return `DO $$ BEGIN\n  EXECUTE format('ALTER TABLE ${full} DROP CONSTRAINT %I', (${name}));\nEND $$;`
}

/** A table has one primary key: the old one is dropped before the new one is added, after the new one's columns. */
function keysInOrder(statements: readonly string[]): string[] {
  const isDrop = (text: string): boolean => text.startsWith('DO $$ BEGIN') || dropKey.test(text)
  const isAdd = (text: string): boolean => addKey.test(text)
  if (!statements.some(isAdd)) return [...statements]
  const rest = statements.filter((text) => !isDrop(text) && !isAdd(text))
  const lastColumn = rest.findLastIndex((text) => addColumn.test(text)) + 1
  const firstKeyUse = rest.findIndex((text, at) => at >= lastColumn && /FOREIGN KEY/.test(text))
  const at =
    firstKeyUse < 0
      ? Math.max(
          lastColumn,
          rest.findIndex((text) => / DROP COLUMN /.test(text)),
        )
      : firstKeyUse
  const here = at < 0 ? rest.length : at
  return [...rest.slice(0, here), ...statements.filter(isDrop), ...statements.filter(isAdd), ...rest.slice(here)]
}

const dropKey = /^ALTER TABLE .* DROP CONSTRAINT "[^"]*_pk";/
const addKey = /^ALTER TABLE .* ADD (?:CONSTRAINT "[^"]+" )?PRIMARY KEY ?\(/
const addColumn = /^ALTER TABLE (.+?) ADD COLUMN "([^"]+)" /
const setNotNull = /^ALTER TABLE (.+?) ALTER COLUMN "([^"]+)" SET NOT NULL;$/
const dropNotNull = /^ALTER TABLE (.+?) ALTER COLUMN "([^"]+)" DROP NOT NULL;$/
const setType = /^ALTER TABLE (.+?) ALTER COLUMN "([^"]+)" SET DATA TYPE (.+?)(?: USING .*)?;$/
const changeDefault = /^ALTER TABLE (.+?) ALTER COLUMN "([^"]+)" (?:SET DEFAULT .*|DROP DEFAULT);$/

function ofColumn(statement: string, transition: Transition): string[] {
  const match = [addColumn, setNotNull, dropNotNull, setType, changeDefault].flatMap(
    (form) => form.exec(statement) ?? [],
  )
  const [, table, name] = match
  if (table === undefined || name === undefined) return [statement]
  const key = keyOf(table)
  const before = transition.from.tables[key]?.columns[name]
  const after = transition.to.tables[key]?.columns[name]
  if (!after) return [statement]
  const column = `ALTER TABLE ${table} ALTER COLUMN "${name}"`
  const change: Change = { table, name: `${plain(key)}.${name}`, column, before, after, transition }
  if (addColumn.test(statement)) return filledColumn(statement, change)
  if (dropNotNull.test(statement)) return isKey(transition.to.tables[key], name) ? [] : [statement]
  if (setNotNull.test(statement)) return [...fill(change, ` WHERE "${name}" IS NULL`), statement]
  if (!before || typeName(before) === typeName(after)) return [withReplacements(statement, change)]
  return setType.test(statement) ? newType(match[3] as string, change) : []
}

/** Whether a column is in a primary key, and so never null. */
function isKey(table: TableSnapshot | undefined, column: string): boolean {
  const keys = Object.values(table?.compositePrimaryKeys ?? {})
  return table?.columns[column]?.primaryKey === true || keys.some(({ columns }) => columns.includes(column))
}

interface Change {
  /** Quoted. */
  readonly table: string
  /** `users.age` */
  readonly name: string
  /** The beginning of a statement that changes it. */
  readonly column: string
  readonly before: ColumnSnapshot | undefined
  readonly after: ColumnSnapshot
  readonly transition: Transition
}

/** A new NOT NULL column is added as nullable, filled, and then made NOT NULL. */
function filledColumn(statement: string, change: Change): string[] {
  const { after, column } = change
  if (!after.notNull || after.default !== undefined || isFilledByItself(after)) return [statement]
  const filling = fill(change, '')
  if (filling.length === 0) return [statement]
  return [statement.replace(/ NOT NULL;$/, ';'), ...filling, `${column} SET NOT NULL;`]
}

function fill({ table, name, after, transition: { changes } }: Change, where: string): string[] {
  const value = changes ? changes.fills.get(name) : (after.default ?? emptyValue(after.type))
  return value === undefined ? [] : [`UPDATE ${table} SET "${after.name}" = ${value}${where};`]
}

/** Drops the default and sets it afterwards: PostgreSQL would convert it like a value, and often cannot. */
function newType(type: string, { name, column, before, after, transition: { changes } }: Change): string[] {
  const old = before as ColumnSnapshot
  const using = changes?.usings.get(name) ?? (convertsWithoutUsing(old, after) ? undefined : conversion(old, after))
  return [
    ...(old.default === undefined ? [] : [`${column} DROP DEFAULT;`]),
    `${column} SET DATA TYPE ${type}${using === undefined ? '' : ` USING ${using}`};`,
    ...(after.default === undefined ? [] : [`${column} SET DEFAULT ${after.default};`]),
  ]
}

function convertsWithoutUsing(before: ColumnSnapshot, after: ColumnSnapshot): boolean {
  if (before.typeSchema !== undefined) return after.type === 'text'
  return convertsByItself(before.type, after.type)
}

/** Recreates an enum that loses values; rows with these values get their replacements. */
function withReplacements(statement: string, { before, after, transition: { to, changes } }: Change): string {
  const type = setType.test(statement) && !statement.endsWith(' SET DATA TYPE text;') ? enumOf(to, after) : undefined
  if (!type || !before) return statement
  const prefix = `${plain(`${type.schema}.${type.name}`)}.`
  const replacements = [...(changes?.replacements ?? [])].filter(([name]) => name.startsWith(prefix))
  if (replacements.length === 0) return statement
  const column = `"${after.name}"`
  return statement.replace(
    ` USING ${column}::`,
    () => ` USING ${replaced(column, after.type.endsWith(']'), replacements, prefix)}::`,
  )
}

function replaced(
  column: string,
  isArray: boolean,
  replacements: readonly (readonly [string, string])[],
  prefix: string,
): string {
  const pairs = replacements.map(([name, to]) => [
    literal(name.slice(prefix.length)),
    to === 'null' ? 'NULL' : literal(to),
  ])
  if (!isArray)
    return `(CASE ${column} ${pairs.map(([from, to]) => `WHEN ${from} THEN ${to}`).join(' ')} ELSE ${column} END)`
  return pairs.reduce(
    (list, [from, to]) => (to === 'NULL' ? `array_remove(${list}, ${from})` : `array_replace(${list}, ${from}, ${to})`),
    `${column}::text[]`,
  )
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

function typeName({ type, typeSchema }: ColumnSnapshot): string {
  return `${typeSchema ?? ''}.${type.replaceAll(' ', '')}`
}

/** The snapshot's key of a quoted table. */
function keyOf(table: string): string {
  const parts = [...table.matchAll(/"([^"]+)"/g)].map(([, part]) => part)
  return parts.length === 1 ? `public.${parts[0]}` : parts.join('.')
}
