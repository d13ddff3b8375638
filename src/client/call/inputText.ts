// An operation's input as the text of a path, a query or a header.
import type { QueryStyle } from '../../schema/query.ts'
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
    if (name === '*') {
      path += restOf(operation, textOf(value)) + parts[i + 1]
      continue
    }
    const text = textOf(value)
    // RFC 3986, 5.2.4: these lead to another path. Proxies follow them, and browsers do so even when they are encoded.
    if (text === '.' || text === '..')
      throw new TypeError(`${operation}: params.${name} must not be "." or "..", got "${text}"`)
    path += encodeURIComponent(text) + parts[i + 1]
  }
  return path
}

/**
 * Returns the rest of a path, for a wildcard. Its slashes stay.
 *
 * @throws {TypeError} when one of its segments would change the path
 */
function restOf(operation: string, text: string): string {
  const segments = text.split('/')
  const wrong = segments.find((segment) => segment === '.' || segment === '..')
  if (wrong !== undefined)
    throw new TypeError(`${operation}: params.* must not have the segment "${wrong}", got "${text}"`)
  return segments.map(encodeURIComponent).join('/')
}

/**
 * Returns a query with its question mark; an empty text when there is none. A list repeats its name, or is one text with
 * commas. An object has a name for each field.
 *
 * @throws {TypeError} when an item of a list with commas has a comma
 */
export function queryString(query: AnyInput['query'], styles: ReadonlyMap<string, QueryStyle>): string {
  if (!query) return ''
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    const style = styles.get(name)
    if (style === 'comma' && Array.isArray(value)) search.append(name, listText(`query.${name}`, value, ','))
    else if (style === 'deepObject' && typeof value === 'object' && value !== null) {
      for (const [field, inner] of Object.entries(value)) appendTo(search, `${name}[${field}]`, inner)
    } else appendTo(search, name, value)
  }
  return search.size > 0 ? `?${search.toString()}` : ''
}

function appendTo(search: URLSearchParams, name: string, value: unknown): void {
  for (const item of Array.isArray(value) ? value : [value]) {
    if (item !== undefined && item !== null) search.append(name, textOf(item))
  }
}

/**
 * Returns the value of a header. A list is separated by commas.
 *
 * @throws {TypeError} when an item of a list has a comma
 */
export function headerText(operation: string, name: string, value: unknown): string {
  return Array.isArray(value) ? listText(`${operation}: headers.${name}`, value, ', ') : textOf(value)
}

function listText(where: string, values: readonly unknown[], separator: string): string {
  const items = values.map(textOf)
  const index = items.findIndex((item) => item.includes(','))
  if (index >= 0) throw new TypeError(`${where}[${index}] must not have a comma, which separates the items`)
  return items.join(separator)
}

/** Returns a value as in JSON, without quotes around text. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
