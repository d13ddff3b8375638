import fc from 'fast-check'
import type { OpenApiDocument } from 'tricube'

type Schema = Readonly<Record<string, any>>

/** Any value that a schema of a document accepts; throws when it uses what the example services do not. */
export function valuesOf(unresolved: Schema, document: OpenApiDocument): fc.Arbitrary<unknown> {
  const schema = resolved(unresolved, document)
  if ('const' in schema) return fc.constant(schema['const'])
  if (schema['enum']) return fc.constantFrom(...schema['enum'])
  const parts = schema['anyOf'] ?? schema['oneOf']
  if (parts) return fc.oneof(...parts.map((part: Schema) => valuesOf(part, document)))
  const make = makers[schema['type'] as string]
  if (!make) throw new TypeError(`no values for ${JSON.stringify(schema)}`)
  return make(schema, document)
}

/** The schema that a reference leads to. */
export function resolved(schema: Schema, document: OpenApiDocument): Schema {
  const name = /^#\/components\/schemas\/(.+)$/.exec(schema['$ref'] ?? '')?.[1]
  return name === undefined ? schema : resolved(document.components.schemas[name]!, document)
}

const makers: Readonly<Record<string, (schema: Schema, document: OpenApiDocument) => fc.Arbitrary<unknown>>> = {
  null: () => fc.constant(null),
  boolean: () => fc.boolean(),
  // What a database has is under small numbers, what it cannot hold under large ones.
  integer: ({ minimum: min = Number.MIN_SAFE_INTEGER, maximum: max = Number.MAX_SAFE_INTEGER }) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: Math.max(min, 0), max: Math.min(max, 20) }) },
      { weight: 1, arbitrary: fc.integer({ min, max }) },
    ),
  number: ({ minimum: min, maximum: max }) => fc.double({ min, max, noNaN: true, noDefaultInfinity: true }),
  string: ({ format, minLength, maxLength }) => {
    if (format !== undefined && format !== 'date-time') throw new TypeError(`no values for the format ${format}`)
    if (format) return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
    return fc.oneof(
      fc.string({ minLength, maxLength, unit: 'binary' }), // control characters too
      fc.string({ minLength, maxLength, unit: fc.constantFrom('\0', "'", '"', '\\', '%', '_', '😀', 'ß', '中') }),
    )
  },
  array: ({ items, minItems: minLength, maxItems: maxLength }, document) =>
    fc.array(valuesOf(items, document), { minLength, maxLength }),
  object: ({ properties = {}, required = [] }, document) =>
    fc.record(
      Object.fromEntries(
        Object.entries<Schema>(properties).map(([name, property]) => [name, valuesOf(property, document)]),
      ),
      { requiredKeys: required },
    ),
}
