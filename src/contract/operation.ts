import type { Static, TObject, TOptional, TProperties, TSchema } from '@sinclair/typebox'
import type { HasDefault } from '../schema/builder.ts'
import type { ErrorClass } from './errors.ts'
import type { RateLimit } from './rateLimit.ts'
import type { Responding, ResponseOf } from './responding.ts'
import type { PathParamNames, Route } from './route.ts'

export type { Items, Page } from './responding.ts'

/**
 * One promise of a service, as data.
 *
 * @example
 * const getUser = { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] }
 */
export interface Operation extends Responding {
  /** Method and path, for example `GET /users/:id`. */
  readonly route: Route
  /** One line for the documentation. */
  readonly summary?: string
  /** The long form, in Markdown. */
  readonly description?: string
  /** Groups operations in the documentation. */
  readonly tags?: readonly string[]
  /** Schemas of the path parameters. Left out, each is a string. */
  readonly params?: TProperties
  /** Schemas of the query parameters; values are coerced. */
  readonly query?: TProperties
  /** Schemas of request headers, names in lower case; values are coerced. */
  readonly headers?: TProperties
  /** Schema of the JSON body; fields that it does not name are refused. */
  readonly body?: TSchema
  /** HTTP status of success. Default 200. */
  readonly status?: number
  /** The errors that belong to the operation, for the documentation. */
  readonly errors?: readonly ErrorClass[]
  /**
   * Whether doing it twice is doing it once. Default: true for GET, PUT and DELETE. `by key`: the service remembers each
   * call that names an `idempotency-key` in its database, and answers a second one of the same caller with the first's
   * result.
   */
  readonly idempotent?: boolean | 'by key'
  /** Milliseconds after which the operation is given up, by its callers and by the service itself. */
  readonly timeoutMs?: number
  /** How often each caller may do it; over that the answer is a 429. Default: as often as it likes. */
  readonly rateLimit?: RateLimit
  /** What goes when the service is overloaded: `sheddable` first, `critical` last. Default `normal`. */
  readonly priority?: Priority
  /** For other services only: where callers are strangers (`edge`) it is not there, and no public document tells of it. */
  readonly internal?: boolean
  /** Marked in the documentation as going away. */
  readonly deprecated?: boolean
}

/** How much an operation matters while its service has too much to do. */
export type Priority = (typeof priorities)[number]

/** Priorities, the most important first. */
export const priorities = ['critical', 'normal', 'sheddable'] as const

/** Operations by name. */
export type Operations = Readonly<Record<string, Operation>>

/** What properties hold; a contract's own `readonly` says nothing of the values. */
type StaticOf<Properties extends TProperties> = Static<
  TObject<{ -readonly [Name in keyof Properties]: Properties[Name] }>
>

/** What a caller gives for properties of text: what has a default may be left out. */
type GivenOf<Properties extends TProperties> = [Extract<Properties[keyof Properties], HasDefault>] extends [never]
  ? StaticOf<Properties>
  : StaticOf<{
      [Name in keyof Properties]: Properties[Name] extends HasDefault ? TOptional<Properties[Name]> : Properties[Name]
    }>

/** The path parameters as a handler sees them. */
export type ParamsOf<Op extends Operation> = Op['params'] extends TProperties
  ? StaticOf<Op['params']>
  : { [Name in PathParamNames<Op['route']>]: string }

type DeclaredQuery<Op extends Operation> = Op['query'] extends TProperties ? StaticOf<Op['query']> : unknown

/** The query as a handler sees it: coerced, with what its response adds. */
export type QueryOf<Op extends Operation> = Flat<DeclaredQuery<Op> & ResponseOf<Op>['query']>

/** The declared headers as a handler sees them; all of them, as Node has them, when none is declared. */
export type HeadersOf<Op extends Operation> = Op['headers'] extends TProperties
  ? StaticOf<Op['headers']>
  : Readonly<Record<string, string | string[] | undefined>>

/** The body as a handler sees it. Of an operation that is not known, `unknown`. */
export type BodyOf<Op extends Operation> = Op['body'] extends TSchema
  ? Static<Op['body']>
  : unknown extends Op['body']
    ? undefined
    : TSchema extends Op['body']
      ? unknown
      : undefined

/** What a handler returns. */
export type OutputOf<Op extends Operation> = ResponseOf<Op>['output']

/** What a caller gets. */
export type ResultOf<Op extends Operation> = ResponseOf<Op>['result']

/** What a caller gives: only what the operation takes, optional where everything in it is. */
export type InputOf<Op extends Operation> = Flat<
  Part<'params', ParamsOf<Op>> &
    Part<
      'query',
      Flat<(Op['query'] extends TProperties ? GivenOf<Op['query']> : unknown) & ResponseOf<Op>['givenQuery']>
    > &
    Part<'headers', Op['headers'] extends TProperties ? GivenOf<Op['headers']> : unknown> &
    Part<'body', Op['body'] extends TSchema ? BodyOf<Op> : unknown>
>

type Part<Name extends string, Value> = unknown extends Value
  ? unknown
  : [keyof Value] extends [never]
    ? unknown
    : {} extends Value
      ? { [Key in Name]?: Value }
      : { [Key in Name]: Value }

type Flat<Type> = unknown extends Type ? {} : { [Key in keyof Type]: Type[Key] }

/** Those that strangers may call. */
export function publicOperations(operations: Operations): Operations {
  return Object.fromEntries(Object.entries(operations).filter(([, { internal }]) => !internal))
}

/** Whether doing it twice is doing it once: RFC 9110, 9.2.2, unless the operation says otherwise. */
export function isIdempotent({ route, idempotent }: Operation): boolean {
  return idempotent === 'by key' ? false : (idempotent ?? /^(GET|PUT|DELETE) /.test(route))
}
