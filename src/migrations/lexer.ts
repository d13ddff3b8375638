/** A piece of SQL text that is neither white space nor a comment. */
export interface Token {
  /** `word` is a bare identifier or key word, `name` a quoted identifier, `string` any kind of quoted constant. */
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol'
  readonly text: string
  /** Offset of its first character. */
  readonly start: number
}

// PostgreSQL's lexical rules, https://www.postgresql.org/docs/current/sql-syntax-lexical.html, with
// standard_conforming_strings on. A quote that nothing closes matches no alternative.
const token = new RegExp(
  [
    String.raw`(?<string>[eE]'[^'\\]*(?:(?:''|\\[^])[^'\\]*)*'|(?:[uU]&|[bBxXnN])?'[^']*(?:''[^']*)*'`,
    String.raw`|\$(?<tag>(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$[^]*?\$\k<tag>\$)`,
    String.raw`|(?<name>(?:[uU]&)?"[^"]*(?:""[^"]*)*")`,
    String.raw`|(?<word>(?![eE]')[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)`,
    String.raw`|(?<number>\d[\w.]*)`,
    String.raw`|(?<symbol>\$\d+|[^\s\w'"$\x80-\uffff])`,
  ].join(''),
  'y',
)

const gap = /\s+|--[^\n]*/y

/**
 * Splits SQL text into tokens; comments and white space are left out.
 *
 * @throws {SyntaxError} when a quote or comment is never closed; its message says where.
 */
export function* tokens(sql: string): Generator<Token, void, undefined> {
  for (let at = 0; (at = afterGaps(sql, at)) < sql.length; at = token.lastIndex) {
    token.lastIndex = at
    const groups = token.exec(sql)?.groups
    if (!groups) throw new SyntaxError(`line ${lineAt(sql, at)}: a quote is opened and never closed`)
    const kind = kinds.find((each) => groups[each] !== undefined) as Token['kind']
    const end = token.lastIndex
    yield { kind, text: groups[kind] as string, start: at }
    token.lastIndex = end // another generator may have used the expression in between
  }
}

const kinds = ['string', 'name', 'word', 'number', 'symbol'] as const

/** The line of an offset, from 1. */
export function lineAt(sql: string, offset: number): number {
  let line = 1
  for (let at = sql.indexOf('\n'); at !== -1 && at < offset; at = sql.indexOf('\n', at + 1)) line++
  return line
}

function afterGaps(sql: string, from: number): number {
  for (let at = from; ;) {
    gap.lastIndex = at
    if (gap.test(sql)) at = gap.lastIndex
    else if (sql.startsWith('/*', at)) at = afterComment(sql, at)
    else return at
  }
}

/** Block comments nest in PostgreSQL. */
function afterComment(sql: string, from: number): number {
  const edge = /\/\*|\*\//g
  edge.lastIndex = from
  let depth = 0
  for (let match = edge.exec(sql); match; match = edge.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  throw new SyntaxError(`line ${lineAt(sql, from)}: a comment is opened and never closed`)
}
