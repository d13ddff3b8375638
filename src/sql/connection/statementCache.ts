import type { Encode } from '../values/encoders.ts'
import type { Prepared } from '../text/prepared.ts'
import { isCut, isNarrow } from '../values/stale.ts'
import type { Types } from '../values/types.ts'
import { arrayDecoder, type DecoderOf, objectDecoder, type RowDecoder, valueDecoder } from '../wire/decoder.ts'
import type { Column } from '../wire/input.ts'

/** The form of rows. */
export type RowForm = 'object' | 'array' | 'value'

const compilers = { object: objectDecoder, array: arrayDecoder, value: valueDecoder } as const

/** A statement as prepared on one connection. */
export class PreparedStatement {
  /** Empty: the unnamed statement, which the next Parse replaces. */
  readonly name: string
  /** Whether the server has accepted it. Until then its name must not be used. */
  isConfirmed = false
  /** The encoders of its parameters, once they were needed. */
  encoders: readonly Encode[] | undefined
  lastUse = 0
  #parameterTypes: readonly number[] | undefined
  #isNarrow = false
  /** Age of the cache when it was prepared. */
  readonly age: number
  #columns: readonly Column[] = []
  #isReadable = false
  #decoders: Compiled[] = []
  #previous: PreparedStatement | undefined

  /** `previous` is the same text as it was prepared before. */
  constructor(name: string, age = 0, previous?: PreparedStatement) {
    this.name = name
    this.age = age
    this.#previous = previous
  }

  get parameterTypes(): readonly number[] | undefined {
    return this.#parameterTypes
  }

  set parameterTypes(types: readonly number[] | undefined) {
    this.#parameterTypes = types
    this.#isNarrow = types?.some(isNarrow) ?? false
  }

  /** Whether values would lose information if a column was widened after the statement was prepared. */
  cuts(values: readonly unknown[], further: readonly (readonly unknown[])[]): boolean {
    const types = this.#parameterTypes
    return this.#isNarrow && (isCut(values, types!) || further.some((other) => isCut(other, types!)))
  }

  get columnTypes(): readonly number[] {
    return this.#columns.map(({ type }) => type)
  }

  /** Called when the server has described the columns, its last message about a statement. */
  confirm(columns: readonly Column[]): void {
    this.isConfirmed = this.name !== ''
    this.#columns = columns
    const previous = this.#previous
    this.#previous = undefined
    if (!previous || !areEqual(previous.#columns, columns)) return
    this.#decoders = previous.#decoders
    this.#isReadable = previous.#isReadable
  }

  /** Whether the types of all its columns are known. */
  isReadable(types: Types): boolean {
    return (this.#isReadable ||= types.unknown(this.columnTypes).length === 0)
  }

  /** Returns the decoder of its rows, compiled on first use. */
  decoder(form: RowForm, decoderOf: DecoderOf): RowDecoder<unknown> {
    for (const known of this.#decoders) if (known.form === form && known.decoderOf === decoderOf) return known.decode
    const decode = compilers[form](this.#columns, decoderOf)
    this.#decoders.push({ form, decoderOf, decode })
    return decode
  }
}

interface Compiled {
  readonly form: RowForm
  readonly decoderOf: DecoderOf
  readonly decode: RowDecoder<unknown>
}

function areEqual(a: readonly Column[], b: readonly Column[]): boolean {
  return a.length === b.length && a.every(({ name, type }, i) => name === b[i]!.name && type === b[i]!.type)
}

/** The prepared statements of a connection. The least recently used one is evicted first. */
export class StatementCache {
  /** False behind a pooler, which may run the next statement on another server connection, where names are unknown. */
  keepsNames = true
  readonly #entries = new Map<Prepared, PreparedStatement>()
  readonly #max: number
  #uses = 0
  #age = 0

  constructor(max: number) {
    this.#max = max
  }

  get(prepared: Prepared): PreparedStatement | undefined {
    const entry = this.#entries.get(prepared)
    if (entry) entry.lastUse = ++this.#uses
    return entry
  }

  /** Whether the server's description of a statement is up to date. */
  isCurrent(entry: PreparedStatement): boolean {
    return entry.age === this.#age
  }

  /** Marks all statements to be prepared anew before their next use, because tables may have changed. */
  grow(): void {
    this.#age++
  }

  /** Adds an entry, which replaces that of the same text. Returns the name of the statement that it evicts. */
  add(
    prepared: Prepared,
    previous?: PreparedStatement,
  ): {
    readonly entry: PreparedStatement
    readonly evicted: string | undefined
  } {
    const isNew = !this.#entries.has(prepared)
    const evicted = isNew && this.#entries.size >= this.#max ? this.#evict() : undefined
    const entry = new PreparedStatement(this.keepsNames ? prepared.name : '', this.#age, previous)
    entry.lastUse = ++this.#uses
    this.#entries.set(prepared, entry)
    return { entry, evicted: evicted?.name }
  }

  /** Removes an entry that the server does not have, or no longer accepts. */
  delete(prepared: Prepared, entry: PreparedStatement): void {
    if (this.#entries.get(prepared) === entry) this.#entries.delete(prepared)
  }

  /** Removes the entry of a text. */
  forget(prepared: Prepared): void {
    this.#entries.delete(prepared)
  }

  // Searched only when a new text meets a full cache, so that each use costs just one counter.
  #evict(): PreparedStatement {
    let oldest: Prepared | undefined
    let oldestUse = Infinity
    for (const [prepared, entry] of this.#entries) {
      if (entry.lastUse < oldestUse) {
        oldest = prepared
        oldestUse = entry.lastUse
      }
    }
    const evicted = this.#entries.get(oldest!)!
    this.#entries.delete(oldest!)
    return evicted
  }
}
