import { OptionalKind, Type, type TProperties, type TSchema } from '@sinclair/typebox'
import { acceptsNothing, describe, type Side } from './describe.ts'
import { NoJsonSchema } from './libraries.ts'
import { isForeign, isStandard, type Schema, type Schemas } from './spec.ts'
import { isSchema } from '../schema.ts'

/**
 * Returns the JSON Schema of a schema: what it reads, or what it makes of that. A schema made by `t` is one already.
 *
 * @throws {NoJsonSchema} at the part of it that has none
 */
export function jsonOf(schema: Schema, side: Side): TSchema {
  if (!isStandard(schema) || isSchema(schema)) return schema
  const json = describe(schema)[side]
  if (json instanceof NoJsonSchema) throw json
  return json as TSchema
}

/** Returns the JSON Schemas of what the schemas read, by name. Those that may be left out are optional. */
export function propertiesOf(schemas: Schemas): TProperties {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const json = jsonOf(schema, 'input')
      return [name, isOptional(schema) ? { ...json, [OptionalKind]: 'Optional' } : json]
    }),
  )
}

/** Whether a field with the schema may be left out. */
export function isOptional(schema: Schema): boolean {
  return isStandard(schema) && !isSchema(schema) ? describe(schema).isOptional : OptionalKind in schema
}

/** Whether a schema was made for a value that may be missing. A schema of any value accepts that too, but does not ask for it. */
export function isMeantOptional(schema: Schema): boolean {
  if (!isStandard(schema) || isSchema(schema)) return OptionalKind in schema
  const rules = Object.keys(jsonOf(schema, 'input')).filter((keyword) => !notes.has(keyword))
  return rules.length > 0 && isOptional(schema) && acceptsNothing(schema)
}

const notes: ReadonlySet<string> = new Set(['$id', 'default', 'deprecated', 'description', 'examples', 'title'])

/** Returns the schema of an object with these properties. */
export function objectSchema(schemas: Schemas): TSchema {
  return Type.Object(propertiesOf(schemas))
}

/** Returns why a value is no plain object of schemas, as the rest of a sentence; undefined when it may be one. */
export function notByName(value: unknown): string | undefined {
  if (!isSchema(value) && !isForeign(value)) return undefined
  const { shape, properties } = value as { readonly shape?: unknown; readonly properties?: unknown }
  const ofForeign = typeof shape === 'object' ? '.shape' : undefined
  const fields = isSchema(value) ? (properties === undefined ? undefined : '.properties') : ofForeign
  const how = fields ? `pass its ${fields}` : 'write a schema for each name'
  return `must be a plain object of schemas, like { id: t.Integer() }, got one schema: ${how}`
}

/** Returns why a value is no schema, as the rest of a sentence; undefined when it is one. */
export function notSchema(value: unknown, hint: string): string | undefined {
  if (isSchema(value) || isStandard(value)) return undefined
  // What .optional() and .default() of ArkType return.
  if (Array.isArray(value) && isForeign(value[0])) {
    return `is a field of an ArkType object: make the type itself optional, like type('string | undefined')`
  }
  if (!isForeign(value)) {
    return `must be a schema, ${hint}${typeof value === 'function' ? `, got the function ${value.name}: call it` : ''}`
  }
  const { vendor = 'its library' } = value['~standard']
  return `is a schema of ${vendor} without JSON Schema: ${withJsonSchema[vendor] ?? 'use its latest release'}`
}

/** How to get JSON Schema from a library. */
const withJsonSchema: Readonly<Record<string, string>> = {
  valibot: 'wrap it in toStandardJsonSchema of @valibot/to-json-schema',
  zod: 'use zod 4.2 or newer, and not zod/mini',
}

/** Returns what has no JSON Schema in a schema, with the path of the field; undefined when all of it has. */
export function jsonSchemaProblem(schema: Schema, side: Side, where: string): string | undefined {
  try {
    jsonOf(schema, side)
    return undefined
  } catch (error) {
    if (!(error instanceof NoJsonSchema)) throw error
    return `${where}${error.path}: ${error.message}`
  }
}
