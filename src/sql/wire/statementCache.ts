import type { Encode } from '../encoders.ts'
import type { Prepared } from '../prepared.ts'
import type { Types } from '../types.ts'
import { arrayDecoder, type DecoderOf, objectDecoder, type RowDecoder, valueDecoder } from './decoder.ts'
import type { Column } from './input.ts'

/** In which form rows are wanted. */
export type RowForm = 'object' | 'array' | 'value'

const compilers = { object: objectDecoder, array: arrayDecoder, value: valueDecoder } as const

/** A statement as one connection knows it. */
export class PreparedStatement {
  readonly name: string
  /** The server has agreed to it: until then its name must not be relied upon. */
  isConfirmed = false
  parameterTypes: readonly number[] | undefined
  /** How its parameters are written, once that was needed. */
  encoders: readonly Encode[] | undefined
  lastUse = 0
  #columns: readonly Column[] = []
  #isReadable = false
  readonly #decoders: Compiled[] = []

  constructor(name: string) {
    this.name = name
  }

  get columnTypes(): readonly number[] {
    return this.#columns.map(({ type }) => type)
  }

  /** The server has described its columns, which is the last it says of a statement. */
  confirm(columns: readonly Column[]): void {
    this.isConfirmed = true
    this.#columns = columns
  }

  /** Whether the types of all its columns are known. */
  isReadable(types: Types): boolean {
    return (this.#isReadable ||= types.unknown(this.columnTypes).length === 0)
  }

  /** The decoder of its rows, compiled when first wanted. */
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

/** The statements that a connection keeps prepared: so many, the least recently used goes first. */
export class StatementCache {
  readonly #entries = new Map<Prepared, PreparedStatement>()
  readonly #most: number
  #uses = 0

  constructor(most: number) {
    this.#most = most
  }

  get(prepared: Prepared): PreparedStatement | undefined {
    const entry = this.#entries.get(prepared)
    if (entry) entry.lastUse = ++this.#uses
    return entry
  }

  /** A new entry, and the name of the one that has to be closed for it. */
  add(prepared: Prepared): { readonly entry: PreparedStatement; readonly evicted: string | undefined } {
    const evicted = this.#entries.size >= this.#most ? this.#evict() : undefined
    const entry = new PreparedStatement(prepared.name)
    entry.lastUse = ++this.#uses
    this.#entries.set(prepared, entry)
    return { entry, evicted }
  }

  /** Forgets an entry that the server does not have, or no longer serves. */
  delete(prepared: Prepared, entry: PreparedStatement): void {
    if (this.#entries.get(prepared) === entry) this.#entries.delete(prepared)
  }

  // Looked for only when a new text meets a full cache, so that a use costs one counter.
  #evict(): string | undefined {
    let oldest: Prepared | undefined
    let oldestUse = Infinity
    for (const [prepared, entry] of this.#entries) {
      if (entry.lastUse < oldestUse) {
        oldest = prepared
        oldestUse = entry.lastUse
      }
    }
    this.#entries.delete(oldest!)
    return oldest!.name
  }
}
