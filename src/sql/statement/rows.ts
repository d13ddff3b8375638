import type { PreparedStatement } from '../connection/statementCache.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import type { Types } from '../values/types.ts'
import { copyOfRow, type DecoderOf, type RowDecoder } from '../wire/decoder.ts'
import type { ResultMapper } from './resultMapper.ts'

/** The rows of one run. They are decoded on arrival or, while a column type is unknown, stored as bytes. */
export class Rows {
  /** Number of affected rows. */
  count = 0
  /** The error of the first row that could not be decoded. */
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

  /** Sets the statement that the next rows belong to. */
  begin(entry: PreparedStatement, types: Types, decoderOf: DecoderOf): void {
    this.#entry = entry
    this.#types = types
    this.#decoderOf = decoderOf
  }

  /** Called when the columns are known: compiles the decoder if their types are known too. */
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

  /** The types that must be looked up before the rows can be decoded. */
  get unknownTypes(): readonly number[] {
    return this.#decode || this.#rows.length === 0 ? none : this.#types!.unknown(this.#entry!.columnTypes)
  }

  /** Returns the result. @throws {DatabaseError} when a row cannot be decoded, or the number of rows is wrong */
  result(): unknown {
    if (!this.#decode && this.#rows.length > 0) this.#decodeStored()
    if (this.error) throw this.error
    return this.#mapper.result(this.#rows, this.count, this.#tag, this.#decode)
  }

  /** Drops the rows and their error. */
  drop(): void {
    this.#rows = []
    this.#decode = this.error = undefined
    this.count = 0
  }

  #decodeStored(): void {
    const stored = this.#rows as Buffer[]
    this.#rows = []
    const decode = this.#compile()
    for (const row of stored) this.#read(decode, row, 0)
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
