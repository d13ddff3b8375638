/** PostgreSQL's text form of arrays: `{1,NULL,"a \"b\"",{2,3}}`. https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */

/** Reads an array; bounds such as `[0:1]={…}` are ignored. */
export function parseArray(text: string, decode: (item: string) => unknown, delimiter: string): unknown[] {
  const open = text.indexOf('{')
  const [items] = parseLevel(text, open + 1, decode, delimiter)
  return items
}

function parseLevel(
  text: string,
  start: number,
  decode: (item: string) => unknown,
  delimiter: string,
): readonly [unknown[], number] {
  const items: unknown[] = []
  let at = start
  while (at < text.length && text[at] !== '}') {
    if (text[at] === '{') {
      const [inner, after] = parseLevel(text, at + 1, decode, delimiter)
      items.push(inner)
      at = after
    } else if (text[at] === '"') {
      const end = closingQuote(text, at + 1)
      items.push(decode(text.slice(at + 1, end).replaceAll(/\\(.)/gs, '$1')))
      at = end + 1
    } else {
      let end = at
      while (text[end] !== delimiter && text[end] !== '}') end++
      const item = text.slice(at, end)
      items.push(item === 'NULL' ? null : decode(item))
      at = end
    }
    if (text[at] === delimiter) at++
  }
  return [items, at + 1]
}

function closingQuote(text: string, start: number): number {
  let at = start
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}

/** Writes an array: null becomes NULL, and a nested array another dimension. */
export function writeArray(
  items: readonly unknown[],
  encode: (item: unknown) => string | null,
  isNested: (item: unknown) => item is readonly unknown[],
  delimiter: string,
): string {
  const written = Array.from(items, (item) => {
    if (isNested(item)) return writeArray(item, encode, isNested, delimiter)
    const text = encode(item)
    return text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, '\\$&')}"`
  })
  return `{${written.join(delimiter)}}`
}
