import { type DatabaseError, isFinal, unreachable } from '../errors/databaseError.ts'
import type { Statement } from '../statement/statement.ts'
import { closed } from './pool.ts'

/** The statements that wait until a lane has a connection. */
export class WaitingStatements {
  readonly #timeoutMs: number
  #statements: Statement[] = []
  #lastError: DatabaseError | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  get size(): number {
    return this.#statements.length
  }

  /** Has it wait, or rejects it when no lane will ever connect. */
  add(statement: Statement): void {
    if (this.#lastError && isFinal(this.#lastError)) return statement.reject(this.#lastError)
    this.#statements.push(statement)
  }

  /** Returns those that wait, since a lane has connected. */
  take(): readonly Statement[] {
    this.#lastError = undefined
    return this.#statements.splice(0)
  }

  /** Notes why a lane could not connect. */
  failed(error: DatabaseError): void {
    this.#lastError = error
    if (isFinal(error)) for (const statement of this.#statements.splice(0)) statement.reject(error)
  }

  /** Rejects those that have waited for too long. */
  sweep(now: number): void {
    if (this.#statements.length === 0) return
    this.#statements = this.#statements.filter((statement) => {
      if (!statement.expire(now) && now >= this.until(statement)) statement.reject(unreachable(this.#lastError))
      return !statement.isSettled
    })
  }

  /** Until when a statement waits for a connection. The time counts once, even if the statement is sent several times. */
  until(statement: Statement): number {
    statement.waitsSince ||= performance.now()
    return statement.waitsSince + this.#timeoutMs
  }

  close(): void {
    for (const statement of this.#statements.splice(0)) statement.reject(closed())
  }
}
