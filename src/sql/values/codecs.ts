import { dateOf, textOf } from './date.ts'

/** How values of one PostgreSQL type are read and, if it says so, written. */
export interface Codec<Value = unknown> {
  /** From PostgreSQL's text form. */
  decode(text: string): Value
  /** To PostgreSQL's text form; only called for objects, so not for null, strings, numbers and booleans. */
  encode?(value: Value): string
}

/** Codecs by the names of types, as in `{ timestamptz: codecs.date }`. */
export type Codecs = Readonly<Record<string, Codec>>

/** Ready-made codecs to choose from. */
export const codecs: {
  /**
   * For `timestamptz`, `timestamp` and `date`, both of them in UTC: a Date, to the millisecond. `infinity` and
   * `-infinity` are the last and the first Date that there is.
   */
  readonly date: Codec<Date>
  /** For `int8`: a bigint. */
  readonly bigint: Codec<bigint>
  /** For `numeric`: a number, which may be inexact. */
  readonly number: Codec<number>
  /** For any type: PostgreSQL's own text. */
  readonly text: Codec<string>
} = {
  date: { decode: dateOf, encode: textOf },
  bigint: { decode: BigInt },
  number: { decode: Number },
  text: { decode: String },
}
