import type { Fragment, Fragments, SqlTag } from '../text/fragment.ts'
import type { JsonText } from '../values/encoders.ts'
import type { Drizzle } from './drizzle.ts'
import type { Enqueuing } from './enqueuing.ts'

/** The type of rows by default. */
export type AnyRow = Record<string, unknown>

/** Options of a statement, or of all statements of a transaction. */
export interface StatementOptions {
  /** Cancels the statement when it aborts; the statement rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which the statement is cancelled with sqlstate 57014. */
  readonly timeoutMs?: number | undefined
  /** True: the statement takes long, so it stays off the lanes. */
  readonly slow?: boolean | undefined
  /** True: the statement only reads, even if its text does not show it. False: it writes, even if it looks like a read. */
  readonly readOnly?: boolean | undefined
}

/** The statement methods of databases and transactions. All of them are template tags. */
export interface Sql extends Fragments, Enqueuing {
  readonly sql: SqlTag
  /** Returns the only row. Throws a DatabaseError P0002 without a row, P0003 with more than one. */
  one<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row>
  /** Returns the only row or undefined. Throws a DatabaseError P0003 with more than one. */
  maybeOne<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row | undefined>
  /** Returns all rows. */
  many<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
  /** Returns the first column of the only row. */
  value<Value = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Value>
  /** Returns the number of affected rows. */
  execute(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<number>
  /**
   * Yields rows one by one from a cursor, as fast as you read them; leaving the loop closes it.
   * @example for await (const user of db.stream<User>`SELECT * FROM users`) console.log(user.name)
   */
  stream<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void>
  /**
   * Runs one statement for many rows in one round trip, all or nothing; functions return the value of a row.
   * Resolves to the number of affected rows.
   * @example db.batch(newUsers)`INSERT INTO users (name, age) VALUES (${(user) => user.name}, ${(user) => user.age})`
   */
  batch<Row>(rows: readonly Row[]): BatchTag<Row>
  /** Notifies the listeners of a channel; in a transaction, when it commits. */
  notify(channel: string, payload?: string): Promise<void>
  /** Drizzle's query builder on the same connections. */
  readonly drizzle: Drizzle
  /** Runs an SQL file: any number of statements, without parameters and results. Outside a transaction, all or none. */
  script(text: string): Promise<void>
}

/** A value of a batch: the same for all rows, or a function of the row. */
export type BatchValue<Row> =
  | ((row: Row) => unknown)
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly unknown[]
  | Fragment
  | JsonText

/** The tag that `batch` returns. */
export type BatchTag<Row> = (strings: TemplateStringsArray, ...values: readonly BatchValue<Row>[]) => Promise<number>
