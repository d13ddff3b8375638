// The keywords of a schema. A misspelt rule would check nothing, so an unknown keyword is an error.
import { nearestName } from '../schema/validator/nearestName.ts'
import { pathInside } from '../schema/pathInside.ts'
import { mapSchema, type JsonSchema } from '../schema/schema.ts'
import { patternProblem } from '../schema/unicodePattern.ts'
import { formats, keywords as known, type KeywordKind } from '../schema/vocabulary.ts'

/** Returns the first problem with the keywords of a schema, as one line that begins with the path of the field. */
export function keywordProblem(schema: JsonSchema, path: string): string | undefined {
  for (const [keyword, value] of Object.entries(schema)) {
    const problem = wrongKeyword(keyword) ?? wrongValue(keyword, value)
    if (problem) return `${path}: ${problem}`
  }
  let inside: string | undefined
  mapSchema(schema, (inner, keyword, name) => {
    inside ??= keywordProblem(inner, pathInside(path, keyword, name))
    return inner
  })
  return inside
}

function wrongKeyword(keyword: string): string | undefined {
  if (known.has(keyword) || keyword.startsWith('x-') || keyword.startsWith('$')) return undefined
  return `unknown keyword "${keyword}"${hint(keyword, [...known.keys()])}`
}

function wrongValue(keyword: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (keyword === 'format' && typeof value === 'string' && !formats.includes(value)) {
    return `unknown format "${value}"${hint(value, formats) || `, expected one of ${formats.join(', ')}`}`
  }
  if (keyword === 'pattern' && typeof value === 'string') {
    const problem = patternProblem(value)
    return problem && `pattern: ${problem}`
  }
  const kind = known.get(keyword)
  if (kind === undefined || kinds[kind].accepts(value)) return undefined
  return `${keyword}: must be ${kinds[kind].expected}, got ${typeof value === 'number' ? value : JSON.stringify(value)}`
}

function hint(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names)
  return nearest === undefined ? '' : `, did you mean ${nearest}?`
}

const kinds = {
  count: {
    expected: 'a non-negative integer',
    accepts: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  number: { expected: 'a number', accepts: (value: unknown) => Number.isFinite(value) },
  text: { expected: 'a string', accepts: (value: unknown) => typeof value === 'string' },
  flag: { expected: 'true or false', accepts: (value: unknown) => typeof value === 'boolean' },
  list: { expected: 'an array', accepts: (value: unknown) => Array.isArray(value) },
  any: { expected: 'anything', accepts: () => true },
} as const satisfies Record<KeywordKind, unknown>
