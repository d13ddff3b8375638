import { dateOf, textOf } from './date.ts'

/** How values of one PostgreSQL type are read and, optionally, written. */
export interface Codec<Value = unknown> {
  /** Reads PostgreSQL's text form. */
  decode(text: string): Value
  /** Writes PostgreSQL's text form. Called for objects only, not for null, strings, numbers and booleans. */
  encode?(value: Value): string
}

/** Codecs by type name, as in `{ timestamptz: codecs.date }`. */
export type Codecs = Readonly<Record<string, Codec>>

/**
 * Codecs for the option `types` of a database.
 *
 * @example
 * await using db = database({ url: databaseUrl, types: { timestamptz: codecs.date, int8: codecs.bigint } })
 */
export const codecs: {
  /**
   * For `timestamptz`, `timestamp` and `date`: a Date, to the millisecond. The last two are read as UTC. `infinity` and
   * `-infinity` become the last and the first possible Date.
   */
  readonly date: Codec<Date>
  /** For `int8`: a bigint. */
  readonly bigint: Codec<bigint>
  /** For `numeric`: a number, possibly inexact. */
  readonly number: Codec<number>
  /** For any type: PostgreSQL's text. */
  readonly text: Codec<string>
} = {
  date: { decode: dateOf, encode: textOf },
  bigint: { decode: BigInt },
  number: { decode: Number },
  text: { decode: String },
}
