// The English in a TypeScript file: its comments, and the messages that a user may read.
import { parseSync } from 'oxc-parser'

const directive = /^\s*(?:oxlint|eslint|@ts-|biome|v8 ignore|c8 ignore|#__|@__|\/ <reference)/

/** Returns `{ text, line }` of each comment and message; lines that are code in a docstring are left out. */
export function textsOf(file, source) {
  const { program, comments } = parseSync(file, source)
  const lineAt = lineFinder(source)
  return [...commentsOf(comments, source, lineAt), ...messagesOf(program, lineAt)]
}

/** Line comments that follow each other are one text. */
function commentsOf(comments, source, lineAt) {
  const texts = []
  let last
  for (const { type, value, start, end } of comments) {
    if (directive.test(value)) continue
    const line = lineAt(start)
    if (type === 'Block') {
      texts.push({ line, text: withoutCode(value.replace(/^[ \t]*\*+ ?/gm, '')) })
      continue
    }
    const isNext = last && last.endLine + 1 === line && source.slice(last.end, start).trim() === ''
    if (isNext) last.text += `\n${value.trim()}`
    else texts.push((last = { line, text: value.trim() }))
    Object.assign(last, { end, endLine: line })
  }
  return texts
}

/** A docstring's example becomes empty lines, so that line numbers stay true; a tag's name is no word. */
function withoutCode(text) {
  return text
    .replace(/```[\s\S]*?```/g, blank)
    .replace(/@example[\s\S]*?(?=\n\s*@\w|$)/g, blank)
    .replace(/@(?:param|returns|throws|default|see|internal)\b(?: \{[^}]*\})?/g, '\n')
    .replace(/\{@link ([^}|]+)\}/g, '`$1`')
}

function blank(code) {
  return code.replace(/[^\n]+/g, '')
}

/** Strings and templates that read like a sentence: four words or more, most of them in lower case, no SQL. */
function* messagesOf(program, lineAt) {
  for (const node of nodesOf(program)) {
    const text = textOfLiteral(node)
    if (text && isSentence(text)) yield { line: lineAt(node.start), text }
  }
}

function textOfLiteral(node) {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  if (node.type === 'TemplateLiteral') return node.quasis.map(({ value }) => value.cooked).join('`x`')
  return undefined
}

function isSentence(text) {
  if (/^\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|WITH|BEGIN|COMMIT|SET|COPY|LOCK|DO|GRANT)\b/.test(text))
    return false
  if (/[{};]\s*\n|=>|<\/?[a-z]+|"\$\d"/.test(text)) return false
  const words = text.split(/\s+/).filter((word) => /^[("'`]?[A-Za-z][a-z'’-]*[)"'`]?[,.:;!?]?$/.test(word))
  return words.length >= 4 && !isWordList(text.trim().split(/\s+/))
}

/** Names in a row, such as the keywords of JSON Schema: eight and more without an article, a verb or a preposition. */
function isWordList(words) {
  return (
    words.length >= 8 && !words.some((word) => /^(?:an?|the|of|is|are|must|to|in|on|by|for|with|has|have)$/i.test(word))
  )
}

/** Every node under one, in any order; strings in types and import paths are no messages. */
function* nodesOf(root) {
  const waiting = [root]
  while (waiting.length > 0) {
    const node = waiting.pop()
    if (typeof node.type === 'string') {
      if (/^(?:TS.*Type|TSLiteralType|Import.*|ExportAllDeclaration|TaggedTemplateExpression)$/.test(node.type))
        continue
      yield node
    }
    for (const value of Object.values(node)) if (value && typeof value === 'object') waiting.push(value)
  }
}

function lineFinder(source) {
  const starts = [0]
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (starts[middle] <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }
}
