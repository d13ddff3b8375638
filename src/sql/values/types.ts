/** How values go to PostgreSQL and come back, by the object ids of types. Built in are those of typeCatalog.ts. */
import { parseArray } from './array.ts'
import { builtIn, text } from './decoders.ts'
import { arrayEncoder, bytea, type Encode, json, objectEncoder, scalar, vector } from './encoders.ts'
import { catalog, type TypeEntry } from './typeCatalog.ts'
import type { Codec, Codecs } from './codecs.ts'
import type { Decode, DecoderOf } from '../wire/decoder.ts'

/** The types of one server: what is built in, over it the user's own codecs, and what the server has told. */
export class Types {
  /** Parameter types of the texts whose strings are written the same way whatever the connection says. */
  readonly ofParameters: WeakMap<object, readonly number[]> = new WeakMap()
  readonly #decoders = new Map<number, Decode>()
  readonly #encoders = new Map<number, Encode>()
  readonly #own: Codecs

  constructor(own: Codecs = {}) {
    this.#own = own
    for (const [name, entry] of Object.entries(catalog)) this.#add(name, entry)
  }

  readonly decoderOf: DecoderOf = (type) => this.#decoders.get(type) ?? text

  /** How the parameters of a statement are written. */
  encodersOf(types: readonly number[]): readonly Encode[] {
    return types.map((type) => this.#encoders.get(type) ?? scalar)
  }

  /** Keeps the parameter types of a text for other connections, when they write its strings as they are. */
  remember(text: object, types: readonly number[]): void {
    const isPlain = types.every((type) => this.#encoders.get(type)?.quotesStrings === undefined)
    if (isPlain && this.unknown(types).length === 0) this.ofParameters.set(text, types)
    else this.ofParameters.delete(text)
  }

  /** Those of the types that only the server knows, and has not been asked for. */
  unknown(types: readonly number[]): readonly number[] {
    return types.filter((type) => !this.#decoders.has(type))
  }

  /** Learns what a type is from the server's catalogue. Its base or element has to be known before. */
  learn({ oid, name, base, element, delimiter }: CatalogRow): void {
    if (this.#decoders.has(oid)) return
    const own = this.#ownOf(name)
    if (own || (base === 0 && element === 0)) return this.#set(oid, own, ...(ofExtensions[name] ?? plain))
    if (base !== 0) return this.#set(oid, undefined, this.decoderOf(base), this.#encoders.get(base) ?? scalar)
    this.#setArray(oid, element, delimiter)
  }

  #add(name: string, { oid, arrayOid, delimiter = ',' }: TypeEntry): void {
    const isJson = name === 'json' || name === 'jsonb'
    this.#set(oid, this.#ownOf(name), builtIn[name] ?? text, isJson ? json : name === 'bytea' ? bytea : scalar)
    if (arrayOid !== 0) this.#setArray(arrayOid, oid, delimiter)
  }

  #set(oid: number, own: Codec | undefined, decode: Decode, encode: Encode): void {
    this.#decoders.set(oid, own ? (bytes, start, end) => own.decode(bytes.toString('utf8', start, end)) : decode)
    this.#encoders.set(oid, own?.encode ? objectEncoder((value) => own.encode!(value), encode) : encode)
  }

  #setArray(oid: number, element: number, delimiter: string): void {
    const decode = this.decoderOf(element)
    const decodeItem = (item: string): unknown => {
      const bytes = Buffer.from(item)
      return decode(bytes, 0, bytes.length)
    }
    this.#decoders.set(oid, (bytes, start, end) =>
      parseArray(bytes.toString('utf8', start, end), decodeItem, delimiter),
    )
    this.#encoders.set(oid, arrayEncoder(this.#encoders.get(element) ?? scalar, delimiter))
  }

  #ownOf(name: string): Codec | undefined {
    return Object.hasOwn(this.#own, name) ? this.#own[name] : undefined
  }
}

const plain: readonly [Decode, Encode] = [text, scalar]

// By name: their object ids differ from database to database.
const ofExtensions: Readonly<Record<string, readonly [Decode, Encode]>> = {
  vector: [builtIn['json']!, vector],
  halfvec: [builtIn['json']!, vector],
}

/** A row of pg_type, as far as it is used here; 0 stands for none. */
export interface CatalogRow {
  readonly oid: number
  readonly name: string
  /** What a domain is a domain over. */
  readonly base: number
  /** What an array is an array of, and between its elements. */
  readonly element: number
  readonly delimiter: string
}
