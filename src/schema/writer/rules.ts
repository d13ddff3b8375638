import formats, { type FormatName } from 'ajv-formats'
import { decimalLimits } from '../decimalLimits.ts'
import { mapSchema, type JsonSchema, type TSchema } from '../schema.ts'
import { compileCheck } from '../validator/check.ts'

/** Rules beyond the form of a value; the writer checks all others while it writes. */
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

/** Returns those rules of a schema; undefined when it has none. */
export function rulesOf(schema: JsonSchema): JsonSchema | undefined {
  const rules = Object.fromEntries(keywords.flatMap((name) => (name in schema ? [[name, schema[name]]] : [])))
  return Object.keys(rules).length > 0 ? rules : undefined
}

/** Compiles a check of rules. */
export function compileRules(rules: JsonSchema): (value: unknown) => boolean {
  const check = compileCheck(opened(rules) as TSchema, 'any')
  return (value) => check(value) === undefined
}

/** Unknown fields are not written, so they break no rule. */
function opened(schema: JsonSchema): JsonSchema {
  const { additionalProperties, unevaluatedProperties, ...rest } = mapSchema(schema, opened)
  return {
    ...rest,
    ...(additionalProperties !== undefined && additionalProperties !== false && { additionalProperties }),
    ...(unevaluatedProperties !== undefined && unevaluatedProperties !== false && { unevaluatedProperties }),
  }
}

/**
 * Returns the check of a format: its fast pattern, or a rule if it has no pattern. An unknown format is a note for readers
 * and is not checked.
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
