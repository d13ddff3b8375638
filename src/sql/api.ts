import type { Fragments, SqlTag } from './fragment.ts'

/** A row when nothing else is said. */
export type AnyRow = Record<string, unknown>

/** How a statement is run; every field also goes for a whole transaction. */
export interface StatementOptions {
  /** Gives the statement up when it aborts; the caller gets the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the statement is given up with sqlstate 57014. */
  readonly timeoutMs?: number | undefined
  /** True: known to take long, keep it off the lanes. */
  readonly slow?: boolean | undefined
  /** True: it only reads, whatever its text looks like; false: it writes, although its text looks like a read. */
  readonly readOnly?: boolean | undefined
}

/** The statement methods, shared by a database, its views and a transaction. All of them are template tags. */
export interface Sql extends Fragments {
  readonly sql: SqlTag
  /** The one row. A DatabaseError P0002 without a row, P0003 with several. */
  one<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row>
  /** The one row, or undefined. A DatabaseError P0003 with several. */
  maybeOne<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row | undefined>
  /** All rows. */
  many<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
  /** The first column of the one row. */
  value<Value = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Value>
  /** Runs it and gives the number of rows that it touched. */
  execute(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<number>
  /** Runs a file of SQL: any number of statements, no parameters, no rows. Outside a transaction, all of them or none. */
  script(text: string): Promise<void>
}

/** How a transaction is run. */
export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
  readonly deferrable?: boolean
  /** How often it is run again after a serialisation failure or a deadlock. Default: 0. */
  readonly retries?: number
}

/** Statements on one connection that take effect together. */
export interface Transaction extends Sql {
  /** A savepoint: rolled back alone when `fn` throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>
}

/** A PostgreSQL database. */
export interface Database extends Sql {
  /** Runs `fn` in a transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** The same database with options for the statements sent through it. */
  with(options: StatementOptions): Database
  /** The view for one request: its signal is read only by a statement that has to wait. */
  forRequest(request: RequestScope): Database
  /** Resolves when the database answers, rejects when it does not within `timeoutMs` (default: 1000). */
  ping(timeoutMs?: number): Promise<void>
  /** Waits for what runs, then closes every connection. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** What a database needs to know of the request it works for. */
export interface RequestScope {
  /** Aborts when the caller is gone or the deadline is over. May be a getter: it is read late. */
  readonly signal?: AbortSignal | undefined
}

/** How to reach a database and how much of it to use. */
export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database?sslmode=…` */
  readonly url: string
  /** Pipelined connections that the autocommit statements share. Default: 2. */
  readonly lanes?: number
  /** Most connections for transactions, streams and slow statements. Default: 10. */
  readonly pool?: number
  /** How long to wait for a connection, in milliseconds, before sqlstate 08001. Default: 3000. */
  readonly acquireTimeoutMs?: number
  /** The server's `statement_timeout`. Default: 30000. */
  readonly statementTimeoutMs?: number
  /** Seen in `pg_stat_activity`. Default: `tricube`. */
  readonly applicationName?: string
}
