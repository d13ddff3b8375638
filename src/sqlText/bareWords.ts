import { pieces } from './lexer.ts'

/** Returns a text in which literals are '', quoted names ", and comments a space, so that words in them do not count. */
export function bareWords(sql: string): string {
  let words = ''
  for (const { kind, text } of pieces(sql)) {
    words += kind === 'string' ? "''" : kind === 'name' ? '"' : kind === 'comment' ? ' ' : text
  }
  return words
}
