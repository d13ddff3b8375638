import type { PreparedStatement } from '../connection/statementCache.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import type { Types } from '../values/types.ts'
import { copyOfRow, type DecoderOf, type RowDecoder } from '../wire/decoder.ts'
import type { ResultMapper } from './resultMapper.ts'

/** The rows of one run: decoded as they come in or, while a type of their columns is unknown, kept as bytes until then. */
export class Rows {
  /** How many the statement has touched. */
  count = 0
  /** The error of the first one that could not be decoded. */
  error: DatabaseError | undefined
  readonly #mapper: ResultMapper
  #tag = 0
  #rows: unknown[] = []
  #entry: PreparedStatement | undefined
  #types: Types | undefined
  #decoderOf: DecoderOf | undefined
  #decode: RowDecoder<unknown> | undefined

  constructor(mapper: ResultMapper) {
    this.#mapper = mapper
  }

  /** They come from this statement next. */
  begin(entry: PreparedStatement, types: Types, decoderOf: DecoderOf): void {
    this.#entry = entry
    this.#types = types
    this.#decoderOf = decoderOf
  }

  /** The statement's columns are known: compiles their decoder if their types are, too. */
  described(): void {
    if (this.#mapper.decoderOf || this.#entry!.isReadable(this.#types!)) this.#compile()
  }

  add(bytes: Buffer, start: number): void {
    if (this.#decode) this.#read(this.#decode, bytes, start)
    else this.#rows.push(copyOfRow(bytes, start))
  }

  complete(rowCount: number, tag: number): void {
    this.count += rowCount
    this.#tag = tag
  }

  /** The types that have to be known before the rows can be read. */
  get unknownTypes(): readonly number[] {
    return this.#decode || this.#rows.length === 0 ? none : this.#types!.unknown(this.#entry!.columnTypes)
  }

  /** What is made of them. @throws {DatabaseError} when one cannot be decoded, or there are too few or too many */
  result(): unknown {
    if (!this.#decode && this.#rows.length > 0) this.#readKept()
    if (this.error) throw this.error
    return this.#mapper.result(this.#rows, this.count, this.#tag, this.#decode)
  }

  /** Forgets them, and what went wrong with them. */
  drop(): void {
    this.#rows = []
    this.#decode = this.error = undefined
    this.count = 0
  }

  #readKept(): void {
    const kept = this.#rows as Buffer[]
    this.#rows = []
    const decode = this.#compile()
    for (const row of kept) this.#read(decode, row, 0)
  }

  #compile(): RowDecoder<unknown> {
    return (this.#decode = this.#entry!.decoder(this.#mapper.form, this.#decoderOf!))
  }

  #read(decode: RowDecoder<unknown>, bytes: Buffer, start: number): void {
    try {
      this.#rows.push(decode(bytes, start))
    } catch (cause) {
      this.error ??= new DatabaseError('22000', 'a column could not be decoded', { cause })
    }
  }
}

const none: readonly number[] = []
