import type { JsonSchema } from './schema.ts'

/** Whether text from a URL or a header, or a list of it, can match a schema: objects and nested lists cannot. */
export function isText(schema: JsonSchema): boolean {
  return fits(schema, 'a text or a list')
}

function fits(schema: JsonSchema, what: 'a text' | 'a text or a list'): boolean {
  const holdsLists = what === 'a text or a list'
  const { type, properties, patternProperties, items, anyOf, oneOf, allOf } = schema
  if (allOf !== undefined) return schemasIn(allOf).every((part) => fits(part, what))
  const parts = anyOf ?? oneOf
  if (parts !== undefined) return schemasIn(parts).some((part) => fits(part, what))
  if (type === 'array') return holdsLists && schemasIn(items).every((item) => fits(item, 'a text'))
  if (Array.isArray(type)) return type.some((one) => one !== 'object' && (holdsLists || one !== 'array'))
  return type !== 'object' && (type !== undefined || (properties === undefined && patternProperties === undefined))
}

function schemasIn(value: unknown): JsonSchema[] {
  return [value].flat().filter((item): item is JsonSchema => typeof item === 'object' && item !== null)
}
