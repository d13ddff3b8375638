import type { Fragment, Fragments, SqlTag } from '../text/fragment.ts'
import type { JsonText } from '../values/encoders.ts'
import type { Drizzle } from './drizzle.ts'
import type { Enqueuing } from './enqueuing.ts'

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
export interface Sql extends Fragments, Enqueuing {
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
  /**
   * Rows one by one out of a cursor, read as fast as they are asked for; leaving the loop closes it.
   * @example for await (const user of db.stream<User>`SELECT * FROM users`) …
   */
  stream<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void>
  /**
   * One statement for many rows, in one round trip, all or nothing; functions take their value from the row.
   * Resolves with the number of rows touched.
   * @example db.batch(users)`INSERT INTO users (name, age) VALUES (${(user) => user.name}, ${(user) => user.age})`
   */
  batch<Row>(rows: readonly Row[]): BatchTag<Row>
  /** Sends a notification to whoever listens on the channel; in a transaction, when that commits. */
  notify(channel: string, payload?: string): Promise<void>
  /** Drizzle's query builder on the same connections. */
  readonly drizzle: Drizzle
  /** Runs a file of SQL: any number of statements, no parameters, no rows. Outside a transaction, all of them or none. */
  script(text: string): Promise<void>
}

/** A value of a batch: the same for every row, or taken from it. */
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

/** The tag that `batch` gives. */
export type BatchTag<Row> = (strings: TemplateStringsArray, ...values: readonly BatchValue<Row>[]) => Promise<number>
