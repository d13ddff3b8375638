import formats, { type FormatName } from 'ajv-formats'
import { decimalLimits } from '../decimalLimits.ts'
import { mapSchema, type JsonSchema, type TSchema } from '../schema.ts'
import { compileCheck } from '../validator/check.ts'

/** Rules that say more of a value than what it looks like; the others a writer checks itself while it writes. */
const keywords = [
  'contains',
  'dependentRequired',
  'dependentSchemas',
  'else',
  'format',
  'if',
  'maxContains',
  'maxLength',
  'maxProperties',
  'minContains',
  'minLength',
  'minProperties',
  'multipleOf',
  'not',
  'oneOf',
  'pattern',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'uniqueItems',
  ...decimalLimits.map(({ keyword }) => keyword),
]

/** Of a schema those rules; undefined when it has none. */
export function rulesOf(schema: JsonSchema): JsonSchema | undefined {
  const rules = Object.fromEntries(keywords.flatMap((name) => (name in schema ? [[name, schema[name]]] : [])))
  return Object.keys(rules).length > 0 ? rules : undefined
}

/** Compiles a check of rules. */
export function compileRules(rules: JsonSchema): (value: unknown) => boolean {
  const check = compileCheck(opened(rules) as TSchema, 'any')
  return (value) => check(value) === undefined
}

/** Fields that a schema does not name are left out of what is written, so they break no rule. */
function opened(schema: JsonSchema): JsonSchema {
  const { additionalProperties, unevaluatedProperties, ...rest } = mapSchema(schema, opened)
  return {
    ...rest,
    ...(additionalProperties !== undefined && additionalProperties !== false && { additionalProperties }),
    ...(unevaluatedProperties !== undefined && unevaluatedProperties !== false && { unevaluatedProperties }),
  }
}

/**
 * What is to be checked of a format: its pattern, the quick one, as one checks one's own; a rule, when it has no pattern; nothing
 * when nobody knows it, and it is a note for a reader.
 */
export function formatOf(format: string): { readonly pattern?: RegExp; readonly rules?: JsonSchema } {
  try {
    const found: unknown = formats.default.get(format as FormatName, 'fast')
    const pattern = found instanceof RegExp ? found : (found as { validate?: unknown }).validate
    return pattern instanceof RegExp ? { pattern } : { rules: { format } }
  } catch {
    return {}
  }
}

/** What a check of objects and lists is asked about: the value as its reader will see it. */
export function asRead(value: unknown): unknown {
  const text = JSON.stringify(value, (_name, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner))
  return text === undefined ? null : (JSON.parse(text) as unknown)
}
