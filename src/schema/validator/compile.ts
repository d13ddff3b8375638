import ajvFormats from 'ajv-formats'
import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import { decimalLimits } from '../decimalLimits.ts'
import { describeValue } from '../describeValue.ts'
import { isSchema, jsonSchemaOf, mapSchema, type JsonSchema } from '../schema.ts'
import type { Side } from '../standard/describe.ts'
import { jsonOf } from '../standard/json.ts'
import type { Schema } from '../standard/spec.ts'
import { asWritten, closed } from './closed.ts'
import { isObject } from './dialect.ts'
import { addKeywords } from './keywords.ts'
import { arranged } from './unions.ts'

/** Whether the objects of a schema may have unknown fields. */
export type Fields = 'only known' | 'any'

/** Whether a check stops at the first problem or finds all of them, which for a union is many times the work. */
export type Extent = 'first' | 'all'

/** A schema in the form that the validator reads; see `closed` and `arranged`. */
export function prepare(schema: Schema, fields: Fields): JsonSchema {
  const plain = jsonSchemaOf(jsonOf(schema, 'input'))
  const prepared = arranged(fields === 'only known' ? closed(plain) : asWritten(plain))
  if (isSchema(schema)) checkDefaults(prepared) // a default of another library is what a transform makes
  return prepared
}

/** @throws {TypeError} at a default that its own schema rejects: each request without the field would be */
function checkDefaults(root: JsonSchema): void {
  const check = (node: JsonSchema, path: string): void => {
    const { default: value, ...rules } = node
    if (value !== undefined) {
      const validate = compile({ ...(root['$defs'] !== undefined && { $defs: root['$defs'] }), ...rules }, 'first')
      if (!validate(structuredClone(value))) {
        const reason = validate.errors![0]!.message
        throw new TypeError(`${path && `${path}: `}its default ${describeValue(value)} ${reason}`)
      }
    }
    mapSchema(node, (inner, keyword, name) => {
      check(inner, keyword === 'properties' ? [path, name].filter(Boolean).join('.') : path)
      return inner
    })
  }
  check(root, '')
}

/** Prepares the schema of what another service sends: without defaults, so that the check changes nothing. */
export function prepareReceived(schema: Schema, side: Side): JsonSchema {
  return arranged(asWritten(withoutDefaults(jsonSchemaOf(jsonOf(schema, side)))))
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

// Checking schemas against a meta-schema would take 30 ms at start. ajv's strict mode still rejects unknown keywords
// and formats.
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
 * `ownProperties` looks up each field twice, and `unevaluated` tries each part of a union even after a match. Both are on
 * only where a schema needs them.
 */
function ajvFor(extent: Extent, ownProperties: boolean, unevaluated: boolean): Ajv2020 {
  const key = `${extent} ${ownProperties} ${unevaluated}`
  let ajv = made.get(key)
  if (!ajv) {
    ajv = new Ajv2020({ ...options, ownProperties, allErrors: extent === 'all', verbose: extent === 'all' })
    ajv.opts.unevaluated = unevaluated // ajv's 2020 class always sets it
    addKeywords(ajvFormats.default(ajv))
    for (const keyword of decimalLimits) ajv.addKeyword(keyword)
    made.set(key, ajv)
  }
  return ajv
}

/** Whether a schema contains this name as a keyword or as a property, which may also be named in a list. */
function names(value: unknown, isSuch: (name: string) => boolean): boolean {
  if (typeof value === 'string') return isSuch(value)
  if (Array.isArray(value)) return value.some((item) => names(item, isSuch))
  return isObject(value) && Object.entries(value).some(([key, inner]) => isSuch(key) || names(inner, isSuch))
}
