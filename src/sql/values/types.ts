/** Encoders and decoders by type OID. The types of typeCatalog.ts are known without asking the server. */
import { parseArray } from './array.ts'
import { builtIn, text } from './decoders.ts'
import { arrayEncoder, bytea, type Encode, json, objectEncoder, scalar, vector } from './encoders.ts'
import { catalog, type TypeEntry } from './typeCatalog.ts'
import type { Codec, Codecs } from './codecs.ts'
import type { Decode, DecoderOf } from '../wire/decoder.ts'

/** The types of one server: the catalog, the user's codecs, and what the server's catalog adds. */
export class Types {
  /** Parameter types of statements whose strings need no conversion on any connection. */
  readonly ofParameters: WeakMap<object, readonly number[]> = new WeakMap()
  readonly #decoders = new Map<number, Decode>()
  readonly #encoders = new Map<number, Encode>()
  readonly #own: Codecs

  constructor(own: Codecs = {}) {
    this.#own = own
    for (const [name, entry] of Object.entries(catalog)) this.#add(name, entry)
  }

  readonly decoderOf: DecoderOf = (type) => this.#decoders.get(type) ?? text

  /** Returns the encoders of a statement's parameters. */
  encodersOf(types: readonly number[]): readonly Encode[] {
    return types.map((type) => this.#encoders.get(type) ?? scalar)
  }

  /** Stores the parameter types of a statement for other connections, if its strings need no conversion. */
  remember(text: object, types: readonly number[]): void {
    const isPlain = types.every((type) => this.#encoders.get(type)?.quotesStrings === undefined)
    if (isPlain && this.unknown(types).length === 0) this.ofParameters.set(text, types)
    else this.ofParameters.delete(text)
  }

  /** Returns the types that the server must be asked for. */
  unknown(types: readonly number[]): readonly number[] {
    return types.filter((type) => !this.#decoders.has(type))
  }

  /** Adds a type of the server's catalog. Its base or element type must be known. */
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

// By name: their OIDs differ between databases.
const ofExtensions: Readonly<Record<string, readonly [Decode, Encode]>> = {
  vector: [builtIn['json']!, vector],
  halfvec: [builtIn['json']!, vector],
}

/** A row of pg_type, reduced to what is used here; 0 means none. */
export interface CatalogRow {
  readonly oid: number
  readonly name: string
  /** The base type of a domain. */
  readonly base: number
  /** The element type of an array, and the delimiter of its elements. */
  readonly element: number
  readonly delimiter: string
}
