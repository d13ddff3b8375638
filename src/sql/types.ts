/**
 * PostgreSQL's types and JavaScript's.
 *
 * int2, int4, int8, oid: a number; an int8 that no number holds exactly: a string. float4, float8: a number.
 * numeric, money, interval, time, uuid, enums and whatever is not listed: a string. bool: a boolean.
 * date: `2026-11-23`. timestamp: `2026-11-23T05:36:00.123456`. timestamptz: the same in UTC with a `Z`.
 * json, jsonb: parsed. bytea: a Buffer. Arrays of all of these: arrays.
 */
import { parseArray, writeArray } from './array.ts'
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

/** An entry of pg_type, as far as it is used here. */
export interface TypeEntry {
  readonly oid: number
  readonly arrayOid: number
  readonly delimiter?: string
}

// https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat
const catalog: Readonly<Record<string, TypeEntry>> = {
  bool: { oid: 16, arrayOid: 1000 },
  bytea: { oid: 17, arrayOid: 1001 },
  int8: { oid: 20, arrayOid: 1016 },
  int2: { oid: 21, arrayOid: 1005 },
  int4: { oid: 23, arrayOid: 1007 },
  text: { oid: 25, arrayOid: 1009 },
  oid: { oid: 26, arrayOid: 1028 },
  json: { oid: 114, arrayOid: 199 },
  point: { oid: 600, arrayOid: 1017 },
  box: { oid: 603, arrayOid: 1020, delimiter: ';' },
  float4: { oid: 700, arrayOid: 1021 },
  float8: { oid: 701, arrayOid: 1022 },
  money: { oid: 790, arrayOid: 791 },
  inet: { oid: 869, arrayOid: 1041 },
  cidr: { oid: 650, arrayOid: 651 },
  bpchar: { oid: 1042, arrayOid: 1014 },
  varchar: { oid: 1043, arrayOid: 1015 },
  name: { oid: 19, arrayOid: 1003 },
  date: { oid: 1082, arrayOid: 1182 },
  time: { oid: 1083, arrayOid: 1183 },
  timestamp: { oid: 1114, arrayOid: 1115 },
  timestamptz: { oid: 1184, arrayOid: 1185 },
  interval: { oid: 1186, arrayOid: 1187 },
  timetz: { oid: 1266, arrayOid: 1270 },
  numeric: { oid: 1700, arrayOid: 1231 },
  uuid: { oid: 2950, arrayOid: 2951 },
  jsonb: { oid: 3802, arrayOid: 3807 },
}

const text: Decode = (bytes, start, end) => bytes.toString('utf8', start, end)

const integer: Decode = (bytes, start, end) => {
  let value = 0
  const negative = bytes[start] === 0x2d
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + bytes[at]! - 0x30
  return negative ? -value : value
}

// 15 digits are always a safe integer.
const bigInteger: Decode = (bytes, start, end) => {
  if (end - start <= 15) return integer(bytes, start, end)
  const digits = text(bytes, start, end) as string
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : digits
}

// `2026-11-23 05:36:00.1234` becomes ISO 8601 where it lies: the bytes are ours, and read once.
const timestamp: Decode = (bytes, start, end) => {
  if (end > start + 10 && bytes[start + 10] === 0x20) bytes[start + 10] = 0x54
  return bytes.toString('latin1', start, end)
}

// The session's time zone is UTC, so that it ends in `+00`.
const timestamptz: Decode = (bytes, start, end) => {
  if (end < start + 13 || bytes[start + 10] !== 0x20 || bytes[end - 3] !== 0x2b) return text(bytes, start, end)
  bytes[start + 10] = 0x54
  bytes[end - 3] = 0x5a
  return bytes.toString('latin1', start, end - 2)
}

const builtIn: Readonly<Record<string, Decode>> = {
  bool: (bytes, start) => bytes[start] === 0x74,
  bytea: (bytes, start, end) => Buffer.from(bytes.toString('latin1', start + 2, end), 'hex'),
  int2: integer,
  int4: integer,
  oid: integer,
  int8: bigInteger,
  float4: (bytes, start, end) => Number(bytes.toString('latin1', start, end)),
  float8: (bytes, start, end) => Number(bytes.toString('latin1', start, end)),
  json: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as unknown,
  jsonb: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as unknown,
  timestamp,
  timestamptz,
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
    const encode = own?.encode && ((value: unknown) => own.encode!(value as never))
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
