import { pieces } from './lexer.ts'

/** Returns the main table of a statement: the first one that it names outside of parentheses, else the first one. */
export function collectionOf(sql: string): string | undefined {
  const { whole, outer } = uncommented(sql)
  const queries = new Set([...outer.matchAll(commonTable)].map(([, name]) => unquoted(name!)))
  const main = tablesIn(outer).find((name) => !queries.has(name))
  return main ?? tablesIn(whole)[0]
}

const name = String.raw`(?:"[^"]+"|\w+)`
const table = new RegExp(
  String.raw`(?:(?<!\bDISTINCT\s+)\bFROM|\b(?:INTO|UPDATE|JOIN|TABLE))\s+(?:ONLY\s+|IF\s+(?:NOT\s+)?EXISTS\s+)?(${name}(?:\.${name})*)`,
  'gi',
)
/** The name of a query of WITH, in a text without what is in parentheses. */
const commonTable = new RegExp(
  String.raw`(?:^\s*WITH(?:\s+RECURSIVE)?|,)\s*(${name})\s*(?:\(\s*\)\s*)?AS\s*(?:(?:NOT\s+)?MATERIALIZED\s*)?\(`,
  'gi',
)

function tablesIn(words: string): string[] {
  return [...words.matchAll(table)].map(([, found]) => unquoted(found!))
}

function unquoted(names: string): string {
  return names.replaceAll('"', '')
}

/** The text with `?` for literals and without comments: the whole, and without what is in parentheses. */
function uncommented(sql: string): { readonly whole: string; readonly outer: string } {
  let whole = ''
  let outer = ''
  let depth = 0
  for (const { kind, text } of pieces(sql)) {
    const shown = kind === 'string' ? '?' : kind === 'comment' ? ' ' : text
    if (kind === 'symbol' && text === ')') depth = Math.max(0, depth - 1)
    whole += shown
    if (depth === 0) outer += shown
    if (kind === 'symbol' && text === '(') depth++
  }
  return { whole, outer }
}
