import type { Schema, SchemaOutput, Schemas } from '../schema/standard/spec.ts'
import type { Flat, InputsOf, ValuesOf } from '../schema/standard/values.ts'
import type { AuthFields } from './auth.ts'
import type { BodyInputOf, UploadBody } from './body.ts'
import type { Deprecation } from './deprecation.ts'
import type { ErrorClass } from './httpError.ts'
import type { RateLimit } from './rateLimit.ts'
import type { ResponseFields, ResponseOf } from './responseForm.ts'
import type { OtherDataOf, OtherOutputOf, ResponseOptions } from './responses.ts'
import type { PathParamNames, Route } from './route.ts'

export type { CursorItems, CursorPage, Items, Page } from './responseForm.ts'

/**
 * One operation of a service, as data.
 *
 * @example
 * const getUser = { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] }
 */
export interface Operation extends ResponseFields, ResponseOptions, AuthFields {
  /** Method and path, for example `GET /users/:id`. */
  readonly route: Route
  /** One line for the documentation. */
  readonly summary?: string
  /** A longer description, in Markdown. */
  readonly description?: string
  /** Groups operations in the documentation. */
  readonly tags?: readonly string[]
  /** Schemas of the path parameters. Default: each is a string. */
  readonly params?: Schemas
  /** Schemas of the query parameters; values are coerced. */
  readonly query?: Schemas
  /** Schemas of the request headers, with names in lower case; values are coerced. */
  readonly headers?: Schemas
  /** Schema of the JSON body, whose unknown fields are rejected; or `raw()`, `text()` or `form({ … })`. */
  readonly body?: Schema
  /** Whether the body may be compressed by gzip, deflate or br. The limit is for what it becomes. Default: false. */
  readonly compressedBody?: boolean
  /** The errors of the operation, for its documentation and its clients. */
  readonly errors?: readonly ErrorClass[]
  /**
   * Whether repeating a request has no further effect, so that it may be retried. Default: true for GET, PUT and DELETE.
   * `by key`: the service stores the result of each request with an `idempotency-key` in its database. A second request
   * of the same caller with that key gets the stored result.
   */
  readonly idempotent?: boolean | 'by key'
  /** Milliseconds after which callers and the service itself cancel the operation. */
  readonly timeoutMs?: number
  /** How often each caller may call it; more gets a 429. Default: no limit. */
  readonly rateLimit?: RateLimit
  /** Which requests an overloaded service rejects first: `sheddable`, last `critical`. Default `normal`. */
  readonly priority?: Priority
  /** For other services only: an `edge` service responds with 404, and public documents leave it out. */
  readonly internal?: boolean
  /** Marked as deprecated in the documentation, and in responses if it says since when. */
  readonly deprecated?: boolean | Deprecation
}

/** How important an operation is while its service is overloaded. */
export type Priority = (typeof priorities)[number]

/** Priorities, the most important first. */
export const priorities = ['critical', 'normal', 'sheddable'] as const

/** Operations by name. */
export type Operations = Readonly<Record<string, Operation>>

/** The path parameters as a handler sees them. */
export type ParamsOf<Op extends Operation> = Op['params'] extends Schemas
  ? ValuesOf<Op['params']>
  : { [Name in PathParamNames<Op['route']>]: string }

/** The path parameters as a caller passes them. */
type ParamsInputOf<Op extends Operation> = Op['params'] extends Schemas ? InputsOf<Op['params']> : ParamsOf<Op>

type DeclaredQuery<Op extends Operation> = Op['query'] extends Schemas ? ValuesOf<Op['query']> : unknown

/** The query as a handler sees it: coerced, with the parameters that its response form adds. */
export type QueryOf<Op extends Operation> = Flat<DeclaredQuery<Op> & ResponseOf<Op>['query']>

/** The headers as a handler sees them: the declared ones, or all of Node's when none is declared. */
export type HeadersOf<Op extends Operation> = Op['headers'] extends Schemas
  ? ValuesOf<Op['headers']>
  : Readonly<Record<string, string | string[] | undefined>>

/** The body as a handler sees it; `unknown` when the operation is not known. */
export type BodyOf<Op extends Operation> = Op['body'] extends Schema
  ? SchemaOutput<Op['body']>
  : unknown extends Op['body']
    ? undefined
    : Schema extends Op['body']
      ? unknown
      : undefined

/** The headers that a caller gets. */
export type ResponseHeadersOf<Op extends Operation> = Op['responseHeaders'] extends Schemas
  ? ValuesOf<Op['responseHeaders']>
  : {}

/** The headers that a handler may set. */
export type SetHeadersOf<Op extends Operation> = Op['responseHeaders'] extends Schemas
  ? InputsOf<Op['responseHeaders']>
  : {}

/** The cookies as a handler sees them; undefined when the request has none, or its signature is wrong. */
export type CookiesOf<Op extends Operation> = Op['cookies'] extends object
  ? { readonly [Name in keyof Op['cookies']]: string | undefined }
  : {}

/** What a handler returns. */
export type OutputOf<Op extends Operation> = ResponseOf<Op>['output'] | OtherOutputOf<Op>

/** What a caller gets. */
export type ResultOf<Op extends Operation> = ResponseOf<Op>['result'] | OtherDataOf<Op>

/** What a caller passes. A part is optional when everything in it is. */
export type InputOf<Op extends Operation> = Flat<
  Part<'params', ParamsInputOf<Op>> &
    Part<
      'query',
      Flat<(Op['query'] extends Schemas ? InputsOf<Op['query']> : unknown) & ResponseOf<Op>['queryInput']>
    > &
    Part<'headers', Op['headers'] extends Schemas ? InputsOf<Op['headers']> : unknown> &
    (Op['body'] extends UploadBody
      ? { body: BodyInputOf<UploadBody> }
      : Part<'body', Op['body'] extends Schema ? BodyInputOf<Op['body']> : unknown>)
>

type Part<Name extends string, Value> = unknown extends Value
  ? unknown
  : [keyof Value] extends [never]
    ? unknown
    : {} extends Value
      ? { [Key in Name]?: Value }
      : { [Key in Name]: Value }

/** Returns the operations that are not internal. */
export function publicOperations(operations: Operations): Operations {
  return Object.fromEntries(Object.entries(operations).filter(([, { internal }]) => !internal))
}

/** Whether repeating the operation has no further effect: as it declares, else by its method (RFC 9110, 9.2.2). */
export function isIdempotent({ route, idempotent }: Operation): boolean {
  return idempotent === 'by key' ? false : (idempotent ?? /^(GET|PUT|DELETE) /.test(route))
}
