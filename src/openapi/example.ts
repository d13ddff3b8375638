import type { JsonSchema } from '../schema/schema.ts'

/** Resolves the schema of a `$ref`. */
export interface Named {
  get($ref: string): JsonSchema | undefined
}

/**
 * Returns a value that a schema accepts: the author's own `examples` or `default`, else a generated one. It is undefined
 * when no value can be generated, for a pattern for instance, because no example is better than a wrong one.
 */
export function exampleOf(schema: JsonSchema, named: Named, within: readonly string[] = []): unknown {
  const { examples, default: byDefault, $ref } = schema
  if (Array.isArray(examples) && examples.length > 0) return examples[0]
  if (byDefault !== undefined) return byDefault
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]

  if (typeof $ref === 'string') {
    const target = within.includes($ref) || !only(schema, []) ? undefined : named.get($ref)
    return target && exampleOf(target, named, [...within, $ref])
  }
  const inner: Inner = (part) => (typeof part === 'object' ? exampleOf(part as JsonSchema, named, within) : undefined)
  const { anyOf, allOf, type } = schema
  if (Array.isArray(anyOf)) return only(schema, ['anyOf']) ? firstOf(anyOf, inner) : undefined
  if (Array.isArray(allOf)) return only(schema, ['allOf', 'type']) ? mergeOf(allOf, inner, named) : undefined
  if (typeof type === 'string') return makers[type]?.(schema, inner)
  return only(schema, []) ? {} : undefined // any value is valid
}

type Inner = (schema: unknown) => unknown
type Maker = (schema: JsonSchema, inner: Inner) => unknown

const makers: Readonly<Record<string, Maker>> = {
  null: (schema) => (only(schema, ['type']) ? null : undefined),
  boolean: (schema) => (only(schema, ['type']) ? true : undefined),
  integer: numberOf,
  number: numberOf,
  string: stringOf,
  array: arrayOf,
  object: objectOf,
}

function numberOf(schema: JsonSchema): number | undefined {
  if (!only(schema, ['type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']))
    return undefined
  const { minimum = -Infinity, exclusiveMinimum = -Infinity } = schema as Record<string, number>
  const { maximum = Infinity, exclusiveMaximum = Infinity, multipleOf } = schema as Record<string, number>
  const step = multipleOf ?? 1
  const accepts = (value: number): boolean =>
    value >= minimum &&
    value > exclusiveMinimum &&
    value <= maximum &&
    value < exclusiveMaximum &&
    Math.abs(value) <= Number.MAX_SAFE_INTEGER &&
    (schema['type'] === 'number' || Number.isInteger(value)) &&
    (multipleOf === undefined || Number.isInteger(value / multipleOf))

  const low = Math.max(minimum, exclusiveMinimum)
  const high = Math.min(maximum, exclusiveMaximum)
  const near = [
    1,
    step,
    0,
    Math.ceil(low / step) * step,
    (Math.floor(low / step) + 1) * step,
    Math.floor(high / step) * step,
  ]
  return [...near, (low + high) / 2].map((value) => value + 0).find(accepts)
}

function stringOf(schema: JsonSchema): string | undefined {
  if (!only(schema, ['type', 'format', 'minLength', 'maxLength'])) return undefined
  const {
    format,
    minLength = 0,
    maxLength = Infinity,
  } = schema as { format?: string; minLength?: number; maxLength?: number }
  if (format !== undefined) {
    const value = formats[format]
    return value !== undefined && value.length >= minLength && value.length <= maxLength ? value : undefined
  }
  return minLength > Math.min(maxLength, 256) ? undefined : 'string'.padEnd(minLength, '-').slice(0, maxLength)
}

const formats: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  email: 'ada@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  time: '12:00:00Z',
  uri: 'https://example.com/',
  uuid: '018f4d2e-7c1a-7b3e-9d60-3f1c2a9b8e75',
}

function arrayOf(schema: JsonSchema, inner: Inner): unknown[] | undefined {
  if (!only(schema, ['type', 'items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems'])) return undefined
  const {
    prefixItems,
    items,
    minItems = 0,
    maxItems = Infinity,
  } = schema as { prefixItems?: unknown[]; items?: unknown } & Record<string, number>
  if (prefixItems) {
    const values = prefixItems.map(inner)
    return values.includes(undefined) || minItems > values.length || maxItems < values.length || schema['uniqueItems']
      ? undefined
      : values
  }
  const value = maxItems > 0 ? inner(items) : undefined
  if (value === undefined) return minItems === 0 ? [] : undefined
  const count = Math.max(1, minItems)
  return count > (schema['uniqueItems'] ? 1 : 16) ? undefined : Array.from({ length: count }, () => value)
}

function objectOf(schema: JsonSchema, inner: Inner): Record<string, unknown> | undefined {
  if (!only(schema, ['type', 'properties', 'required', 'additionalProperties', 'patternProperties'])) return undefined
  const { properties = {}, required = [] } = schema as { properties?: Record<string, unknown>; required?: string[] }
  const names = Object.keys(properties)
  const patterns = Object.keys(schema['patternProperties'] ?? {})
  if (patterns.length > 0 && names.length > 0) return undefined
  const entries = names
    .map((name) => [name, inner(properties[name])] as const)
    .filter(([, value]) => value !== undefined)
  const value: Record<string, unknown> = Object.fromEntries(entries)
  return required.every((name) => Object.hasOwn(value, name)) ? value : undefined
}

function firstOf(schemas: readonly unknown[], inner: Inner): unknown {
  const values = schemas.map(inner).filter((value) => value !== undefined)
  return values.find((value) => value !== null) ?? values[0]
}

/** Merges the examples of parts into one object, if no part restricts what another contains. */
function mergeOf(parts: readonly unknown[], inner: Inner, named: Named): unknown {
  const merged: Record<string, unknown> = {}
  const taken = new Set<string>()
  for (const part of parts as JsonSchema[]) {
    const target = typeof part['$ref'] === 'string' ? named.get(part['$ref']) : part
    const names = Object.keys(target?.['properties'] ?? {})
    const open = target?.['additionalProperties'] === undefined && target?.['patternProperties'] === undefined
    const value = open && !names.some((name) => taken.has(name)) ? inner(part) : undefined
    if (target?.['type'] !== 'object' || value === undefined) return undefined
    for (const name of names) taken.add(name)
    Object.assign(merged, value)
  }
  return merged
}

/** Whether a schema has only these asserting keywords: an unknown one could reject the example. */
function only(schema: JsonSchema, known: readonly string[]): boolean {
  return Object.keys(schema).every((key) => known.includes(key) || annotations.has(key))
}

const annotations: ReadonlySet<string> = new Set([
  '$ref',
  '$comment',
  'default',
  'deprecated',
  'description',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
])
