import type { Prepared } from '../text/prepared.ts'

/** The request that a database works for. */
export interface RequestScope {
  /** Aborts when the caller is gone or the deadline has passed. May be a getter: it is read late. */
  readonly signal?: AbortSignal | undefined
  /** Called when its end cancels a statement, whose caller gets the signal's reason. Must not throw. */
  cancelledStatement?(statement: ObservedStatement): void
}

/** What spans and metrics can use of a statement. */
export type ObservedStatement = Pick<Prepared, 'text' | 'verb' | 'reads'>

/** An observed transaction: its statements are reported for `request`. */
export interface ObservedTransaction {
  readonly request: RequestScope
  end(error?: unknown): void
}

/** Observes all statements. Its methods must not throw. */
export interface Observer {
  /**
   * Called when a statement has ended.
   * @param startedAt on the clock of `performance.now()`
   * @param error undefined when it succeeded
   * @param request the argument of `forRequest`
   */
  statement(
    statement: ObservedStatement,
    startedAt: number,
    rowCount: number,
    error: unknown,
    request: RequestScope | undefined,
  ): void
  /** Called when a transaction begins. */
  transaction?(request: RequestScope | undefined): ObservedTransaction | undefined
}
