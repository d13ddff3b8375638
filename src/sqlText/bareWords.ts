import { pieces } from './lexer.ts'

/** A text in which literals are '', quoted names ", comments a space, so that no word in them counts. */
export function bareWords(sql: string): string {
  let words = ''
  for (const { kind, text } of pieces(sql)) {
    words += kind === 'string' ? "''" : kind === 'name' ? '"' : kind === 'comment' ? ' ' : text
  }
  return words
}
