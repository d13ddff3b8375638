import type { Encode } from '../values/encoders.ts'
import type { Prepared } from '../text/prepared.ts'
import { isCut, isNarrow } from '../values/stale.ts'
import type { Types } from '../values/types.ts'
import { arrayDecoder, type DecoderOf, objectDecoder, type RowDecoder, valueDecoder } from '../wire/decoder.ts'
import type { Column } from '../wire/input.ts'

/** In which form rows are wanted. */
export type RowForm = 'object' | 'array' | 'value'

const compilers = { object: objectDecoder, array: arrayDecoder, value: valueDecoder } as const

/** A statement as one connection knows it. */
export class PreparedStatement {
  /** Empty: the unnamed statement, which the next Parse replaces. */
  readonly name: string
  /** The server has agreed to it: until then its name must not be relied upon. */
  isConfirmed = false
  /** How its parameters are written, once that was needed. */
  encoders: readonly Encode[] | undefined
  lastUse = 0
  #parameterTypes: readonly number[] | undefined
  #isNarrow = false
  /** The cache's age when it was prepared. */
  readonly age: number
  #columns: readonly Column[] = []
  #isReadable = false
  #decoders: Compiled[] = []
  #before: PreparedStatement | undefined

  /** `before`: the same text as it was prepared earlier. */
  constructor(name: string, age = 0, before?: PreparedStatement) {
    this.name = name
    this.age = age
    this.#before = before
  }

  get parameterTypes(): readonly number[] | undefined {
    return this.#parameterTypes
  }

  set parameterTypes(types: readonly number[] | undefined) {
    this.#parameterTypes = types
    this.#isNarrow = types?.some(isNarrow) ?? false
  }

  /** Whether values for it would lose something if a column has become wider since it was prepared. */
  cuts(values: readonly unknown[], further: readonly (readonly unknown[])[]): boolean {
    const types = this.#parameterTypes
    return this.#isNarrow && (isCut(values, types!) || further.some((other) => isCut(other, types!)))
  }

  get columnTypes(): readonly number[] {
    return this.#columns.map(({ type }) => type)
  }

  /** The server has described its columns, which is the last it says of a statement. */
  confirm(columns: readonly Column[]): void {
    this.isConfirmed = this.name !== ''
    this.#columns = columns
    const before = this.#before
    this.#before = undefined
    if (!before || !areEqual(before.#columns, columns)) return
    this.#decoders = before.#decoders
    this.#isReadable = before.#isReadable
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

function areEqual(a: readonly Column[], b: readonly Column[]): boolean {
  return a.length === b.length && a.every(({ name, type }, i) => name === b[i]!.name && type === b[i]!.type)
}

/** The statements that a connection keeps prepared: so many, the least recently used goes first. */
export class StatementCache {
  /** False behind a pooler, which may put the next statement on another server connection: names do not last there. */
  keepsNames = true
  readonly #entries = new Map<Prepared, PreparedStatement>()
  readonly #most: number
  #uses = 0
  #age = 0

  constructor(most: number) {
    this.#most = most
  }

  get(prepared: Prepared): PreparedStatement | undefined {
    const entry = this.#entries.get(prepared)
    if (entry) entry.lastUse = ++this.#uses
    return entry
  }

  /** Whether what the server has told of a statement can be relied upon. */
  isCurrent(entry: PreparedStatement): boolean {
    return entry.age === this.#age
  }

  /** What is prepared now is prepared again before its next use: tables may have changed since. */
  grow(): void {
    this.#age++
  }

  /** A new entry, in the place of the text's earlier one; and the name of the one that has to be closed for it. */
  add(
    prepared: Prepared,
    before?: PreparedStatement,
  ): {
    readonly entry: PreparedStatement
    readonly evicted: string | undefined
  } {
    const isNew = !this.#entries.has(prepared)
    const evicted = isNew && this.#entries.size >= this.#most ? this.#evict() : undefined
    const entry = new PreparedStatement(this.keepsNames ? prepared.name : '', this.#age, before)
    entry.lastUse = ++this.#uses
    this.#entries.set(prepared, entry)
    return { entry, evicted: evicted?.name }
  }

  /** Forgets an entry that the server does not have, or no longer serves. */
  delete(prepared: Prepared, entry: PreparedStatement): void {
    if (this.#entries.get(prepared) === entry) this.#entries.delete(prepared)
  }

  /** Forgets whatever the server has told of a text. */
  forget(prepared: Prepared): void {
    this.#entries.delete(prepared)
  }

  // Looked for only when a new text meets a full cache, so that a use costs one counter.
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
