import type { Sql, StatementOptions } from './statements.ts'

/** How a transaction is run. */
export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
  readonly deferrable?: boolean
  /** How often it is run again after a serialisation failure or a deadlock. Default: 0. */
  readonly retries?: number
}

/** The time of a statement or a savepoint in a transaction. */
export type TransactionLimits = Pick<StatementOptions, 'signal' | 'timeoutMs'>

/** Statements on one connection that take effect together. */
export interface Transaction extends Sql {
  /** The same transaction with limits for the statements and savepoints sent through it. */
  with(limits: TransactionLimits): Transaction
  /** A savepoint: rolled back alone when `fn` throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>
}
