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

/** Returns the main table of a statement: the first one that it names. */
export function collectionOf(text: string): string | undefined {
  const found =
    /\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+(?:ONLY\s+|IF\s+(?:NOT\s+)?EXISTS\s+)?((?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*)/i
  const name = found.exec(uncommented(text))?.[1]
  return name?.replaceAll('"', '')
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

function uncommented(sql: string): string {
  let clean = ''
  for (const { kind, text } of pieces(sql)) clean += kind === 'string' ? '?' : kind === 'comment' ? ' ' : text
  return clean
}
