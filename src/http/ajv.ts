import ajvFormats from 'ajv-formats'
import { Ajv2019, type Options, type ValidateFunction } from 'ajv/dist/2019.js'
import { decimalLimits } from '../contract/decimalLimits.ts'
import { jsonSchemaOf, mapSchema, type JsonSchema, type TSchema } from '../contract/schema.ts'

// 2019-09 rather than 2020-12: TypeBox writes tuples as `items: […]`; `unevaluatedProperties` is in both. The schemas are
// TypeBox's, so they are not checked against a meta-schema, which would take 30 ms of the start; ajv's strict mode still
// refuses keywords and formats that it does not know.
const options: Options = {
  allErrors: true,
  useDefaults: true,
  strictTypes: false,
  strictTuples: false,
  meta: false,
  validateSchema: false,
}

const coercing = once(() => made({ ...options, coerceTypes: 'array' }))
const exact = once(() => made(options))
const first = once(() => made({ ...options, allErrors: false }))

/** Validates text from a URL or a header: coerces it in place, fills in defaults, reports everything that is wrong. */
export function compileCoercing(schema: TSchema): ValidateFunction {
  return coercing().compile(jsonSchemaOf(schema))
}

/** Validates JSON: refuses unknown fields, fills in defaults, reports everything that is wrong. */
export function compileExact(schema: TSchema): ValidateFunction {
  return exact().compile(closed(jsonSchemaOf(schema)))
}

/** Validates JSON in which fields that the schema does not name may occur. */
export function compileOpen(schema: TSchema): ValidateFunction {
  return exact().compile(jsonSchemaOf(schema))
}

/** As `compileExact`, but stops at the first thing that is wrong: for input so large that a full report is an attack. */
export function compileFirst(schema: TSchema): ValidateFunction {
  return first().compile(closed(jsonSchemaOf(schema)))
}

/** The first thing that a validator found, with the name of the field. */
export function firstProblem({ errors }: ValidateFunction): string {
  const [error] = errors ?? []
  const where = error?.instancePath.slice(1).replaceAll('/', '.')
  return `${where ? `${where} ` : ''}${error?.message ?? 'it does not match'}`
}

/** A value as the other side sees it: what a validator of JSON is to be asked about. */
export function asJson(value: unknown): unknown {
  const text = JSON.stringify(value)
  return text === undefined ? null : (JSON.parse(text) as unknown)
}

/** Says of every object, unless it says so itself, that it has no other properties than those it names. */
function closed(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema['allOf'])) {
    // The parts of an intersection are open to each other's properties; their whole is closed.
    return { unevaluatedProperties: false, ...mapSchema(schema, open) }
  }
  const inner = mapSchema(schema, closed)
  const isOpen = 'properties' in schema && !('additionalProperties' in schema) && !('patternProperties' in schema)
  return isOpen ? { ...inner, additionalProperties: false } : inner
}

/** Closes what lies below an object's properties, not the object itself. */
function open(schema: JsonSchema): JsonSchema {
  const { properties, ...rest } = schema
  const inner = Array.isArray(schema['allOf']) ? mapSchema(rest, open) : mapSchema(rest, closed)
  if (properties === undefined) return inner
  const { properties: closedProperties } = mapSchema({ properties }, closed)
  return { ...inner, properties: closedProperties }
}

function made(given: Options): Ajv2019 {
  const ajv = new Ajv2019(given)
  for (const keyword of decimalLimits) ajv.addKeyword(keyword)
  return ajv
}

function once(make: () => Ajv2019): () => Ajv2019 {
  let ajv: Ajv2019 | undefined
  return () => (ajv ??= ajvFormats.default(make()))
}
