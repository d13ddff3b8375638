import { isAnnotation } from './keywords.ts'

/**
 * Returns a copy as plain JSON with its keys in order. Annotations of schemas are left out: they change no value.
 *
 * Names of fields are kept, even those that are also annotations: they are the keys of `properties`.
 */
export function canonical(value: unknown): unknown {
  return copy(value, 'schema')
}

/** Whether the keys of an object are keywords of a schema, or names. */
type Keys = 'schema' | 'names'

function copy(value: unknown, keys: Keys): unknown {
  if (Array.isArray(value)) return value.map((item) => copy(item, 'schema'))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([key, inner]) => isJson(inner) && !(keys === 'schema' && isAnnotation(key)))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    entries.map(([key, inner]) => {
      if (keys === 'schema' && key === 'required' && Array.isArray(inner))
        return [key, inner.map(String).toSorted((a, b) => (a < b ? -1 : 1))]
      if (keys === 'schema' && literal.has(key)) return [key, inner as unknown]
      return [key, copy(inner, keys === 'schema' && named.has(key) ? 'names' : 'schema')]
    }),
  )
}

function isJson(value: unknown): boolean {
  return value !== undefined && typeof value !== 'function' && typeof value !== 'symbol'
}

/** Keys whose value has names as keys. */
const named: ReadonlySet<string> = new Set([
  '$defs',
  'cookies',
  'dependentSchemas',
  'errors',
  'events',
  'files',
  'jobs',
  'operations',
  'patternProperties',
  'properties',
  'responses',
  'setCookies',
  'styles',
])

/** Keywords whose value is a value of the user. */
const literal: ReadonlySet<string> = new Set(['const', 'default', 'enum'])
