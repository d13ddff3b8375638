/** Fragments: pieces of SQL that compose in templates. A value never becomes SQL, and SQL never a value. */

import { JsonText } from '../values/encoders.ts'

/** A rendered template: text with placeholders `$1`, `$2`, …, and their values. */
export class Rendering {
  text = ''
  readonly values: unknown[] = []

  parameter(value: unknown): void {
    this.values.push(value)
    this.text += `$${this.values.length}`
  }

  /** Appends a template: fragments as text, all other values as parameters. */
  template(strings: readonly string[], values: readonly unknown[]): void {
    this.text += strings[0]
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (value instanceof Fragment) value.render(this)
      else this.parameter(value)
      this.text += strings[i + 1]
    }
  }

  /** Removes a keyword from the end of the text, so that a helper works with and without it. */
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
  /** A quoted name: `sql.id('users')` is `"users"`, `sql.id('public', 'users')` is `"public"."users"`. */
  id(...path: readonly string[]): Fragment
  /**
   * Columns and values of an INSERT, for one row or many. Columns default to the keys of the rows. A key that is undefined
   * becomes the column's DEFAULT.
   * @example db.execute`INSERT INTO users ${db.values({ name, age })}`
   */
  values(rows: RowValues | readonly RowValues[], columns?: readonly string[]): Fragment
  /**
   * The assignments of an UPDATE, without keys that are undefined. Throws a TypeError when none remains.
   * @example db.execute`UPDATE users SET ${db.set({ name })} WHERE id = ${id}`
   */
  set(row: RowValues): Fragment
  /**
   * Membership in a list, which may be empty. The list is sent as one array, so the text is the same for each length.
   * @example db.many`SELECT * FROM users WHERE id IN ${db.in(ids)}`
   */
  in(list: readonly unknown[]): Fragment
  /**
   * A string that is JSON already, for a json or jsonb parameter; other strings become JSON strings.
   * @example db.execute`UPDATE users SET settings = ${db.json(json)} WHERE id = ${id}`
   */
  json(text: string): JsonText
  /** Text that becomes part of the statement as it is. Never pass anything that comes from a caller. */
  unsafe(text: string): Fragment
}

/** Quotes an identifier. */
export function quote(name: string): string {
  if (name.includes('\0')) throw new TypeError('an SQL name cannot contain a NUL character')
  return `"${name.replaceAll('"', '""')}"`
}

export const fragments: Fragments = {
  id: (...path) => raw(path.map(quote).join('.')),

  values: (input, columns) => {
    if (typeof input !== 'object' || (input as unknown) === null)
      throw new TypeError(
        `values() needs an object or a list of objects, got ${(input as unknown) === null ? 'null' : typeof input}`,
      )
    const rows = Array.isArray(input) ? (input as readonly RowValues[]) : [input as RowValues]
    if (rows.length === 0) throw new TypeError('values() needs at least one row, got an empty list')
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
    if (names.length === 0) throw new TypeError('set() needs at least one column, got only undefined values')
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

function value(to: Rendering, cell: unknown): void {
  if (cell === undefined) to.text += 'DEFAULT'
  else if (cell instanceof Fragment) cell.render(to)
  else to.parameter(cell)
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
 * Returns a piece of SQL for a template. Values in it stay parameters.
 *
 * @throws {TypeError} when it is called as a function, not as the tag of a template
 *
 * @example
 * const adults = sql`age >= ${18}`
 * await db.many`SELECT * FROM users WHERE ${adults} ORDER BY ${sql.id(column)}`
 */
export const sql: SqlTag = Object.assign((strings: TemplateStringsArray, ...values: readonly unknown[]): Fragment => {
  assertTemplate(strings)
  return new Fragment((to) => to.template(strings, values))
}, fragments)

/** Asserts that the argument is the first argument of a template tag; throws a TypeError otherwise. */
export function assertTemplate(strings: unknown): asserts strings is TemplateStringsArray {
  if (Array.isArray(strings) && Array.isArray((strings as unknown as TemplateStringsArray).raw)) return
  throw new TypeError('a statement must be a template: write db.one`SELECT …`, not db.one("SELECT …")')
}
