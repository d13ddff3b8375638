import { lineAt, tokens, type Token } from '../sqlText/lexer.ts'

/** One SQL statement of a file. */
export interface Statement {
  /** From the first to the last token, without the semicolon. */
  readonly text: string
  /** Number of its first line, from 1. */
  readonly line: number
  readonly tokens: readonly Token[]
}

/**
 * Splits a file into statements by psql's rules. A semicolon does not end a statement within quotes, comments or
 * parentheses (as in CREATE RULE), or in a function body written as BEGIN ATOMIC … END.
 *
 * @throws {SyntaxError} when a quote or comment is not closed.
 */
export function splitStatements(sql: string): Statement[] {
  const statements: Statement[] = []
  let current: Token[] = []
  let parentheses = 0
  let blocks = 0

  const end = (): void => {
    const first = current[0]
    const last = current.at(-1)
    if (first && last) {
      const text = sql.slice(first.start, last.start + last.text.length)
      statements.push({ text, line: lineAt(sql, first.start), tokens: current })
    }
    current = []
    parentheses = 0
    blocks = 0
  }

  for (const token of tokens(sql)) {
    if (token.text === ';' && parentheses === 0 && blocks === 0) {
      end()
      continue
    }
    current.push(token)
    if (token.text === '(') parentheses++
    else if (token.text === ')') parentheses = Math.max(0, parentheses - 1)
    else if (token.kind === 'word' && parentheses === 0) blocks = depthAfter(token, blocks, current)
  }
  end()
  return statements
}

/** Returns the number of open BEGIN and CASE in a function body after a word. */
function depthAfter(token: Token, depth: number, statement: readonly Token[]): number {
  const word = token.text.toLowerCase()
  if (word === 'begin') return isRoutine(statement) ? depth + 1 : depth
  if (word === 'case') return depth > 0 ? depth + 1 : depth
  return word === 'end' && depth > 0 ? depth - 1 : depth
}

const routine = /^create (or replace )?(function|procedure)\b/

function isRoutine(statement: readonly Token[]): boolean {
  return routine.test(opening(statement, 4))
}

/** Returns the first `count` tokens in lower case, separated by spaces: `alter table users`. */
export function opening(statement: readonly Token[], count: number): string {
  return statement
    .slice(0, count)
    .map((token) => token.text.toLowerCase())
    .join(' ')
}
