import type { DatabaseError } from '../errors/databaseError.ts'
import type { Prepared } from '../text/prepared.ts'
import type { SuspendedStatement } from './suspended.ts'
import { catalog } from '../values/typeCatalog.ts'
import type { Connection } from '../connection/connection.ts'
import { Exchange } from '../connection/exchange.ts'
import type { Column } from '../wire/input.ts'
import { PreparedStatement } from '../connection/statementCache.ts'

/** Asks for a statement's parameter types, then lets it and those behind it go. */
export class Description extends Exchange<Connection> {
  readonly #for: SuspendedStatement
  readonly #tell: (types: readonly number[]) => void
  #entry: PreparedStatement | undefined
  #error: DatabaseError | undefined

  constructor(statement: SuspendedStatement, tell: (types: readonly number[]) => void) {
    super()
    this.#for = statement
    this.#tell = tell
  }

  override write(connection: Connection): boolean {
    const { prepared } = this.#for
    this.#entry = prepare(connection, prepared, connection.statements.get(prepared))
    connection.output.sync()
    return true
  }

  override parameterTypes(types: readonly number[]): void {
    this.#entry!.parameterTypes = types
    this.#tell(types)
  }

  override columns(columns: readonly Column[]): void {
    this.#entry!.confirm(columns)
  }

  override fail(error: DatabaseError): void {
    this.#error = error
  }

  override ready(connection: Connection): void {
    if (this.#error) {
      connection.statements.delete(this.#for.prepared, this.#entry!)
      this.#for.giveUp(this.#error)
    }
    connection.resume(this.#for)
  }

  override lost(error: DatabaseError): void {
    this.#for.lost(error, false)
  }

  override overdue(now: number): boolean {
    return this.#for.overdue(now)
  }
}

/**
 * Writes Parse and Describe. The first to use a text names it; those that come before the server has agreed prepare it
 * for themselves, without a name, so that each of them gets the true error if it is refused. `guess` has the parameter
 * types by which the values are written already.
 */
export function prepare(
  connection: Connection,
  prepared: Prepared,
  known?: PreparedStatement,
  guess?: readonly number[],
): PreparedStatement {
  const { output, statements } = connection
  const isBeingNamed = known !== undefined && !known.isConfirmed && statements.keepsNames
  let entry: PreparedStatement
  if (isBeingNamed) {
    entry = new PreparedStatement('', 0, known)
  } else {
    const added = statements.add(prepared, known)
    entry = added.entry
    if (added.evicted) output.closeStatement(added.evicted)
    // One that went stale, or another client's behind a pooler. Closing what is not there is no error.
    if (entry.name) output.closeStatement(entry.name)
  }
  output.parse(entry.name, prepared.text, guess?.map(insistedOn))
  output.describe(entry.name)
  return entry
}

// A parameter that was text and is jsonb by now must not be taken for JSON: as text it is refused. Other types are left
// to the server, which may have widened them.
function insistedOn(type: number): number {
  return textTypes.has(type) ? type : 0
}

/** Leaves a type to the server unless a value of it is text to the last blank. */
export function textOnly(type: number): number {
  return type === catalog['bpchar']!.oid ? 0 : insistedOn(type)
}

const textTypes: ReadonlySet<number> = new Set(['text', 'varchar', 'bpchar'].map((name) => catalog[name]!.oid))
