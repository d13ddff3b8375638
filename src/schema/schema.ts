import { Kind, Type, type IntegerOptions, type TInteger, type TSchema } from '@sinclair/typebox'
import type { SchemaBuilder } from './builder.ts'
import { enforced } from './vocabulary.ts'

/**
 * TypeBox: builds JSON Schema and infers its TypeScript type.
 *
 * @example
 * const User = t.Object({ id: t.Integer(), name: t.String({ maxLength: 128 }) }, { $id: 'User' })
 * type User = Static<typeof User>
 */
export const t: SchemaBuilder = Object.assign(Object.create(Type) as SchemaBuilder, {
  Int16: integerOf(16),
  Int32: integerOf(32),
})

/** Creates the builder of integers with so many bits. Limits of the schema itself may only be narrower. */
function integerOf(bits: number): (options?: IntegerOptions) => TInteger {
  const [least, most] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]
  return ({ minimum = least, maximum = most, ...options } = {}) =>
    Type.Integer({ ...options, minimum: Math.max(minimum, least), maximum: Math.min(maximum, most) })
}

export type { Static, TProperties, TSchema } from '@sinclair/typebox'

/** A JSON Schema as a plain object. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** Whether a value is a schema made by `t`. */
export function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null && Kind in value
}

/** Marks the parts of a JSON Schema that another library has made. */
export const fromLibrary: unique symbol = Symbol('tricube.fromLibrary')

/**
 * Converts a schema to plain JSON Schema, without TypeBox's symbols, `x-` keywords and the `style` of a
 * query's parameter. Schemas that an `$id` refers to,
 * such as recursive types, move to `$defs`. So any number of schemas can be compiled side by side.
 */
export function jsonSchemaOf(schema: TSchema): JsonSchema {
  const referenced = new Set<unknown>()
  walkSchema(schema, (node) => referenced.add(node['$ref']))

  const $defs: Record<string, JsonSchema> = {}
  const root = plain(schema)
  return Object.keys($defs).length > 0
    ? { ...root, $defs: { ...(root['$defs'] as object | undefined), ...$defs } }
    : root

  function plain({ $id, ...source }: JsonSchema): JsonSchema {
    const node = fromLibrary in source ? enforced(source) : source
    if (typeof $id === 'string' && referenced.has($id)) {
      if (!($id in $defs)) {
        $defs[$id] = {} // reserves the name for references inside the schema
        $defs[$id] = plain(node)
      }
      return { $ref: `#/$defs/${$id}` }
    }
    const copy = Object.fromEntries(
      Object.entries(mapSchema(node, plain)).filter(([key]) => !key.startsWith('x-') && key !== 'style'),
    )
    const { $ref } = copy
    return typeof $ref === 'string' && !$ref.startsWith('#') ? { ...copy, $ref: `#/$defs/${$ref}` } : copy
  }
}

/** Visits a schema and every schema in it, outer schemas first. */
export function walkSchema(schema: JsonSchema, visit: (node: JsonSchema) => void): void {
  visit(schema)
  mapSchema(schema, (inner) => {
    walkSchema(inner, visit)
    return inner
  })
}

/**
 * Copies a schema and replaces each schema directly inside it by the result of `change`. That receives the keyword of the
 * inner schema, and its name in `properties` and the like.
 */
export function mapSchema(
  schema: JsonSchema,
  change: (inner: JsonSchema, keyword: string, name: string) => JsonSchema,
): JsonSchema {
  return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, mapKeyword(keyword, value)]))

  function mapKeyword(keyword: string, value: unknown): unknown {
    if (holdsSchema.has(keyword)) {
      return Array.isArray(value) ? value.map((inner) => mapOne(inner, keyword)) : mapOne(value, keyword)
    }
    if (holdsNamedSchemas.has(keyword) && isObject(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapOne(inner, keyword, name)]))
    }
    return value
  }

  function mapOne(inner: unknown, keyword: string, name = ''): unknown {
    return isObject(inner) ? change(inner, keyword, name) : inner // `true` and `false` are schemas too
  }
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}

/** The keywords of JSON Schema whose value is a schema or a list of schemas. */
const holdsSchema: ReadonlySet<string> = new Set([
  'additionalItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'oneOf',
  'prefixItems',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])

/** The keywords whose value is an object of schemas by name. */
const holdsNamedSchemas: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'dependentSchemas',
  'patternProperties',
  'properties',
])
