/**
 * A text in which literals are '', quoted names ", comments a space, so that no word in them counts.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html
 */
export function bareWords(text: string): string {
  let out = ''
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const dollar = /^\$(?:[A-Za-z_\x80-\uffff][\w\x80-\uffff]*)?\$/.exec(rest)?.[0]
    if (text.startsWith('--', at)) {
      at = after(text, '\n', at + 2)
      out += ' '
    } else if (text.startsWith('/*', at)) {
      at = afterComment(text, at)
      out += ' '
    } else if (text[at] === "'") {
      at = afterQuote(text, at, "'", /\be$/i.test(out))
      out += "''"
    } else if (text[at] === '"') {
      at = afterQuote(text, at, '"', false)
      out += '"'
    } else if (dollar && !/\w$/.test(out)) {
      at = after(text, dollar, at + dollar.length)
      out += "''"
    } else {
      out += text[at++]
    }
  }
  return out
}

function after(text: string, end: string, from: number): number {
  const at = text.indexOf(end, from)
  return at < 0 ? text.length : at + end.length
}

function afterComment(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('/*', at)) {
      depth++
      at++
    } else if (text.startsWith('*/', at)) {
      depth--
      at++
      if (depth === 0) return at + 1
    }
  }
  return text.length
}

function afterQuote(text: string, from: number, quote: string, escapes: boolean): number {
  for (let at = from + 1; at < text.length; at++) {
    if (escapes && text[at] === '\\') at++
    else if (text[at] === quote && text[at + 1] === quote) at++
    else if (text[at] === quote) return at + 1
  }
  return text.length
}
