import ajvFormats from 'ajv-formats'
import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import { decimalLimits } from '../decimalLimits.ts'
import { jsonSchemaOf, mapSchema, type JsonSchema, type TSchema } from '../schema.ts'
import { asWritten, closed } from './closed.ts'
import { isObject } from './dialect.ts'
import { addKeywords } from './keywords.ts'
import { arranged } from './unions.ts'

/** Whether the objects of a schema may have fields that it does not name. */
export type Fields = 'only known' | 'any'

/** Whether a check ends at the first thing that is wrong, or finds everything: many times the work where it is a union. */
export type Extent = 'first' | 'all'

/** A schema as the validator reads it; see `closed` and `arranged`. */
export function prepare(schema: TSchema, fields: Fields): JsonSchema {
  const plain = jsonSchemaOf(schema)
  return arranged(fields === 'only known' ? closed(plain) : asWritten(plain))
}

/** The same for what another service sent: nothing is filled in, so that a caller gets the same with and without the check. */
export function prepareReceived(schema: TSchema): JsonSchema {
  return arranged(asWritten(withoutDefaults(jsonSchemaOf(schema))))
}

function withoutDefaults(schema: JsonSchema): JsonSchema {
  const { default: _, ...rest } = schema
  return mapSchema(rest, withoutDefaults)
}

export function compile(prepared: JsonSchema, extent: Extent): ValidateFunction {
  const ownProperties = names(prepared, (name) => name in Object.prototype)
  const unevaluated = names(prepared, (name) => name === 'unevaluatedProperties')
  return ajvFor(extent, ownProperties, unevaluated).compile(prepared)
}

// The schemas are not checked against a meta-schema, which would take 30 ms of the start; ajv's strict mode still refuses
// keywords and formats that it does not know.
const options: Options = {
  useDefaults: true,
  strictTypes: false,
  strictTuples: false,
  allowMatchingProperties: true,
  meta: false,
  validateSchema: false,
}

const made = new Map<string, Ajv2020>()

/**
 * `ownProperties` looks up each field twice, and `unevaluated` tries each part of a union even when one has matched: both
 * are asked for only where a schema needs them.
 */
function ajvFor(extent: Extent, ownProperties: boolean, unevaluated: boolean): Ajv2020 {
  const key = `${extent} ${ownProperties} ${unevaluated}`
  let ajv = made.get(key)
  if (!ajv) {
    ajv = new Ajv2020({ ...options, ownProperties, allErrors: extent === 'all', verbose: extent === 'all' })
    ajv.opts.unevaluated = unevaluated // its class insists on true
    addKeywords(ajvFormats.default(ajv))
    for (const keyword of decimalLimits) ajv.addKeyword(keyword)
    made.set(key, ajv)
  }
  return ajv
}

/** Whether a schema has such a name: of a keyword, or of a property, which may also be named in a list. */
function names(value: unknown, isSuch: (name: string) => boolean): boolean {
  if (typeof value === 'string') return isSuch(value)
  if (Array.isArray(value)) return value.some((item) => names(item, isSuch))
  return isObject(value) && Object.entries(value).some(([key, inner]) => isSuch(key) || names(inner, isSuch))
}
