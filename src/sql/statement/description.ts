import type { DatabaseError } from '../errors/databaseError.ts'
import type { SuspendedStatement } from './suspended.ts'
import type { Connection } from '../connection/connection.ts'
import { Exchange } from '../connection/exchange.ts'
import type { Column } from '../wire/input.ts'
import type { PreparedStatement } from '../connection/statementCache.ts'
import { prepare } from './prepare.ts'

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
