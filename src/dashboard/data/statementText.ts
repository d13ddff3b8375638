/** What the text of a statement shows before the server gets it. */
import { pieces, tokens, type Piece } from '../../sqlText/lexer.ts'

/**
 * Statements that may run before the switch is thrown. The READ ONLY transaction is what keeps them from changing the
 * database. It would accept COPY, DO and CALL, which can write files and run programs.
 */
const reading: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE', 'EXPLAIN', 'SHOW'])

/** Returns why a statement may not run in a session that reads; undefined if it may. */
export function whyNotReading(text: string): string | undefined {
  const verb = verbOf(text)
  if (verb === undefined || reading.has(verb)) return undefined
  return `${verb} needs "Allow changes": without it, only ${[...reading].join(', ')} run`
}

function verbOf(text: string): string | undefined {
  for (const { kind, text: word } of tokens(text)) {
    if (kind === 'word') return word.toUpperCase()
    if (word !== '(' && word !== ';') return undefined
  }
  return undefined
}

/**
 * Returns the statement of a span as one that can be explained. A span has `?` for each literal; they become parameters after
 * those that the statement has. An operator of jsonb that is written `?` stays.
 */
export function withParameters(text: string): string {
  const all = [...pieces(text)]
  let last = Math.max(0, ...all.map((piece) => (/^\$\d+$/.test(piece.text) ? Number(piece.text.slice(1)) : 0)))
  const result: string[] = []
  let typeAt = -1
  let before: Before = 'operator'
  for (const { kind, text: own } of all) {
    if (kind === 'space' || kind === 'comment') {
      result.push(own)
    } else if (own !== '?' || before === 'operand') {
      before = own === '?' ? 'operator' : afterToken(kind, own)
      if (before === 'type') typeAt = result.length
      result.push(own)
    } else if (before === 'type') {
      // `interval '1 day'` takes a literal only.
      result[typeAt] = `CAST($${++last} AS ${result[typeAt]})`
      before = 'operand'
    } else {
      result.push(`$${++last}`)
      before = 'operand'
    }
  }
  return result.join('')
}

/** What stands before a `?`. A value follows an operator or a keyword, and an operator follows a value. */
type Before = 'operand' | 'operator' | 'type'

function afterToken(kind: Piece['kind'], text: string): Before {
  if (kind === 'symbol') return /^(?:\$\d+|[)\]])$/.test(text) ? 'operand' : 'operator'
  if (kind !== 'word') return 'operand'
  const word = text.toLowerCase()
  return types.has(word) ? 'type' : keywords.has(word) ? 'operator' : 'operand'
}

const types = new Set(['interval', 'date', 'time', 'timestamp', 'timestamptz'])
/** Words that a value may follow. */
const keywords = new Set(
  (
    'all and any as between by case distinct else escape fetch filter first from having ilike in is like limit next not ' +
    'offset on or returning select set similar some then to using values when where'
  ).split(' '),
)
