import type { Token } from '../sqlText/lexer.ts'
import { opening, type Statement } from './split.ts'

/** Something that a statement removes data from. */
export interface Target {
  readonly kind: 'table' | 'column' | 'type' | 'rows' | 'other'
  /** The table, quoted, with its schema if the statement has it; for `other`, a description. */
  readonly table: string
  /** Name of the column, for `column` and `type` (the type of a column). */
  readonly column?: string
}

/**
 * Returns what a statement would remove data from, by its text. It knows DROP TABLE, DROP COLUMN, a change of a column's
 * type, TRUNCATE, DELETE, DROP SCHEMA, and any DROP … CASCADE that may reach a table. It cannot see into DO blocks and
 * functions.
 */
export function targetsOf({ tokens }: Statement): Target[] {
  const first = opening(tokens, 1)
  if (first === 'drop') return ofDrop(tokens)
  if (first === 'alter') return ofAlter(tokens)
  if (first === 'truncate') return ofTruncate(tokens)
  return first === 'delete' || first === 'with' ? ofDelete(tokens) : []
}

/** A rename of a table or a column by ALTER TABLE in the same file. */
export interface NameChange {
  /** The table before the rename, as in `Target`. */
  readonly table: string
  /** The table after the rename. */
  readonly tableTo: string
  readonly column?: string
  readonly columnTo?: string
}

/** Returns the rename of a statement; undefined if it has none. */
export function nameChangeOf({ tokens }: Statement): NameChange | undefined {
  const cursor = new Cursor(tokens, 1)
  if (opening(tokens, 2) !== 'alter table') return undefined
  const table = cursor.alteredTable()
  if (!cursor.skip('rename')) return undefined
  if (cursor.skip('to')) return { table, tableTo: table.replace(/(?:[^"]|"")*"$/, cursor.name().slice(1)) }
  if (cursor.skip('constraint')) return undefined
  cursor.skip('column')
  const column = cursor.identifier()
  return cursor.skip('to') ? { table, tableTo: table, column, columnTo: cursor.identifier() } : undefined
}

// These hold no rows, and their CASCADE reaches at most views, triggers and constraints.
const harmless = /^(index|view|materialized|trigger|policy|rule|function|procedure|aggregate|sequence|constraint)$/

function ofDrop(tokens: readonly Token[]): Target[] {
  const cursor = new Cursor(tokens, 1)
  const object = cursor.next()
  if (object === 'table' || (object === 'foreign' && cursor.skip('table'))) {
    cursor.skip('if', 'exists')
    return cursor.names().map((table) => ({ kind: 'table', table }))
  }
  const reaches = object === 'schema' || object === 'owned' || object === 'database'
  const cascades = tokens.some((token) => isWord(token, 'cascade'))
  if (!reaches && (!cascades || harmless.test(object))) return []
  cursor.skip('if', 'exists')
  cursor.skip('by')
  return [{ kind: 'other', table: `what is in or depends on ${object} ${cursor.names().join(', ')}` }]
}

function ofAlter(tokens: readonly Token[]): Target[] {
  if (!/^alter (foreign )?table\b/.test(opening(tokens, 3))) return []
  const cursor = new Cursor(tokens, 1)
  const table = cursor.alteredTable()
  return cursor.actions().flatMap((action) => ofAction(table, action))
}

function ofAction(table: string, tokens: readonly Token[]): Target[] {
  const cursor = new Cursor(tokens)
  if (cursor.skip('drop')) {
    if (cursor.skip('constraint')) return []
    cursor.skip('column')
    cursor.skip('if', 'exists')
    return [{ kind: 'column', table, column: cursor.identifier() }]
  }
  if (!cursor.skip('alter') || cursor.skip('constraint')) return []
  cursor.skip('column')
  const column = cursor.identifier()
  cursor.skip('set', 'data')
  return cursor.skip('type') ? [{ kind: 'type', table, column }] : []
}

function ofTruncate(tokens: readonly Token[]): Target[] {
  const cursor = new Cursor(tokens, 1)
  cursor.skip('table')
  return cursor.names().map((table) => ({ kind: 'rows', table }))
}

function ofDelete(tokens: readonly Token[]): Target[] {
  return tokens.flatMap((token, index): Target[] => {
    const cursor = new Cursor(tokens, index + 1)
    if (!isWord(token, 'delete') || !cursor.skip('from')) return []
    cursor.skip('only')
    return [{ kind: 'rows', table: cursor.name() }]
  })
}

function isWord({ kind, text }: Token, word: string): boolean {
  return kind === 'word' && text.toLowerCase() === word
}

/** Reads a statement's tokens from left to right. */
class Cursor {
  readonly #tokens: readonly Token[]
  #at: number

  constructor(tokens: readonly Token[], at = 0) {
    this.#tokens = tokens
    this.#at = at
  }

  next(): string {
    return this.#tokens[this.#at++]?.text.toLowerCase() ?? ''
  }

  /** Skips these words if all of them come next. */
  skip(...words: readonly string[]): boolean {
    const here = words.every((word, index) => this.#tokens[this.#at + index]?.text.toLowerCase() === word)
    if (here) this.#at += words.length
    return here
  }

  /** Reads an identifier as PostgreSQL stores it. */
  identifier(): string {
    const token = this.#tokens[this.#at++]
    if (!token) return ''
    return token.kind === 'name' ? token.text.slice(1, -1).replaceAll('""', '"') : token.text.toLowerCase()
  }

  /** Reads a name with or without its schema, quoted. */
  name(): string {
    const parts = [this.identifier()]
    while (this.skip('.')) parts.push(this.identifier())
    return parts.map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
  }

  /** `[FOREIGN] TABLE [IF EXISTS] [ONLY] name [*]` */
  alteredTable(): string {
    this.skip('foreign')
    this.skip('table')
    this.skip('if', 'exists')
    this.skip('only')
    const name = this.name()
    this.skip('*')
    return name
  }

  /** `[ONLY] a, b.c *, …` */
  names(): string[] {
    const names: string[] = []
    do {
      this.skip('only')
      names.push(this.name())
      this.skip('*')
    } while (this.skip(','))
    return names
  }

  /** Splits the rest at commas outside parentheses. */
  actions(): Token[][] {
    const actions: Token[][] = [[]]
    let depth = 0
    for (const token of this.#tokens.slice(this.#at)) {
      if (token.text === '(') depth++
      if (token.text === ')') depth--
      if (token.text === ',' && depth === 0) actions.push([])
      else actions.at(-1)?.push(token)
    }
    return actions
  }
}
