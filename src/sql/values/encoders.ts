/** From JavaScript values to what a Bind message takes: by the type of the parameter, one encoder each. */
import { writeArray } from './array.ts'
import { textOf } from './date.ts'
import type { Encoded } from '../wire/output.ts'

/** Writes a value. Throws an UnsupportedValue, or what the value or its codec throws. */
export interface Encode {
  (value: unknown): Encoded
  /** Whether a string is more than the text that it is: JSON. */
  readonly quotesStrings?: true
  /** Whether an array is one value, also in an array: a document, a vector. */
  readonly takesArrays?: true
}

/** Why a value cannot be a parameter: a mistake of whoever wrote the statement. */
export class UnsupportedValue extends TypeError {}

/** JSON that is text already, made by `db.json`. */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What is written in one way only when the parameter's type is known. */
export function needsType(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

/** The encoder of every type that is not listed below: the text that PostgreSQL reads. */
export const scalar: Encode = (value) => {
  if (typeof value !== 'object' || value === null) return primitive(value)
  if (value instanceof Date) return textOf(value)
  if (value instanceof JsonText) return value.text
  if (value instanceof Uint8Array) throw new UnsupportedValue('a Buffer is for bytea, and this parameter is not')
  if (Array.isArray(value))
    throw new UnsupportedValue('an array is for an array or JSON, and this parameter is neither')
  return jsonOf(value)
}

/** Every value is a JSON value, except null, which is SQL's. */
export const json: Encode = Object.assign(
  (value: unknown): Encoded => {
    if (typeof value === 'string') return JSON.stringify(value)
    if (typeof value !== 'object' || value === null) return primitive(value)
    if (value instanceof JsonText) return value.text
    if (value instanceof Uint8Array) throw new UnsupportedValue('a Buffer is for bytea, and this parameter is JSON')
    return Array.isArray(value) || value instanceof Date ? JSON.stringify(value) : jsonOf(value)
  },
  { quotesStrings: true, takesArrays: true } as const,
)

/** pgvector's: its text is JSON's. */
export const vector: Encode = Object.assign(
  (value: unknown): Encoded => (Array.isArray(value) ? JSON.stringify(value) : scalar(value)),
  { takesArrays: true } as const,
)

/** Bytes as they are; a string is PostgreSQL's own text form. */
export const bytea: Encode = (value) => (value instanceof Uint8Array ? value : scalar(value))

/** Objects by a codec of the user's, everything else as the type demands. */
export function objectEncoder(encode: (value: unknown) => string, otherwise: Encode): Encode {
  const own = (value: unknown): Encoded =>
    typeof value === 'object' && value !== null && !(value instanceof JsonText) ? encode(value) : otherwise(value)
  return Object.assign(own, { ...otherwise })
}

/** Arrays; a string is PostgreSQL's own text form. */
export function arrayEncoder(element: Encode, delimiter: string): Encode {
  const item = (value: unknown): string | null => {
    const encoded = element(value)
    return encoded instanceof Uint8Array ? `\\x${Buffer.from(encoded).toString('hex')}` : encoded
  }
  const isNested = (value: unknown): value is readonly unknown[] => !element.takesArrays && Array.isArray(value)
  return (value) => {
    if (Array.isArray(value)) return writeArray(value, item, isNested, delimiter)
    if (typeof value !== 'object' || value === null) return primitive(value)
    throw new UnsupportedValue(`${named(value)} is no array, which this parameter is`)
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
      throw new UnsupportedValue('undefined is no value for SQL, write null for NULL: ${value ?? null}')
    case 'function':
    case 'symbol':
      throw new UnsupportedValue(`a ${typeof value} is no value for SQL`)
    default:
      return null
  }
}

// Set, Map, a typed array, RegExp, Promise and their like would all become `{}`, a URL a text in quotes.
function jsonOf(value: object): string {
  const tag = Object.prototype.toString.call(value)
  const isPlain = tag === '[object Object]' || (!(tag in instead) && 'toJSON' in value)
  if (isPlain) return JSON.stringify(value) ?? 'null'
  throw new UnsupportedValue(`${named(value)} is no value for SQL${instead[tag] ?? ''}`)
}

const instead: Readonly<Record<string, string>> = {
  '[object Set]': ', write [...set]',
  '[object Map]': ', write Object.fromEntries(map)',
  '[object URL]': ', write url.href',
  '[object URLSearchParams]': ', write String(params)',
  '[object ArrayBuffer]': ', write Buffer.from(buffer)',
}

function named(value: object): string {
  const name = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name}`
}
