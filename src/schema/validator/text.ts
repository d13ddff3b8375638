import { jsonSchemaOf, type JsonSchema, type TSchema } from '../schema.ts'
import { isObjectSchema, queryStyleOf } from '../query.ts'
import { objectSchema, propertiesOf } from '../standard/json.ts'
import type { Schemas } from '../standard/spec.ts'
import { asWritten, resolve } from './closed.ts'
import { compile, prepare, type Fields } from './compile.ts'
import { isObject, isScalar } from './dialect.ts'
import { arranged } from './unions.ts'
import { work } from './work.ts'

/**
 * Converts a text to its value. Returns the text itself when that fails, which the check then reports. The argument may be
 * a value that was converted already.
 */
export type Reader = (input: unknown) => unknown

/** The form of a list: its name for each item, or one text with commas (OpenAPI's style `simple`). */
export type ListStyle = 'repeated' | 'commas'

/** What the texts come from: lists and objects are written in different forms. */
export type TextSource = 'path' | 'query' | 'headers'

/** Rewrites the schema of an object of texts, which are converted in place before they are checked. */
export function prepareText(schemas: Schemas, fields: Fields, source: TextSource): JsonSchema {
  const properties = propertiesOf(schemas)
  const prepared = prepare(objectSchema(properties), fields)
  const read = Object.entries(prepared['properties'] as Record<string, JsonSchema>).map(([name, schema]) => {
    const reader = readerOf(properties[name]!, listStyleOf(properties[name]!, source))
    if (!reader) return [name, schema]
    const { default: fallback, ...checked } = schema
    return [name, { ...(fallback !== undefined && { default: fallback }), read: reader, allOf: [checked] }]
  })
  return { ...prepared, properties: Object.fromEntries(read) }
}

function listStyleOf(schema: TSchema, source: TextSource): ListStyle {
  return source !== 'query' || queryStyleOf(schema) === 'comma' ? 'commas' : 'repeated'
}

/** Returns undefined when texts stay as they are. */
function readerOf(schema: TSchema, style: ListStyle): Reader | undefined {
  const root = asWritten(jsonSchemaOf(schema))
  return reader(root)

  function reader(node: JsonSchema): Reader | undefined {
    const { type, enum: values, anyOf, oneOf, allOf, $ref } = node
    if (typeof $ref === 'string') {
      const target = resolve(root, $ref)
      return isObject(target) ? reader(target) : undefined
    }
    if ('const' in node) return literalReader([node['const']])
    if (Array.isArray(values)) return literalReader(values)
    const parts = Array.isArray(anyOf) ? anyOf : oneOf
    if (Array.isArray(parts)) return unionReader(parts.filter(isObject))
    if (Array.isArray(allOf))
      return allOf
        .filter(isObject)
        .map(reader)
        .find((read) => read !== undefined)
    if (type === 'array') return listReader(node)
    if (isObjectSchema(node)) return objectReader(node)
    if (Array.isArray(type)) return unionReader(type.map((one) => ({ ...node, type: one })))
    return typeof type === 'string' ? scalarReaders[type] : undefined
  }

  /** The first part, in source order, that can convert the text decides. */
  function unionReader(parts: readonly JsonSchema[]): Reader | undefined {
    const readers = parts.map(reader)
    if (readers.every((read) => read === undefined)) return undefined
    const choices = parts.map((part, i) => ({
      read: readers[i] ?? ((input: unknown) => input),
      isValid: compilePart(part),
    }))
    return (input) => {
      for (const { read, isValid } of choices) {
        const value = read(input)
        if (isValid(value)) return value
      }
      return input
    }
  }

  function compilePart(part: JsonSchema): (value: unknown) => boolean {
    const validate = compile(arranged({ $defs: root['$defs'], ...part }), 'first')
    return (value) => {
      work.start()
      return validate(value)
    }
  }

  /** Reads the fields of an object, which `compileGather` has gathered. */
  function objectReader({ properties = {}, patternProperties = {}, additionalProperties }: JsonSchema): Reader {
    const named = new Map(
      Object.entries(properties as object).map(([name, field]) => [name, reader(field as JsonSchema)]),
    )
    const patterns = Object.entries(patternProperties as object).map(
      ([pattern, field]) => [new RegExp(pattern, 'u'), reader(field as JsonSchema)] as const,
    )
    const other = isObject(additionalProperties) ? reader(additionalProperties) : undefined
    return (input) => {
      if (!isObject(input)) return input
      const values = input as Record<string, unknown>
      for (const name of Object.keys(values)) {
        const read = named.has(name)
          ? named.get(name)
          : (patterns.find(([pattern]) => pattern.test(name))?.[1] ?? other)
        if (read) values[name] = read(values[name])
      }
      return values
    }
  }

  function listReader({ items, prefixItems }: JsonSchema): Reader {
    const first = Array.isArray(prefixItems)
      ? prefixItems.map((item) => (isObject(item) ? reader(item) : undefined))
      : []
    const other = isObject(items) ? reader(items) : undefined
    return (input) => {
      if (typeof input !== 'string' && !Array.isArray(input)) return input
      const list: unknown[] = Array.isArray(input)
        ? input
        : style === 'repeated'
          ? [input]
          : input === ''
            ? []
            : input.split(',').map((item) => item.trim())
      return list.map((item, i) => (i < first.length ? (first[i]?.(item) ?? item) : (other?.(item) ?? item)))
    }
  }
}

function literalReader(values: readonly unknown[]): Reader {
  const byText = new Map(values.filter(isScalar).map((value) => [value === null ? '' : String(value), value]))
  return (input) => (typeof input === 'string' && byText.has(input) ? byText.get(input) : input)
}

/**
 * Parses an integer in its only spelling. 0x1, 1e0, 01, ' 1' and +1 would be other names of the same row, and
 * 9007199254740993 would be another row's. Reading digits takes a fifth of the time of `Number`.
 */
function integerOf(text: string): number | undefined {
  const isNegative = text.charCodeAt(0) === minus
  const from = isNegative ? 1 : 0
  const digits = text.length - from
  if (digits === 0 || digits > longestInteger || (text.charCodeAt(from) === zero && text.length > 1)) return undefined
  let value = 0
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - zero
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  if (value > Number.MAX_SAFE_INTEGER) return undefined
  return isNegative ? -value : value
}

const minus = 0x2d
const zero = 0x30
const longestInteger = `${Number.MAX_SAFE_INTEGER}`.length

/** A number as JSON writes it. */
const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i

const scalarReaders: Readonly<Record<string, Reader>> = {
  integer: (input) => (typeof input === 'string' ? (integerOf(input) ?? input) : input),
  number: (input) =>
    typeof input === 'string' && number.test(input) && Number.isFinite(Number(input)) ? Number(input) : input,
  boolean: (input) => (input === 'true' ? true : input === 'false' ? false : input),
  null: (input) => (input === '' ? null : input),
}
