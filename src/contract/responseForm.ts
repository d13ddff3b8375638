import type { TProperties, TSchema } from '@sinclair/typebox'
import type { Schema, SchemaInput, Schemas, SchemaOutput } from '../schema/standard/spec.ts'
import type { Download, FileContent } from './file.ts'

// How an operation responds. Each form of response is a member of `ResponseTypes` and a value of `ResponseForm`. Modules
// that write, describe or read responses have an entry for each form, and the compiler reports a missing one.

/** The fields of an operation that describe its response. */
export interface ResponseFields {
  /**
   * Schema of the response's data, or of one item when `paginated`. Fields that it does not name are not sent. Data that
   * does not match is a 500.
   */
  readonly returns?: Schema
  /**
   * Adds `page` (from 1) and `size` (1 to 100, default 20) to the query; the handler returns `{ items, total }`.
   *
   * `cursor` adds `cursor` and `size`, and counts nothing. The handler gets the position as `query.cursor`, and returns
   * `{ items, next }`, with the position of the next page if there is one.
   */
  readonly paginated?: boolean | 'cursor'
  /** Schema of the position in a list that is paginated by cursor. Default: a text or an integer. */
  readonly cursor?: Schema
}

/** What a paginated operation's handler returns. */
export interface Items<Item> {
  readonly items: readonly Item[]
  /** How many items there are on all pages. */
  readonly total: number
}

/** What a paginated operation's caller gets. */
export interface Page<Item> {
  items: Item[]
  page: number
  size: number
  total: number
}

/** What the handler of an operation returns that is paginated by cursor. */
export interface CursorItems<Item, Position> {
  readonly items: readonly Item[]
  /** The position of the next page. Without it, this is the last one. */
  readonly next?: Position | null | undefined
}

/** What the caller of such an operation gets. */
export interface CursorPage<Item> {
  items: Item[]
  size: number
  /** The cursor of the next page, to send as it is; null on the last one. */
  next: string | null
}

/** The position of a page in a list, as the body of its response describes it. */
export interface CursorPagination {
  readonly size: number
  readonly next: string | null
}

/** The page of a response, as its body describes it. */
export interface Pagination {
  readonly page: number
  readonly size: number
  readonly total: number
}

/** The types of a response, by its form. */
interface ResponseTypes<Output, Data, Position, NextPosition> {
  single: {
    /** What the form adds to the query, as a handler sees it and as a caller passes it. */
    query: unknown
    queryInput: unknown
    /** What the handler returns. */
    output: Output
    /** What the caller gets. */
    result: Data
    /** The members of the body. */
    data: Data
    pagination: undefined
  }
  file: {
    query: unknown
    queryInput: unknown
    output: FileContent
    result: Blob
    data: Blob
    pagination: undefined
  }
  redirect: {
    query: unknown
    queryInput: unknown
    /** The URL. */
    output: string
    result: string
    data: string
    pagination: undefined
  }
  page: {
    query: { page: number; size: number }
    queryInput: { page?: number; size?: number }
    output: Items<Output>
    result: Page<Data>
    data: readonly Data[]
    pagination: Pagination
  }
  cursor: {
    query: { cursor?: Position; size: number }
    queryInput: { cursor?: string; size?: number }
    output: CursorItems<Output, NextPosition>
    result: CursorPage<Data>
    data: readonly Data[]
    pagination: CursorPagination
  }
}

/** The name of a form. */
export type FormName = keyof ResponseTypes<unknown, unknown, unknown, unknown>

/** The types of an operation's response. */
export type ResponseOf<Op extends ResponseFields> = ResponseTypes<
  Op['returns'] extends Schema ? SchemaInput<Op['returns']> : void,
  Op['returns'] extends Schema ? SchemaOutput<Op['returns']> : void,
  Op['cursor'] extends Schema ? SchemaOutput<Op['cursor']> : string | number,
  Op['cursor'] extends Schema ? SchemaInput<Op['cursor']> : string | number
>[Op['returns'] extends Download
  ? 'file'
  : Op['paginated'] extends true
    ? 'page'
    : Op['paginated'] extends 'cursor'
      ? 'cursor'
      : 'single']

/** One form of response, for the modules that check, send and read responses. */
export interface ResponseForm {
  readonly name: FormName
  /** The query parameters that the form adds. */
  readonly query?: TProperties
  /** Returns what is wrong with an operation of this form. */
  problem(operation: ResponseFields & { readonly query?: Schemas }, method: string): string | undefined
  /** Returns the JSON Schema of what the handler returns, from that of the operation's `returns`. */
  output(returns: TSchema): TSchema
  /** Returns what is wrong with what a handler returned, before its schema is checked. */
  readonly outputProblem: (output: unknown) => string | undefined
  /** Returns what the handler returned, with each value of `returns` changed. */
  map(output: unknown, change: (data: unknown) => unknown): unknown
  /** Turns what the handler returned into what the caller gets. */
  result(output: unknown, query: Readonly<Record<string, unknown>> | undefined): unknown
  /** Turns a body in the standard envelope into what the caller gets. */
  unwrap(body: { readonly data?: unknown }): unknown
  /** Turns what the caller gets into the members of the body. */
  wrap(result: unknown): { readonly data: unknown; readonly pagination: Pagination | CursorPagination | undefined }
}
