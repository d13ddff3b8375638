/** Fragments: the pieces of SQL that compose inside a template without ever becoming a value, or a value SQL. */

import { JsonText } from '../values/encoders.ts'

/** What a template turns into: text with `$1`-style placeholders, and the values for them. */
export class Rendering {
  text = ''
  readonly values: unknown[] = []

  parameter(value: unknown): void {
    this.values.push(value)
    this.text += `$${this.values.length}`
  }

  /** Joins a template: fragments become text, everything else a parameter. */
  template(strings: readonly string[], values: readonly unknown[]): void {
    this.text += strings[0]
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value instanceof Fragment) value.render(this)
      else this.parameter(value)
      this.text += strings[i + 1]
    }
  }

  /** Takes a keyword off the end of the text, if it is there, so that a helper may be written with or without it. */
  takeKeyword(keyword: RegExp): boolean {
    const text = this.text.replace(keyword, '')
    const taken = text !== this.text
    this.text = text
    return taken
  }
}

/** A piece of SQL, made by `sql` and its helpers. */
export class Fragment {
  readonly render: (to: Rendering) => void

  constructor(render: (to: Rendering) => void) {
    this.render = render
  }
}

/** A row to write: column names and their values. */
export type RowValues = Readonly<Record<string, unknown>>

/** The fragment helpers, also found on every `db` and `tx`. */
export interface Fragments {
  /** A name: `sql.id('users')` is `"users"`, `sql.id('public', 'users')` is `"public"."users"`. */
  id(...path: readonly string[]): Fragment
  /**
   * Columns and values of an INSERT, of one row or of many; columns default to the rows' own keys, and a key that is
   * undefined becomes the column's DEFAULT.
   * @example db.execute`INSERT INTO users ${db.values({ name, age })}`
   */
  values(rows: RowValues | readonly RowValues[], columns?: readonly string[]): Fragment
  /**
   * The assignments of an UPDATE; keys that are undefined are left alone. Throws a TypeError when none remains.
   * @example db.execute`UPDATE users SET ${db.set({ name })} WHERE id = ${id}`
   */
  set(row: RowValues): Fragment
  /**
   * Membership in a list, which may be empty. The list travels as one array, so its length does not change the text.
   * @example db.many`SELECT * FROM users WHERE id IN ${db.in(ids)}`
   */
  in(list: readonly unknown[]): Fragment
  /**
   * JSON that is text already, as the value of a json or jsonb; any other string is a JSON string.
   * @example db.execute`UPDATE users SET settings = ${db.json(text)} WHERE id = ${id}`
   */
  json(text: string): JsonText
  /** Text that goes into the statement as it is. Never give it anything that a caller has sent. */
  unsafe(text: string): Fragment
}

/** Quotes an identifier. */
export function quote(name: string): string {
  if (name.includes('\0')) throw new TypeError('a name in SQL has no NUL')
  return `"${name.replaceAll('"', '""')}"`
}

export const fragments: Fragments = {
  id: (...path) => raw(path.map(quote).join('.')),

  values: (given, columns) => {
    const rows = Array.isArray(given) ? (given as readonly RowValues[]) : [given as RowValues]
    if (rows.length === 0) throw new TypeError('values() needs at least one row')
    const names = columns ?? definedKeys(rows)
    if (names.length === 0 && rows.length > 1) throw new TypeError('values() of many rows needs at least one column')
    return new Fragment((to) => {
      if (names.length === 0) {
        to.text += 'DEFAULT VALUES'
        return
      }
      if (!to.takeKeyword(/\bVALUES\s*$/i)) to.text += `(${names.map(quote).join(', ')}) `
      to.text += 'VALUES '
      rows.forEach((row, i) => {
        to.text += i === 0 ? '(' : ', ('
        names.forEach((name, j) => {
          if (j > 0) to.text += ', '
          value(to, own(row, name))
        })
        to.text += ')'
      })
    })
  },

  set: (row) => {
    const names = definedKeys([row])
    if (names.length === 0) throw new TypeError('set() needs at least one column to set')
    return new Fragment((to) => {
      to.takeKeyword(/\bSET\s*$/i)
      to.text += 'SET '
      names.forEach((name, i) => {
        to.text += `${i === 0 ? '' : ', '}${quote(name)} = `
        value(to, row[name])
      })
    })
  },

  // x IN (list) is x = ANY (array), x NOT IN (list) is x <> ALL (array), also for an empty one.
  // https://www.postgresql.org/docs/current/functions-comparisons.html
  in: (list) =>
    new Fragment((to) => {
      const outside = to.takeKeyword(/\bNOT\s+IN\s*$/i)
      if (!outside) to.takeKeyword(/\bIN\s*$/i)
      to.text += outside ? '<> ALL (' : '= ANY ('
      to.parameter(list)
      to.text += ')'
    }),

  json: (text) => new JsonText(text),

  unsafe: raw,
}

function raw(text: string): Fragment {
  return new Fragment((to) => {
    to.text += text
  })
}

function value(to: Rendering, given: unknown): void {
  if (given === undefined) to.text += 'DEFAULT'
  else if (given instanceof Fragment) given.render(to)
  else to.parameter(given)
}

function own(row: RowValues, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined
}

function definedKeys(rows: readonly RowValues[]): readonly string[] {
  const names = new Set<string>()
  for (const row of rows) for (const name of Object.keys(row)) if (row[name] !== undefined) names.add(name)
  return [...names]
}

/** The `sql` tag with its helpers. */
export interface SqlTag extends Fragments {
  (strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment
}

/**
 * A piece of SQL to put into a template; values inside it stay parameters.
 * @example
 * const adults = sql`age >= ${18}`
 * await db.many`SELECT * FROM users WHERE ${adults} ORDER BY ${sql.id(column)}`
 */
export const sql: SqlTag = Object.assign((strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment => {
  assertTemplate(strings)
  return new Fragment((to) => to.template(strings, values))
}, fragments)

/** Throws a TypeError unless this is what a template literal passes to its tag. */
export function assertTemplate(strings: unknown): asserts strings is TemplateStringsArray {
  if (Array.isArray(strings) && Array.isArray((strings as unknown as TemplateStringsArray).raw)) return
  throw new TypeError('a statement is a template: write db.one`SELECT …`, not db.one("SELECT …")')
}
