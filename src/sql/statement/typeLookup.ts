import type { DatabaseError } from '../errors/databaseError.ts'
import type { SuspendedStatement } from './suspended.ts'
import type { Connection } from '../connection/connection.ts'
import { arrayDecoder, type RowDecoder } from '../wire/decoder.ts'
import { Exchange } from '../connection/exchange.ts'
import type { Column } from '../wire/input.ts'
import { text } from '../values/decoders.ts'

/** A statement that waits until the server has described some types. */
export interface LookupOptions {
  readonly statement: SuspendedStatement
  readonly unknown: readonly number[]
  /** Whether the statement has run, so that its rows wait. */
  readonly hasRun: boolean
  /** Called when the types are known, or the statement has been rejected. */
  readonly onDone: (connection: Connection) => void
}

/**
 * Reads types from the server's catalog, each once, because an OID never changes its meaning. The base types of domains
 * and the element types of arrays are included.
 */
export class TypeLookup extends Exchange<Connection> {
  readonly #options: LookupOptions
  readonly #rows: (readonly string[])[] = []
  #decode: RowDecoder<unknown[]> | undefined
  #error: DatabaseError | undefined

  constructor(options: LookupOptions) {
    super()
    this.#options = options
  }

  override write({ output }: Connection): boolean {
    output.query(catalogQuery(this.#options.unknown))
    return true
  }

  override columns(columns: readonly Column[]): void {
    this.#decode = arrayDecoder(columns, () => text)
  }

  override row(bytes: Buffer, start: number): void {
    this.#rows.push(this.#decode!(bytes, start) as string[])
  }

  override fail(error: DatabaseError): void {
    this.#error = error
  }

  override ready(connection: Connection): void {
    const { statement, unknown, onDone } = this.#options
    if (this.#error) statement.reject(this.#error)
    else this.#learn(connection, unknown)
    onDone(connection)
  }

  override lost(error: DatabaseError): void {
    this.#options.statement.lost(error, { wasSent: this.#options.hasRun })
  }

  override expire(now: number): boolean {
    return this.#options.statement.expire(now)
  }

  #learn({ types }: Connection, unknown: readonly number[]): void {
    for (const [oid, name, base, element, delimiter] of this.#rows) {
      const of = { base: Number(base), element: Number(element), delimiter: delimiter! }
      types.learn({ oid: Number(oid), name: name!, ...of })
    }
    // Types that have been dropped meanwhile: the server cannot describe them.
    for (const oid of unknown) types.learn({ oid, name: '', base: 0, element: 0, delimiter: ',' })
  }
}

// Base and element types come first. Only an element's own array type counts: int2vector and point have elements too.
function catalogQuery(oids: readonly number[]): string {
  return `WITH RECURSIVE wanted(oid, depth) AS (
      SELECT oid, 0 FROM pg_catalog.unnest('{${oids.join()}}'::pg_catalog.oid[]) AS oid
      UNION ALL
      SELECT CASE typbasetype WHEN 0 THEN typelem ELSE typbasetype END, depth + 1
      FROM wanted JOIN pg_catalog.pg_type USING (oid)
      WHERE typbasetype <> 0 OR typelem <> 0)
    SELECT t.oid, t.typname, t.typbasetype, coalesce(e.oid, 0), coalesce(e.typdelim, ',')
    FROM wanted JOIN pg_catalog.pg_type t USING (oid)
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
    ORDER BY depth DESC`
}
