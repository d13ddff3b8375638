import type { Prepared } from '../text/prepared.ts'

/** What a database needs to know of the request it works for. */
export interface RequestScope {
  /** Aborts when the caller is gone or the deadline is over. May be a getter: it is read late. */
  readonly signal?: AbortSignal | undefined
}

/** What a span or a metric can know of a statement's text. */
export type ObservedStatement = Pick<Prepared, 'text' | 'verb' | 'reads'>

/** A transaction that is observed: its statements are told to run for `request`. */
export interface ObservedTransaction {
  readonly request: RequestScope
  end(error?: unknown): void
}

/** Is told of every statement when it has ended. Must not throw. */
export interface Observer {
  /**
   * @param startedAt as `performance.now()` counts; the statement has ended now
   * @param error undefined when it succeeded
   * @param request what was given to `forRequest`
   */
  statement(
    statement: ObservedStatement,
    startedAt: number,
    rowCount: number,
    error: unknown,
    request: RequestScope | undefined,
  ): void
  /** Is told of every transaction when it begins. */
  transaction?(request: RequestScope | undefined): ObservedTransaction | undefined
}
