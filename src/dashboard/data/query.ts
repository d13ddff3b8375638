import type { Client, Connection, Submittable } from 'pg'
import { cut } from '../ingest/limits.ts'

/** The bounds of a result. */
export interface ResultLimits {
  readonly rows: number
}

/** What a statement has returned. */
export interface QueryResult {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | null)[])[]
  /** Whether there was more than the limits allow. */
  readonly isCut: boolean
  readonly command: string
}

/** Characters of a cell. */
const longestCell = 32_768
/** Characters of a result. */
const mostCharacters = 4 * 1024 * 1024
/** Bytes that are read at all: rows of megabytes end the session instead of the dashboard. */
const mostBytes = 64 * 1024 * 1024

/**
 * Runs one statement and returns its rows as text, no more than the limits allow.
 *
 * It takes the extended protocol, which rejects a second statement in the text and lets the server stop after some rows.
 *
 * @throws {Error} the server's error, with its position
 */
export async function runStatement(
  client: Client,
  text: string,
  values: readonly (string | null)[],
  limits: ResultLimits,
): Promise<QueryResult> {
  const statement = new Statement(text, values, limits)
  client.query(statement)
  return statement.result
}

/** What `pg` calls on a statement. Everything is sent at once; the responses come in order. */
class Statement implements Submittable {
  readonly result: Promise<QueryResult>
  readonly #text: string
  readonly #values: readonly (string | null)[]
  readonly #limits: ResultLimits
  readonly #rows: (string | null)[][] = []
  #columns: string[] = []
  #isCut = false
  #command = ''
  #characters = 0
  #bytes = 0
  #error: Error | undefined
  #connection: Connection | undefined
  #resolve!: (result: QueryResult) => void
  #reject!: (error: Error) => void

  constructor(text: string, values: readonly (string | null)[], limits: ResultLimits) {
    this.#text = text
    this.#values = values
    this.#limits = limits
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: Connection): void {
    this.#connection = connection
    const to = connection as unknown as Protocol
    to.parse({ text: this.#text, name: '', types: [] })
    to.bind({ portal: '', statement: '', values: this.#values })
    to.describe({ type: 'P', name: '' })
    to.execute({ portal: '', rows: this.#limits.rows + 1 })
    to.sync()
  }

  handleRowDescription({ fields }: { readonly fields: readonly { readonly name: string }[] }): void {
    this.#columns = fields.map(({ name }) => name)
  }

  handleDataRow({ fields, length }: { readonly fields: readonly (string | null)[]; readonly length: number }): void {
    this.#bytes += length
    if (this.#bytes > mostBytes) {
      this.#connection!.stream.destroy(
        new Error(`the rows have more than ${mostBytes / 1024 / 1024} MiB: select fewer`),
      )
      return
    }
    if (this.#rows.length >= this.#limits.rows || this.#characters > mostCharacters) {
      this.#isCut = true
      return
    }
    const row = fields.map((cell) => (cell === null ? null : cut(cell, longestCell)))
    for (const cell of row) this.#characters += cell?.length ?? 4
    this.#rows.push(row)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#command = text
  }

  handlePortalSuspended(): void {
    this.#isCut = true
  }

  handleEmptyQuery(): void {
    this.#error = new Error('there is no statement')
  }

  handleCopyInResponse(connection: Connection): void {
    const to = connection as unknown as Protocol
    to.sendCopyFail('COPY FROM STDIN is not supported here')
    to.sync() // during a COPY the server ignores the one that was sent
  }

  handleCopyData(): void {
    this.#isCut = true
  }

  /** The sync of `submit` is still to be responded to, except when the session is lost. */
  handleError(error: Error): void {
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    if (this.#error) this.#reject(this.#error)
    else this.#resolve({ columns: this.#columns, rows: this.#rows, isCut: this.#isCut, command: this.#command })
  }
}

/** The methods of `pg`'s connection for the extended protocol, which its types leave out. */
interface Protocol {
  parse(message: { readonly text: string; readonly name: string; readonly types: readonly number[] }): void
  bind(message: { readonly portal: string; readonly statement: string; readonly values: readonly unknown[] }): void
  describe(message: { readonly type: 'P' | 'S'; readonly name: string }): void
  execute(message: { readonly portal: string; readonly rows: number }): void
  sync(): void
  sendCopyFail(message: string): void
}
