import type { JsonSchema } from '../schema.ts'

/** Resolves the schema of a `$ref`. */
export type Resolve = ($ref: string) => JsonSchema

/**
 * Merges two schemas into one for writing: the fields of both, with the rules of both that affect the form of a value.
 * The original schemas check all other rules.
 */
export function merge(a: JsonSchema, b: JsonSchema, resolve: Resolve): JsonSchema {
  const [left, right] = [a, b].map((schema) => resolved(schema, resolve)) as [JsonSchema, JsonSchema]
  const merged: Record<string, unknown> = { ...left, ...right }
  for (const keyword of ['properties', 'patternProperties'] as const) {
    if (left[keyword] && right[keyword]) merged[keyword] = mergeNamed(left[keyword], right[keyword], resolve)
  }
  if (left['required'] && right['required']) {
    merged['required'] = [...new Set([...(left['required'] as string[]), ...(right['required'] as string[])])]
  }
  if (left['type'] && right['type']) merged['type'] = commonTypes(left['type'], right['type'])
  for (const keyword of ['items', 'additionalProperties'] as const) {
    if (isObject(left[keyword]) && isObject(right[keyword])) {
      merged[keyword] = merge(left[keyword], right[keyword], resolve)
    } else if (left[keyword] !== undefined && right[keyword] === true) merged[keyword] = left[keyword]
  }
  if (left['anyOf'] && right['anyOf']) {
    const { anyOf: theirs, ...rest } = right
    merged['anyOf'] = (left['anyOf'] as JsonSchema[]).flatMap((mine) =>
      (theirs as JsonSchema[]).map((their) => merge(merge(mine, their, resolve), rest, resolve)),
    )
  }
  return merged
}

/** Merges the `$ref` and `allOf` of a schema into it. */
export function resolved({ $ref, allOf = [], ...schema }: JsonSchema, resolve: Resolve): JsonSchema {
  const parts = typeof $ref === 'string' ? [resolve($ref), ...(allOf as JsonSchema[])] : (allOf as JsonSchema[])
  return parts.reduce((whole, part) => merge(whole, part, resolve), schema)
}

function mergeNamed(a: unknown, b: unknown, resolve: Resolve): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...(a as Record<string, unknown>) }
  for (const [name, theirs] of Object.entries(b as Record<string, unknown>)) {
    const mine = merged[name]
    merged[name] = isObject(mine) && isObject(theirs) ? merge(mine, theirs, resolve) : theirs
  }
  return merged
}

function commonTypes(a: unknown, b: unknown): string[] {
  const [left, right] = [a, b].map((type) => [type].flat() as string[]) as [string[], string[]]
  const has = (types: string[], type: string): boolean =>
    types.includes(type) || (type === 'integer' && types.includes('number'))
  return [...new Set([...left.filter((type) => has(right, type)), ...right.filter((type) => has(left, type))])]
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
