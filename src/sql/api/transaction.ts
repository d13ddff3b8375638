import type { Sql, StatementOptions } from './statements.ts'

/** Options of a transaction. */
export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
  readonly deferrable?: boolean
  /** How often it is retried after a serialization failure or a deadlock. Default: 0. */
  readonly retries?: number
}

/** Limits of a statement or a savepoint in a transaction. */
export type TransactionLimits = Pick<StatementOptions, 'signal' | 'timeoutMs'>

/** Statements on one connection that take effect together. */
export interface Transaction extends Sql {
  /** Returns the same transaction with limits for its statements and savepoints. */
  with(limits: TransactionLimits): Transaction
  /** Runs `fn` in a savepoint, which alone is rolled back when `fn` throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>
}
