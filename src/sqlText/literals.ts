import { pieces } from './lexer.ts'

const longestText = 2048

/**
 * Returns the text of a statement for spans and logs. Literals become `?`, also within comments; parameters are
 * placeholders already.
 */
export function withoutLiterals(text: string): string {
  const clean = masked(text).replace(/\s+/g, ' ').trim()
  return clean.length > longestText ? `${clean.slice(0, longestText)}…` : clean
}

function masked(sql: string): string {
  let clean = ''
  for (const { kind, text } of pieces(sql)) {
    if (kind === 'string' || kind === 'number') clean += '?'
    else clean += kind === 'comment' ? maskedComment(text) : text
  }
  return clean
}

function maskedComment(text: string): string {
  const end = text.startsWith('/*') && text.endsWith('*/') ? -2 : undefined
  return text.slice(0, 2) + masked(text.slice(2, end)) + (end === undefined ? '' : '*/')
}
