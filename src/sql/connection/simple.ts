import type { DatabaseError } from '../errors/databaseError.ts'
import type { Connection } from './connection.ts'
import { arrayDecoder, type RowDecoder } from '../wire/decoder.ts'
import { Exchange } from './exchange.ts'
import type { Column } from '../wire/input.ts'

/** Runs any number of statements by the simple query protocol. Returns the rows of all of them as arrays of text. */
export function simple(connection: Connection, text: string): Promise<readonly string[][]> {
  return new Promise((resolve, reject) => connection.send(new SimpleQuery(text, resolve, reject)))
}

class SimpleQuery extends Exchange<Connection> {
  readonly #text: string
  readonly #resolve: (rows: readonly string[][]) => void
  readonly #reject: (error: DatabaseError) => void
  readonly #rows: string[][] = []
  #decode: RowDecoder<unknown[]> | undefined
  #error: DatabaseError | undefined

  constructor(text: string, resolve: (rows: readonly string[][]) => void, reject: (error: DatabaseError) => void) {
    super()
    this.#text = text
    this.#resolve = resolve
    this.#reject = reject
  }

  override write(connection: Connection): boolean {
    connection.output.query(this.#text)
    return true
  }

  override columns(columns: readonly Column[]): void {
    this.#decode = arrayDecoder(columns, () => (bytes, start, end) => bytes.toString('utf8', start, end))
  }

  override row(bytes: Buffer, start: number): void {
    this.#rows.push(this.#decode!(bytes, start) as string[])
  }

  override fail(error: DatabaseError): void {
    this.#error = error
  }

  override ready(): void {
    if (this.#error) this.#reject(this.#error)
    else this.#resolve(this.#rows)
  }

  override lost(error: DatabaseError): void {
    this.#reject(error)
  }
}
