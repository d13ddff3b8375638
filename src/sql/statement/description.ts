import type { DatabaseError } from '../errors/databaseError.ts'
import type { SuspendedStatement } from './suspended.ts'
import type { Connection } from '../connection/connection.ts'
import { Exchange } from '../connection/exchange.ts'
import type { Column } from '../wire/input.ts'
import type { PreparedStatement } from '../connection/statementCache.ts'
import { prepare } from './prepare.ts'

/** Requests the parameter types of a statement, then resumes it and the statements after it. */
export class Description extends Exchange<Connection> {
  readonly #statement: SuspendedStatement
  readonly #onTypes: (types: readonly number[]) => void
  #entry: PreparedStatement | undefined
  #error: DatabaseError | undefined

  constructor(statement: SuspendedStatement, onTypes: (types: readonly number[]) => void) {
    super()
    this.#statement = statement
    this.#onTypes = onTypes
  }

  override write(connection: Connection): boolean {
    const { prepared } = this.#statement
    this.#entry = prepare(connection, prepared, connection.statements.get(prepared))
    connection.output.sync()
    return true
  }

  override parameterTypes(types: readonly number[]): void {
    this.#entry!.parameterTypes = types
    this.#onTypes(types)
  }

  override columns(columns: readonly Column[]): void {
    this.#entry!.confirm(columns)
  }

  override fail(error: DatabaseError): void {
    this.#error = error
  }

  override ready(connection: Connection): void {
    if (this.#error) {
      connection.statements.delete(this.#statement.prepared, this.#entry!)
      this.#statement.reject(this.#error)
    }
    connection.resume(this.#statement)
  }

  override lost(error: DatabaseError): void {
    this.#statement.lost(error, { wasSent: false })
  }

  override expire(now: number): boolean {
    return this.#statement.expire(now)
  }
}
