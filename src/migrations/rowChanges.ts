import { MigrationError } from './error.ts'
import type { ColumnSnapshot, EnumSnapshot, Snapshot } from './snapshot.ts'
import { convertsByItself, emptyValue, isWider } from './types.ts'

/** How existing rows change to fit the new models: SQL by `table.column`, new values by `enum.value`. */
export interface RowChanges {
  /** The value of existing rows in a column that becomes NOT NULL. */
  readonly fills: ReadonlyMap<string, string>
  /** The conversion of a column whose type changes. */
  readonly usings: ReadonlyMap<string, string>
  /** The replacement of a value that an enum loses: another value, or `null`. */
  readonly replacements: ReadonlyMap<string, string>
}

/** Row changes as command-line options: `users.vendor:''`. */
export interface RowChangeTexts {
  readonly fills?: readonly string[] | undefined
  readonly usings?: readonly string[] | undefined
  readonly replacements?: readonly string[] | undefined
}

/** @throws {MigrationError} naming the option that is not `name:value` */
export function parseRowChanges({ fills = [], usings = [], replacements = [] }: RowChangeTexts): RowChanges {
  return {
    fills: parse('fill', fills, "users.vendor:''"),
    usings: parse('using', usings, 'users.age:age::integer'),
    replacements: parse('replace', replacements, 'mood.sad:ok'),
  }
}

function parse(option: string, texts: readonly string[], example: string): Map<string, string> {
  const entries = texts.map((text): [string, string] => {
    const [, name, value] = /^([^:]+):([^]+)$/.exec(text) ?? []
    if (!name || !value) throw new MigrationError(`--${option} ${text}: expected name:value, as in ${example}`)
    return [plain(name), value]
  })
  return new Map(entries)
}

/**
 * Rejects a change that existing rows may not survive: a column that becomes NOT NULL, a narrower type, or a value that an
 * enum loses.
 *
 * @param from - The snapshot before the change, with renames applied.
 * @throws {MigrationError} listing the options that say how these rows change.
 */
export function assertRowsFit(from: Snapshot, to: Snapshot, { fills, usings, replacements }: RowChanges): void {
  const columns = columnChanges(from, to)
  const questions = [
    ...columns.filter((change) => mayBeNull(change) && !fills.has(change.name)).map(fillQuestion),
    ...columns.filter((change) => mayNotFit(change) && !usings.has(change.name)).map(usingQuestion),
    ...removedValues(from, to).flatMap(({ name, value, rest }) =>
      replacements.has(`${name}.${value}`)
        ? []
        : [`  ${name}.${value} is no longer in the enum: --replace ${name}.${value}:${[...rest, 'null'].join('|')}`],
    ),
  ]
  if (questions.length > 0) {
    throw new MigrationError(
      ['existing rows may not fit the new models. Say in SQL how they change:', ...questions].join('\n'),
    )
  }
  assertKnown(columns, from, to, { fills, usings, replacements })
}

/** A column of a table that exists before and after; `before` is undefined for a new column. */
interface ColumnChange {
  /** `users.age`, with its schema unless that is public. */
  readonly name: string
  readonly before: ColumnSnapshot | undefined
  readonly after: ColumnSnapshot
}

function columnChanges(from: Snapshot, to: Snapshot): ColumnChange[] {
  return Object.entries(to.tables).flatMap(([key, table]) => {
    const old = from.tables[key]
    if (!old) return []
    return Object.values(table.columns).map((after) => ({
      name: `${plain(key)}.${after.name}`,
      before: old.columns[after.name],
      after,
    }))
  })
}

function mayBeNull({ before, after }: ColumnChange): boolean {
  if (!after.notNull || isFilledByItself(after)) return false
  return before ? !before.notNull : after.default === undefined
}

/** Whether PostgreSQL fills a new column in all rows. */
export function isFilledByItself({ type, generated, identity }: ColumnSnapshot): boolean {
  return generated !== undefined || identity !== undefined || type.endsWith('serial')
}

function mayNotFit({ before, after }: ColumnChange): boolean {
  if (!before || before.generated || after.generated || typeOf(before) === typeOf(after)) return false
  return !isWider(before.type, after.type) && !(before.typeSchema !== undefined && after.type === 'text')
}

function typeOf({ type, typeSchema }: ColumnSnapshot): string {
  return typeSchema === undefined ? type.replaceAll(' ', '') : `${typeSchema}.${type}`
}

function fillQuestion({ name, before, after }: ColumnChange): string {
  const value = after.default ?? emptyValue(after.type) ?? '…'
  const why = before ? 'can no longer be null' : 'is new, not null and has no default'
  return `  ${name} ${why}: --fill "${name}:${value}"`
}

function usingQuestion({ name, before, after }: ColumnChange): string {
  const from = before as ColumnSnapshot
  return `  ${name} changes from ${from.type} to ${after.type}: --using "${name}:${conversion(from, after)}"`
}

/** Returns the default conversion of a column's values. It fails for values that do not fit. */
export function conversion(before: ColumnSnapshot, after: ColumnSnapshot): string {
  const column = /^[a-z_][a-z0-9_]*$/.test(after.name) ? after.name : `"${after.name}"`
  if (before.typeSchema === undefined && convertsByItself(before.type, after.type)) return column
  return `${column}${before.typeSchema === undefined ? '' : '::text'}::${sqlType(after)}`
}

/** The type of a column as SQL; an enum has its schema. */
function sqlType({ type, typeSchema }: ColumnSnapshot): string {
  if (typeSchema === undefined) return type
  const [, name, dimensions] = /^([^[]*)(.*)$/.exec(type) as unknown as [string, string, string]
  return typeSchema === 'public' ? `${name}${dimensions}` : `${typeSchema}.${name}${dimensions}`
}

/** Values that enums in use lose. */
function removedValues(from: Snapshot, to: Snapshot): { name: string; value: string; rest: readonly string[] }[] {
  return Object.entries(from.enums).flatMap(([key, { name, schema, values }]) => {
    const rest = to.enums[key]?.values
    if (!rest || !isUsed(from, name, schema)) return []
    return values.filter((value) => !rest.includes(value)).map((value) => ({ name: plain(key), value, rest }))
  })
}

function isUsed({ tables }: Snapshot, name: string, schema: string): boolean {
  return Object.values(tables).some(({ columns }) =>
    Object.values(columns).some(({ type, typeSchema }) => typeSchema === schema && type.replace(/\[.*$/, '') === name),
  )
}

function assertKnown(columns: readonly ColumnChange[], from: Snapshot, to: Snapshot, changes: RowChanges): void {
  const names = new Set(columns.map(({ name }) => name))
  const removed = removedValues(from, to)
  for (const [option, entries] of [
    ['fill', changes.fills],
    ['using', changes.usings],
  ] as const) {
    const unknown = [...entries.keys()].find((name) => !names.has(name))
    if (unknown !== undefined)
      throw new MigrationError(`--${option} ${unknown}: no such column in a table that exists before and after`)
  }
  for (const [name, value] of changes.replacements) {
    const values = removed.find((each) => `${each.name}.${each.value}` === name)?.rest
    if (!values) throw new MigrationError(`--replace ${name}: the models remove no such value from an enum`)
    if (value !== 'null' && !values.includes(value)) {
      throw new MigrationError(`--replace ${name}:${value}: expected one of ${values.join(', ')}, or null`)
    }
  }
}

/** A name without the schema public. */
export function plain(name: string): string {
  return name.replace(/^public\./, '')
}

/** Returns the enum type of a column. */
export function enumOf({ enums }: Snapshot, { type, typeSchema }: ColumnSnapshot): EnumSnapshot | undefined {
  return typeSchema === undefined ? undefined : enums[`${typeSchema}.${type.replace(/\[.*$/, '')}`]
}
