/** Splits SQL text into pieces, by PostgreSQL's lexical rules with standard_conforming_strings on. */

/** A piece of SQL text. All pieces of a text together are the text. */
export interface Piece {
  /** `word` is a bare identifier or keyword, `name` a quoted identifier, `string` any kind of quoted constant. */
  readonly kind: 'space' | 'comment' | 'word' | 'name' | 'string' | 'number' | 'symbol'
  readonly text: string
  /** Offset of its first character. */
  readonly start: number
  /** False for a quote or comment that nothing closes, and that extends to the end of the text. */
  readonly isClosed: boolean
}

/** A piece that is neither whitespace nor a comment. */
export interface Token extends Piece {
  readonly kind: Exclude<Piece['kind'], 'space' | 'comment'>
}

// https://www.postgresql.org/docs/current/sql-syntax-lexical.html. Each kind of quote has a group for its end.
const lexeme = new RegExp(
  [
    String.raw`(?<space>[ \t\n\r\f\v\ufeff]+)`,
    String.raw`(?<comment>--[^\n\r]*)`,
    String.raw`(?<string>[eE]'[^'\\]*(?:(?:''|\\[^]?)[^'\\]*)*(?<c1>'?)|(?:[uU]&|[bBxXnN])?'[^']*(?:''[^']*)*(?<c2>'?)` +
      String.raw`|\$(?<tag>(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?)\$[^]*?(?:(?<c3>\$\k<tag>\$)|$))`,
    String.raw`(?<name>(?:[uU]&)?"[^"]*(?:""[^"]*)*(?<c4>"?))`,
    String.raw`(?<word>[A-Za-z_\x80-\uffff][\w$\x80-\uffff]*)`,
    String.raw`(?<number>(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]\d+)?\w*)`,
    String.raw`(?<symbol>\$\d+|[^])`,
  ].join('|'),
  'y',
)

const kinds = ['space', 'comment', 'string', 'name', 'word', 'number', 'symbol'] as const

/** Splits a text into pieces. It accepts any text. */
export function* pieces(sql: string): Generator<Piece, void, undefined> {
  for (let start = 0, end: number; start < sql.length; start = end) {
    if (sql.startsWith('/*', start)) {
      const close = endOfComment(sql, start)
      end = close ?? sql.length
      yield { kind: 'comment', text: sql.slice(start, end), start, isClosed: close !== undefined }
      continue
    }
    lexeme.lastIndex = start
    const groups = lexeme.exec(sql)!.groups!
    end = lexeme.lastIndex
    const kind = kinds.find((each) => groups[each] !== undefined)!
    const isQuoted = kind === 'string' || kind === 'name'
    const isClosed = !isQuoted || !!(groups['c1'] || groups['c2'] || groups['c3'] || groups['c4'])
    yield { kind, text: groups[kind]!, start, isClosed }
  }
}

/**
 * Splits SQL text into tokens, without comments and whitespace.
 *
 * @throws {SyntaxError} with the line of a quote or comment that is not closed.
 */
export function* tokens(sql: string): Generator<Token, void, undefined> {
  for (const piece of pieces(sql)) {
    if (!piece.isClosed) {
      const what = piece.kind === 'comment' ? 'comment' : 'quote'
      throw new SyntaxError(`line ${lineAt(sql, piece.start)}: a ${what} is not closed`)
    }
    if (isToken(piece)) yield piece
  }
}

/** Returns the number of the line of an offset, from 1. */
export function lineAt(sql: string, offset: number): number {
  let line = 1
  for (let at = sql.indexOf('\n'); at !== -1 && at < offset; at = sql.indexOf('\n', at + 1)) line++
  return line
}

function isToken(piece: Piece): piece is Token {
  return piece.kind !== 'space' && piece.kind !== 'comment'
}

/** Block comments nest in PostgreSQL. */
function endOfComment(sql: string, from: number): number | undefined {
  const edge = /\/\*|\*\//g
  edge.lastIndex = from
  let depth = 0
  for (let match = edge.exec(sql); match; match = edge.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return edge.lastIndex
  }
  return undefined
}
