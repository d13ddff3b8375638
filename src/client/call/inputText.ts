// An operation's input as the text of a path, a query or a header.
import type { AnyInput } from './call.ts'

/**
 * Returns a path with its parameters, encoded. `parts` are text and names in turn.
 *
 * @throws {TypeError} when a parameter is missing, or would change the path
 */
export function fillPath(operation: string, parts: readonly string[], params: AnyInput['params'] = {}): string {
  let path = parts[0] as string
  for (let i = 1; i < parts.length; i += 2) {
    const name = parts[i] as string
    const value = params[name]
    if (value === undefined || value === '')
      throw new TypeError(`${operation}: params.${name} is required, got ${value === '' ? '""' : 'undefined'}`)
    const text = textOf(value)
    // RFC 3986, 5.2.4: these lead to another path. Proxies follow them, and browsers do so even when they are encoded.
    if (text === '.' || text === '..')
      throw new TypeError(`${operation}: params.${name} must not be "." or "..", got "${text}"`)
    path += encodeURIComponent(text) + parts[i + 1]
  }
  return path
}

/** Returns a query with its question mark; an empty text when there is none. A list repeats its name. */
export function queryString(query: AnyInput['query']): string {
  if (!query) return ''
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) search.append(name, textOf(item))
    }
  }
  return search.size > 0 ? `?${search.toString()}` : ''
}

/**
 * Returns the value of a header. A list is separated by commas.
 *
 * @throws {TypeError} when an item of a list has a comma
 */
export function headerText(name: string, value: unknown): string {
  if (!Array.isArray(value)) return textOf(value)
  const items = value.map(textOf)
  const index = items.findIndex((item) => item.includes(','))
  if (index >= 0) throw new TypeError(`headers.${name}[${index}] must not have a comma, which separates the items`)
  return items.join(', ')
}

/** Returns a value as in JSON, without quotes around text. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
