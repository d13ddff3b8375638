/** Encoders of parameter values for Bind messages, one for each type. */
import { writeArray } from './array.ts'
import { textOf } from './date.ts'
import type { Encoded } from '../wire/output.ts'

/** Encodes a value. Throws an UnsupportedValue, or what the value or its codec throws. */
export interface Encode {
  (value: unknown): Encoded
  /** Whether a string is encoded as a JSON string, not as it is. */
  readonly quotesStrings?: true
  /** Whether an array is a single value, as in JSON and vectors. */
  readonly takesArrays?: true
}

/** Why a value cannot be a parameter: a mistake in the statement. */
export class UnsupportedValue extends TypeError {}

/** Text that is JSON already, made by `db.json`. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** Whether the encoding of a value depends on the type of its parameter. */
export function needsType(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

/** The encoder of types that are not listed below: PostgreSQL's text form. */
export const scalar: Encode = (value) => {
  if (typeof value !== 'object' || value === null) return primitive(value)
  if (value instanceof Date) return textOf(value)
  if (value instanceof JsonText) return value.text
  if (value instanceof Uint8Array) throw new UnsupportedValue('a Buffer needs a bytea parameter, this one is not')
  if (Array.isArray(value)) throw new UnsupportedValue('an array needs an array or JSON parameter, this one is neither')
  return jsonOf(value)
}

/** All values are JSON values, except null, which is SQL's NULL. */
export const json: Encode = Object.assign(
  (value: unknown): Encoded => {
    if (typeof value === 'string') return JSON.stringify(value)
    if (typeof value !== 'object' || value === null) return primitive(value)
    if (value instanceof JsonText) return value.text
    if (value instanceof Uint8Array) throw new UnsupportedValue('a Buffer needs a bytea parameter, this one is JSON')
    return Array.isArray(value) || value instanceof Date ? JSON.stringify(value) : jsonOf(value)
  },
  { quotesStrings: true, takesArrays: true } as const,
)

/** pgvector's types: their text form is JSON. */
export const vector: Encode = Object.assign(
  (value: unknown): Encoded => (Array.isArray(value) ? JSON.stringify(value) : scalar(value)),
  { takesArrays: true } as const,
)

/** Bytes as they are; a string is PostgreSQL's text form. */
export const bytea: Encode = (value) => (value instanceof Uint8Array ? value : scalar(value))

/** Encodes objects with a user's codec, and all other values by their type. */
export function objectEncoder(encode: (value: unknown) => string, fallback: Encode): Encode {
  const own = (value: unknown): Encoded =>
    typeof value === 'object' && value !== null && !(value instanceof JsonText) ? encode(value) : fallback(value)
  return Object.assign(own, { ...fallback })
}

/** Encodes arrays; a string is PostgreSQL's text form. */
export function arrayEncoder(element: Encode, delimiter: string): Encode {
  const item = (value: unknown): string | null => {
    const encoded = element(value)
    return encoded instanceof Uint8Array ? `\\x${Buffer.from(encoded).toString('hex')}` : encoded
  }
  const isNested = (value: unknown): value is readonly unknown[] => !element.takesArrays && Array.isArray(value)
  return (value) => {
    if (Array.isArray(value)) return writeArray(value, item, isNested, delimiter)
    if (typeof value !== 'object' || value === null) return primitive(value)
    throw new UnsupportedValue(`${named(value)} is not an array, and this parameter needs one`)
  }
}

function primitive(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
    case 'bigint':
      return String(value)
    case 'undefined':
      throw new UnsupportedValue('undefined is not an SQL value, use null for NULL: ${value ?? null}')
    case 'function':
    case 'symbol':
      throw new UnsupportedValue(`a ${typeof value} is not an SQL value`)
    default:
      return null
  }
}

// As JSON a Set, Map, typed array, RegExp or Promise would be `{}`, and a URL a quoted string.
function jsonOf(value: object): string {
  const tag = Object.prototype.toString.call(value)
  const isPlain = tag === '[object Object]' || (!(tag in instead) && 'toJSON' in value)
  if (isPlain) return JSON.stringify(value) ?? 'null'
  throw new UnsupportedValue(`${named(value)} is not an SQL value${instead[tag] ?? ''}`)
}

const instead: Readonly<Record<string, string>> = {
  '[object Set]': ', use [...set]',
  '[object Map]': ', use Object.fromEntries(map)',
  '[object URL]': ', use url.href',
  '[object URLSearchParams]': ', use String(params)',
  '[object ArrayBuffer]': ', use Buffer.from(buffer)',
}

function named(value: object): string {
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}
