import { MigrationError } from './error.ts'
import type { ColumnSnapshot, EnumSnapshot, Snapshot } from './snapshot.ts'
import { convertsByItself, emptyValue, isWider } from './types.ts'

/** What becomes of rows that do not fit the new models: SQL by `table.column`, new values by `enum.value`. */
export interface Answers {
  /** What a row gets in a column that may no longer be null. */
  readonly fills: ReadonlyMap<string, string>
  /** What a column's values become when its type changes. */
  readonly usings: ReadonlyMap<string, string>
  /** What becomes of a value that an enum no longer has: another one, or `null`. */
  readonly replacements: ReadonlyMap<string, string>
}

/** Options as they are typed: `users.vendor:''`. */
export interface AnswerTexts {
  readonly fills?: readonly string[] | undefined
  readonly usings?: readonly string[] | undefined
  readonly replacements?: readonly string[] | undefined
}

/** @throws {MigrationError} naming the option that has no colon. */
export function parseAnswers({ fills = [], usings = [], replacements = [] }: AnswerTexts): Answers {
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
 * Refuses a change that some rows may not survive: a column that may no longer be null, a type that holds less, a value
 * that an enum no longer has.
 *
 * @param from - The snapshot before the change, with its renames applied.
 * @throws {MigrationError} that says how to tell what becomes of these rows.
 */
export function refuseLosingRows(from: Snapshot, to: Snapshot, { fills, usings, replacements }: Answers): void {
  const columns = columnChanges(from, to)
  const questions = [
    ...columns.filter((change) => mayBeNull(change) && !fills.has(change.name)).map(fillQuestion),
    ...columns.filter((change) => mayNotFit(change) && !usings.has(change.name)).map(usingQuestion),
    ...removedValues(from, to).flatMap(({ name, value, rest }) =>
      replacements.has(`${name}.${value}`)
        ? []
        : [
            `  ${name}.${value}, which the enum no longer has: --replace ${name}.${value}:${[...rest, 'null'].join('|')}`,
          ],
    ),
  ]
  if (questions.length > 0) {
    throw new MigrationError(
      ['rows may not fit the new models. Say in SQL what becomes of them:', ...questions].join('\n'),
    )
  }
  refuseUnknown(columns, from, to, { fills, usings, replacements })
}

/** A column of a table that is there before and after; `before` is undefined for a new one. */
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

/** Whether PostgreSQL fills a new column of every row by itself. */
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
  const why = before ? 'which may no longer be null' : 'new, not null and without a default'
  return `  ${name}, ${why}: --fill "${name}:${value}"`
}

function usingQuestion({ name, before, after }: ColumnChange): string {
  const from = before as ColumnSnapshot
  return `  ${name}, ${from.type} before and ${after.type} now: --using "${name}:${conversion(from, after)}"`
}

/** What converts a column's values where nobody says how; it fails where one does not fit. */
export function conversion(before: ColumnSnapshot, after: ColumnSnapshot): string {
  const column = /^[a-z_][a-z0-9_]*$/.test(after.name) ? after.name : `"${after.name}"`
  if (before.typeSchema === undefined && convertsByItself(before.type, after.type)) return column
  return `${column}${before.typeSchema === undefined ? '' : '::text'}::${sqlType(after)}`
}

/** A column's type as SQL, an enum's with its schema. */
function sqlType({ type, typeSchema }: ColumnSnapshot): string {
  if (typeSchema === undefined) return type
  const [, name, dimensions] = /^([^[]*)(.*)$/.exec(type) as unknown as [string, string, string]
  return typeSchema === 'public' ? `${name}${dimensions}` : `${typeSchema}.${name}${dimensions}`
}

/** Values that an enum no longer has while columns are of it. */
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

function refuseUnknown(columns: readonly ColumnChange[], from: Snapshot, to: Snapshot, answers: Answers): void {
  const names = new Set(columns.map(({ name }) => name))
  const removed = removedValues(from, to)
  for (const [option, given] of [
    ['fill', answers.fills],
    ['using', answers.usings],
  ] as const) {
    const unknown = [...given.keys()].find((name) => !names.has(name))
    if (unknown !== undefined)
      throw new MigrationError(`--${option} ${unknown}: the models have no such column in a table that exists`)
  }
  for (const [name, value] of answers.replacements) {
    const values = removed.find((each) => `${each.name}.${each.value}` === name)?.rest
    if (!values) throw new MigrationError(`--replace ${name}: the models have not removed such a value from an enum`)
    if (value !== 'null' && !values.includes(value)) {
      throw new MigrationError(`--replace ${name}:${value}: expected one of ${values.join(', ')}, or null`)
    }
  }
}

/** A name without the schema that goes without saying. */
export function plain(name: string): string {
  return name.replace(/^public\./, '')
}

/** An enum's type with its values, for whoever needs one by a column. */
export function enumOf({ enums }: Snapshot, { type, typeSchema }: ColumnSnapshot): EnumSnapshot | undefined {
  return typeSchema === undefined ? undefined : enums[`${typeSchema}.${type.replace(/\[.*$/, '')}`]
}
