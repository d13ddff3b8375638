import type { JsonSchema } from './schema.ts'

/** Whether text from a URL or a header, or a list of it, can match a schema: objects and nested lists cannot. */
export function isText(schema: JsonSchema, holdsLists = true): boolean {
  const { type, properties, patternProperties, items, anyOf, oneOf, allOf } = schema
  if (allOf !== undefined) return schemasIn(allOf).every((part) => isText(part, holdsLists))
  const parts = anyOf ?? oneOf
  if (parts !== undefined) return schemasIn(parts).some((part) => isText(part, holdsLists))
  if (type === 'array') return holdsLists && schemasIn(items).every((item) => isText(item, false))
  if (Array.isArray(type)) return type.some((one) => one !== 'object' && (holdsLists || one !== 'array'))
  return type !== 'object' && (type !== undefined || (properties === undefined && patternProperties === undefined))
}

function schemasIn(value: unknown): JsonSchema[] {
  return [value].flat().filter((item): item is JsonSchema => typeof item === 'object' && item !== null)
}
