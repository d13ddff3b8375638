import type { Static, TProperties, TSchema } from '@sinclair/typebox'

// How an operation responds. Each form is a line in `ResponseTypes` and a value of `ResponseForm`; the rooms that write,
// describe or read a response have a line for each form too, and the compiler names those that lack one.

/** What an operation says of its response. */
export interface Responding {
  /**
   * Schema of the answer's data; fields that it does not name are not sent, and what it does not allow is a 500. Of one item
   * when `paginated`.
   */
  readonly returns?: TSchema
  /** Adds `page` (from 1) and `size` (1 to 100, default 20) to the query; the handler returns `{ items, total }`. */
  readonly paginated?: boolean
}

/** What a paginated operation's handler returns. */
export interface Items<Item> {
  readonly items: readonly Item[]
  /** How many there are in all. */
  readonly total: number
}

/** What a paginated operation's caller gets. */
export interface Page<Item> {
  items: Item[]
  page: number
  size: number
  total: number
}

/** What an answer says of its place in the whole. */
export interface Pagination {
  readonly page: number
  readonly size: number
  readonly total: number
}

/** The types of a response, by its form. */
interface ResponseTypes<Data> {
  single: {
    /** What is added to the query, as a handler sees it, and as a caller gives it. */
    query: unknown
    givenQuery: unknown
    /** What the handler returns. */
    output: Data
    /** What the caller gets. */
    result: Data
    /** The parts of the body. */
    data: Data
    pagination: undefined
  }
  page: {
    query: { page: number; size: number }
    givenQuery: { page?: number; size?: number }
    output: Items<Data>
    result: Page<Data>
    data: readonly Data[]
    pagination: Pagination
  }
}

/** The name of a form. */
export type FormName = keyof ResponseTypes<unknown>

/** The types of an operation's response. */
export type ResponseOf<Op extends Responding> = ResponseTypes<
  Op['returns'] extends TSchema ? Static<Op['returns']> : void
>[Op['paginated'] extends true ? 'page' : 'single']

/** What a form of response asks of whoever checks, sends or reads one. */
export interface ResponseForm {
  readonly name: FormName
  /** The query parameters that it adds. */
  readonly query?: TProperties
  /** What is wrong with an operation that responds so. */
  problem(operation: Responding & { readonly query?: TProperties }, method: string): string | undefined
  /** The schema of what the handler returns; `returns` is the operation's. */
  output(returns: TSchema): TSchema
  /** What is wrong with what a handler returned, before its schema is asked. */
  misfit(output: unknown): string | undefined
  /** What the caller gets of what the handler returned. */
  result(output: unknown, query: Readonly<Record<string, unknown>> | undefined): unknown
  /** What the caller gets of a body in the standard envelope. */
  opened(body: { readonly data?: unknown }): unknown
  /** The parts of the body, of what the caller gets. */
  parts(result: unknown): { readonly data: unknown; readonly pagination: Pagination | undefined }
}
