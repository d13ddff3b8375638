/** How values go to PostgreSQL and come back; the built-in types are listed in decoders.ts. */
import { parseArray, writeArray } from './array.ts'
import { builtIn, text } from './decoders.ts'
import { catalog, type TypeEntry } from './typeCatalog.ts'
import type { Encoded } from './wire/output.ts'
import type { Decode, DecoderOf } from './wire/decoder.ts'

/** How values of one PostgreSQL type are read and, if it says so, written. */
export interface Codec<Value = unknown> {
  /** From PostgreSQL's text form. */
  decode(text: string): Value
  /** To PostgreSQL's text form; only called for objects, so not for null, strings, numbers and booleans. */
  encode?(value: Value): string
}

/** Codecs by the names of types, as in `{ timestamptz: codecs.date }`. */
export type Codecs = Readonly<Record<string, Codec>>

/** Ready-made codecs to choose from. */
export const codecs: {
  /** For `timestamptz`: a Date, to the millisecond. */
  readonly date: Codec<Date>
  /** For `int8`: a bigint. */
  readonly bigint: Codec<bigint>
  /** For `numeric`: a number, which may be inexact. */
  readonly number: Codec<number>
  /** For any type: PostgreSQL's own text. */
  readonly text: Codec<string>
} = {
  date: {
    decode: (text) => new Date(text.replace(' ', 'T').replace('+00', 'Z')),
    encode: (value) => value.toISOString(),
  },
  bigint: { decode: BigInt },
  number: { decode: Number },
  text: { decode: String },
}

/** The codecs of one database: what is built in, and over it the user's own. */
export class Types {
  readonly #decoders = new Map<number, Decode>()
  readonly #encoders = new Map<number, (value: unknown) => string>()
  readonly #arrays = new Map<number, (value: unknown) => string>()
  readonly #own: Codecs

  constructor(own: Codecs = {}) {
    this.#own = own
    for (const [name, entry] of Object.entries(catalog)) this.#add(name, entry)
    for (const { oid } of [catalog['json']!, catalog['jsonb']!]) {
      if (!this.#encoders.has(oid)) this.#encoders.set(oid, toJson)
    }
  }

  /** Names of the user's codecs whose object ids only the server knows. */
  get unresolved(): readonly string[] {
    return Object.keys(this.#own).filter((name) => !Object.hasOwn(catalog, name))
  }

  /** Tells the object ids of a type that is not built in. */
  resolve(name: string, entry: TypeEntry): void {
    this.#add(name, entry)
  }

  readonly decoderOf: DecoderOf = (type) => this.#decoders.get(type) ?? text

  /**
   * What goes into a Bind message for a value. `type` is the parameter's type, needed for objects only.
   * Throws what the value or its codec throws.
   */
  encode(value: unknown, type: number | undefined): Encoded {
    switch (typeof value) {
      case 'string':
        return value
      case 'number':
      case 'bigint':
        return String(value)
      case 'boolean':
        return value ? 't' : 'f'
      case 'undefined':
        return null
      case 'object':
        return value === null ? null : this.#encodeObject(value, type)
      default:
        throw new TypeError(`a ${typeof value} is no value for SQL`)
    }
  }

  #encodeObject(value: object, type: number | undefined): Encoded {
    if (value instanceof Uint8Array) return value
    const encoder = type === undefined ? undefined : this.#encoders.get(type)
    if (encoder) return encoder(value)
    if (value instanceof Date) return value.toISOString()
    if (!Array.isArray(value)) return toJson(value)
    return ((type !== undefined && this.#arrays.get(type)) || plainArray)(value)
  }

  #add(name: string, { oid, arrayOid, delimiter = ',' }: TypeEntry): void {
    const own = Object.hasOwn(this.#own, name) ? this.#own[name] : undefined
    const decode: Decode = own
      ? (bytes, start, end) => own.decode(bytes.toString('utf8', start, end))
      : (builtIn[name] ?? text)
    const element = own ? (item: string) => own.decode(item) : (item: string) => decodeText(decode, item)
    this.#decoders.set(oid, decode)
    this.#decoders.set(arrayOid, (bytes, start, end) =>
      parseArray(bytes.toString('utf8', start, end), element, delimiter),
    )
    const encode = own?.encode && ((value: unknown) => own.encode!(value))
    if (encode) this.#encoders.set(oid, encode)
    const isJson = name === 'json' || name === 'jsonb'
    this.#arrays.set(arrayOid, (value) =>
      writeArray(
        value as unknown[],
        (item) => (encode && typeof item === 'object' ? encode(item) : isJson ? toJson(item) : itemText(item)),
        delimiter,
      ),
    )
  }
}

/** Whether a value can only be written when its parameter's type is known. */
export function needsType(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}

function decodeText(decode: Decode, item: string): unknown {
  const bytes = Buffer.from(item)
  return decode(bytes, 0, bytes.length)
}

function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

function plainArray(value: unknown): string {
  return writeArray(value as unknown[], itemText, ',')
}

function itemText(item: unknown): string {
  if (typeof item !== 'object' || item === null) return typeof item === 'boolean' ? (item ? 't' : 'f') : String(item)
  if (item instanceof Date) return item.toISOString()
  if (item instanceof Uint8Array) return `\\x${Buffer.from(item).toString('hex')}`
  return toJson(item)
}
