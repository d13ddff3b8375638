/** Rows in bulk: read from a cursor, or written by one statement. */
import type { BatchTag, BatchValue } from '../api/statements.ts'
import { failing } from '../errors/place.ts'
import { bind } from '../text/prepared.ts'
import * as mappers from './resultMapper.ts'
import type { StatementContext } from './context.ts'
import type { ResultMapper } from './resultMapper.ts'
import type { Tags } from './tags.ts'
import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from '../connection/connection.ts'
import type { RowDecoder } from '../wire/decoder.ts'
import { Exchange } from '../connection/exchange.ts'

const rowsPerFetch = 200
let portals = 0

/** Yields rows as they are read. The transaction keeps the portal open between fetches. */
export async function* rowsOf<Row>(
  tx: Tags & { readonly isOpen: boolean; assertOpen(): void },
  connection: Connection,
  context: StatementContext,
  strings: TemplateStringsArray,
  values: readonly unknown[],
): AsyncGenerator<Row, void, void> {
  const portal = `p${++portals}`
  const statement = bind(strings, values)
  let chunk: Chunk = await tx.run(statement, chunkMapper, { portal, rowLimit: rowsPerFetch, further: [] })
  try {
    while (true) {
      yield* chunk.rows as Row[]
      if (chunk.isLast) return
      tx.assertOpen()
      chunk = await fetch(connection, portal, chunk.decode!, context).catch((error: unknown) =>
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

const chunkMapper: ResultMapper = {
  form: 'object',
  result: (rows, _rowCount, tag, decode): Chunk => ({ rows, isLast: tag !== 0, decode }),
}

function fetch(
  connection: Connection,
  portal: string,
  decode: RowDecoder<unknown>,
  context: StatementContext,
): Promise<Chunk> {
  return new Promise((resolve, reject) => connection.send(new Fetch(portal, decode, context, resolve, reject)))
}

function close(connection: Connection, portal: string): Promise<Chunk> {
  return new Promise((resolve, reject) => connection.send(new Fetch(portal, undefined, {}, resolve, reject)))
}

/** Fetches the next rows of a portal or, without a decoder, closes it. */
class Fetch extends Exchange<Connection> {
  readonly #portal: string
  readonly #decode: RowDecoder<unknown> | undefined
  readonly #context: StatementContext
  readonly #resolve: (chunk: Chunk) => void
  readonly #reject: (error: unknown) => void
  readonly #rows: unknown[] = []
  #isLast = false
  #error: DatabaseError | undefined

  constructor(
    portal: string,
    decode: RowDecoder<unknown> | undefined,
    context: StatementContext,
    resolve: (chunk: Chunk) => void,
    reject: (error: unknown) => void,
  ) {
    super()
    this.#portal = portal
    this.#decode = decode
    this.#context = context
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

  override expire(): boolean {
    if (!this.#context.signal?.aborted) return false
    this.#reject(this.#context.signal.reason)
    return true
  }
}

/** A tag that runs a statement for each row in one round trip, all or nothing, and returns the number of affected rows. */
export function batchTag<Row>(on: Tags, rows: readonly Row[]): BatchTag<Row> {
  const tag: BatchTag<Row> = (strings, ...values) => bulk(on, rows, strings, values, tag)
  return tag
}

async function bulk<Row>(
  on: Tags,
  rows: readonly Row[],
  strings: TemplateStringsArray,
  parameters: readonly BatchValue<Row>[],
  tag: BatchTag<Row>,
): Promise<number> {
  const { prepared, values } = bind(strings, parameters, tag)
  if (rows.length === 0) return 0
  const [first, ...further] = rows.map((row) =>
    values.map((value) => (typeof value === 'function' ? (value as (row: Row) => unknown)(row) : value)),
  )
  return on.run({ prepared, values: first!, strings }, mappers.count, { portal: '', rowLimit: 0, further })
}
