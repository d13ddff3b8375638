/** Many rows at once: out of a cursor, and into one statement. */
import type { JsonText } from '../values/encoders.ts'
import type { Fragment } from '../text/fragment.ts'
import { failing } from '../errors/place.ts'
import { bound } from '../text/prepared.ts'
import * as shapes from './shapes.ts'
import type { Scope, Shape } from './scope.ts'
import type { Tags } from './tags.ts'
import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from '../connection/connection.ts'
import type { RowDecoder } from '../wire/decoder.ts'
import { Exchange } from '../connection/exchange.ts'

const rowsPerFetch = 200
let portals = 0

/** Rows as they are asked for. Must be in a transaction, which keeps the portal open between the fetches. */
export async function* rowsOf<Row>(
  tx: Tags & { readonly isOpen: boolean; assertOpen(): void },
  connection: Connection,
  scope: Scope,
  strings: TemplateStringsArray,
  values: readonly unknown[],
): AsyncGenerator<Row, void, void> {
  const portal = `p${++portals}`
  const statement = bound(strings, values)
  let chunk: Chunk = await tx.run(statement, chunkShape, { portal, rowLimit: rowsPerFetch, further: [] })
  try {
    while (true) {
      yield* chunk.rows as Row[]
      if (chunk.isLast) return
      tx.assertOpen()
      chunk = await fetch(connection, portal, chunk.decode!, scope).catch((error: unknown) =>
        failing(error, { text: statement.prepared.text, strings }),
      )
    }
  } finally {
    if (tx.isOpen) await close(connection, portal)
  }
}

interface Chunk {
  readonly rows: unknown[]
  /** False when the portal was suspended. */
  readonly isLast: boolean
  readonly decode: RowDecoder<unknown> | undefined
}

const chunkShape: Shape = {
  form: 'object',
  result: (rows, _rowCount, tag, decode): Chunk => ({ rows, isLast: tag !== 0, decode }),
}

function fetch(connection: Connection, portal: string, decode: RowDecoder<unknown>, scope: Scope): Promise<Chunk> {
  return new Promise((resolve, reject) => connection.send(new Fetch(portal, decode, scope, resolve, reject)))
}

function close(connection: Connection, portal: string): Promise<Chunk> {
  return new Promise((resolve, reject) => connection.send(new Fetch(portal, undefined, {}, resolve, reject)))
}

/** The next rows of a portal or, without a decoder, its end. */
class Fetch extends Exchange {
  readonly #portal: string
  readonly #decode: RowDecoder<unknown> | undefined
  readonly #scope: Scope
  readonly #resolve: (chunk: Chunk) => void
  readonly #reject: (error: unknown) => void
  readonly #rows: unknown[] = []
  #isLast = false
  #error: DatabaseError | undefined

  constructor(
    portal: string,
    decode: RowDecoder<unknown> | undefined,
    scope: Scope,
    resolve: (chunk: Chunk) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.#portal = portal
    this.#decode = decode
    this.#scope = scope
    this.#resolve = resolve
    this.#reject = reject
  }

  override write({ output }: Connection): boolean {
    if (this.#decode) output.execute(this.#portal, rowsPerFetch)
    else output.closePortal(this.#portal)
    output.sync()
    return true
  }

  override row(bytes: Buffer, start: number): void {
    this.#rows.push(this.#decode!(bytes, start))
  }

  override complete(): void {
    this.#isLast = true
  }

  override fail(error: DatabaseError): void {
    this.#error = error
  }

  override ready(): void {
    if (this.#error) this.#reject(this.#error)
    else this.#resolve({ rows: this.#rows, isLast: this.#isLast, decode: this.#decode })
  }

  override lost(error: DatabaseError): void {
    this.#reject(error)
  }

  override overdue(): boolean {
    if (!this.#scope.signal?.aborted) return false
    this.#reject(this.#scope.signal.reason)
    return true
  }
}

/** A value of a batch: the same for every row, or taken from it. */
export type BatchValue<Row> =
  | ((row: Row) => unknown)
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly unknown[]
  | Fragment
  | JsonText

/** The tag that `batch` gives. */
export type BatchTag<Row> = (strings: TemplateStringsArray, ...values: readonly BatchValue<Row>[]) => Promise<number>

/** A tag that runs a statement once for each row, in one round trip, all or nothing, and gives how many rows it touched. */
export function batchTag<Row>(on: Tags, rows: readonly Row[]): BatchTag<Row> {
  const tag: BatchTag<Row> = (strings, ...values) => bulk(on, rows, strings, values, tag)
  return tag
}

async function bulk<Row>(
  on: Tags,
  rows: readonly Row[],
  strings: TemplateStringsArray,
  given: readonly BatchValue<Row>[],
  tag: BatchTag<Row>,
): Promise<number> {
  const { prepared, values } = bound(strings, given, tag)
  if (rows.length === 0) return 0
  const [first, ...further] = rows.map((row) =>
    values.map((value) => (typeof value === 'function' ? (value as (row: Row) => unknown)(row) : value)),
  )
  return on.run({ prepared, values: first!, strings }, shapes.count, { portal: '', rowLimit: 0, further })
}
