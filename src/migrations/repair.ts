import { conversion, enumOf, isFilledByItself, plain, type Answers } from './answers.ts'
import type { ColumnSnapshot, Snapshot, TableSnapshot } from './snapshot.ts'
import { convertsByItself, emptyValue } from './types.ts'

/** Between what a migration's statements lead, and what becomes of rows that do not fit. */
export interface Course {
  readonly from: Snapshot
  readonly to: Snapshot
  /** Undefined on the way back, where nobody is asked. */
  readonly answers: Answers | undefined
}

/** Makes drizzle-kit's statements run, in this order, over tables that have rows. */
export function repair(statements: readonly string[], course: Course): string[] {
  const texts = statements.map(dropPrimaryKey).map(quoteNewValue)
  return keysInOrder(plainColumnsFirst(texts)).flatMap((text) => ofColumn(text, course))
}

function quoteNewValue(statement: string): string {
  const [, type, value, before] = /^ALTER TYPE (\S+) ADD VALUE '(.*?)'(?: BEFORE '(.*)')?;$/.exec(statement) ?? []
  if (type === undefined || value === undefined) return statement
  return `ALTER TYPE ${type} ADD VALUE ${literal(value)}${before === undefined ? '' : ` BEFORE ${literal(before)}`};`
}

/** A column that was generated is filled only when it is no longer. */
function plainColumnsFirst(statements: readonly string[]): string[] {
  const isPlain = (text: string): boolean => text.endsWith(' DROP EXPRESSION;')
  return [...statements.filter(isPlain), ...statements.filter((text) => !isPlain(text))]
}

/**
 * drizzle-kit leaves the name of a primary key to its user. PostgreSQL has called it after the table, as it was named
 * then, so it is looked up when the migration runs.
 */
function dropPrimaryKey(statement: string): string {
  const table = /^\/\*[^]*primary key[^]*-- ALTER TABLE "([^"]+)" DROP CONSTRAINT/.exec(statement)?.[1]
  if (table === undefined) return statement
  const schema = /table_schema = '([^']+)'/.exec(statement)?.[1] ?? 'public'
  const full = schema === 'public' ? `"${table}"` : `"${schema}"."${table}"`
  const name = `SELECT conname FROM pg_constraint WHERE conrelid = '${full}'::regclass AND contype = 'p'`
  return `DO $$ BEGIN\n  EXECUTE format('ALTER TABLE ${full} DROP CONSTRAINT %I', (${name}));\nEND $$;`
}

/** A table has one primary key: the old one goes before the new one comes, and the columns of that come before it. */
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

function ofColumn(statement: string, course: Course): string[] {
  const match = [addColumn, setNotNull, dropNotNull, setType, changeDefault].flatMap(
    (form) => form.exec(statement) ?? [],
  )
  const [, table, name] = match
  if (table === undefined || name === undefined) return [statement]
  const key = keyOf(table)
  const before = course.from.tables[key]?.columns[name]
  const after = course.to.tables[key]?.columns[name]
  if (!after) return [statement]
  const column = `ALTER TABLE ${table} ALTER COLUMN "${name}"`
  const change: Change = { table, name: `${plain(key)}.${name}`, column, before, after, course }
  if (addColumn.test(statement)) return filledColumn(statement, change)
  if (dropNotNull.test(statement)) return isKey(course.to.tables[key], name) ? [] : [statement]
  if (setNotNull.test(statement)) return [...fill(change, ` WHERE "${name}" IS NULL`), statement]
  if (!before || typeName(before) === typeName(after)) return [withReplacements(statement, change)]
  return setType.test(statement) ? newType(match[3] as string, change) : []
}

/** A column of a primary key is never null, whatever its model says. */
function isKey(table: TableSnapshot | undefined, column: string): boolean {
  const keys = Object.values(table?.compositePrimaryKeys ?? {})
  return table?.columns[column]?.primaryKey === true || keys.some(({ columns }) => columns.includes(column))
}

interface Change {
  /** Quoted. */
  readonly table: string
  /** `users.age` */
  readonly name: string
  /** What a statement about it begins with. */
  readonly column: string
  readonly before: ColumnSnapshot | undefined
  readonly after: ColumnSnapshot
  readonly course: Course
}

/** A new column that may not be null comes empty, is filled, and is not null then. */
function filledColumn(statement: string, change: Change): string[] {
  const { after, column } = change
  if (!after.notNull || after.default !== undefined || isFilledByItself(after)) return [statement]
  const filling = fill(change, '')
  if (filling.length === 0) return [statement]
  return [statement.replace(/ NOT NULL;$/, ';'), ...filling, `${column} SET NOT NULL;`]
}

function fill({ table, name, after, course: { answers } }: Change, where: string): string[] {
  const value = answers ? answers.fills.get(name) : (after.default ?? emptyValue(after.type))
  return value === undefined ? [] : [`UPDATE ${table} SET "${after.name}" = ${value}${where};`]
}

/** The default goes first and comes last: PostgreSQL would convert it like a value, and often cannot. */
function newType(type: string, { name, column, before, after, course: { answers } }: Change): string[] {
  const old = before as ColumnSnapshot
  const using = answers?.usings.get(name) ?? (isUnasked(old, after) ? undefined : conversion(old, after))
  return [
    ...(old.default === undefined ? [] : [`${column} DROP DEFAULT;`]),
    `${column} SET DATA TYPE ${type}${using === undefined ? '' : ` USING ${using}`};`,
    ...(after.default === undefined ? [] : [`${column} SET DEFAULT ${after.default};`]),
  ]
}

function isUnasked(before: ColumnSnapshot, after: ColumnSnapshot): boolean {
  if (before.typeSchema !== undefined) return after.type === 'text'
  return convertsByItself(before.type, after.type)
}

/** An enum that has lost values is made anew; the rows that have them get others on the way. */
function withReplacements(statement: string, { before, after, course: { to, answers } }: Change): string {
  const type = setType.test(statement) && !statement.endsWith(' SET DATA TYPE text;') ? enumOf(to, after) : undefined
  if (!type || !before) return statement
  const prefix = `${plain(`${type.schema}.${type.name}`)}.`
  const replacements = [...(answers?.replacements ?? [])].filter(([name]) => name.startsWith(prefix))
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
