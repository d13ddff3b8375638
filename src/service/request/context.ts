import type { FastifyRequest } from 'fastify'
import '../../http/fastify.ts'
import type { Client } from '../../client/types.ts'
import type { ApiKey, AuthUser, ServiceCaller } from '../../auth/identity.ts'
import type { Identified } from '../../contract/auth.ts'
import type { BodyOf, CookiesOf, HeadersOf, Operation, ParamsOf, QueryOf } from '../../contract/operation.ts'
import type { Logger } from '../../log/logger.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import type { Database } from '../../sql/index.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { SpanContext } from '../../trace/ambient.ts'
import type { Span } from '../../trace/span.ts'
import type { ValueOf } from '../part.ts'
import type * as parts from '../parts.ts'
import type { Callees } from '../parts/calls.ts'
import type { DetachedOptions } from './baseContext.ts'
import type { ResponseOfHandler } from './response.ts'

/** The values of the parts on the context, under the parts' names. */
type PartValues = {
  readonly [Name in keyof Parts as [ValueOf<Parts[Name]>] extends [never] ? never : Name]: ValueOf<Parts[Name]>
}
type Parts = typeof parts

/**
 * The context of code in a service: a handler's `Context` without the input. Also what `ctx.detached` and `service.run`
 * give.
 */
export interface WorkContext<Others extends Callees = {}> extends SpanContext, PartValues {
  /** The name of the operation, or of the work. */
  readonly operation: string
  /** The service's database; statements end with the context. */
  readonly db: Database
  /** The other services; calls end with the context. */
  readonly clients: { readonly [Name in keyof Others]: Client<Others[Name]> }
  /** The current span. Statements and calls are its children. */
  readonly span: Span
  /** A log whose lines name the request, the operation and the span. */
  readonly log: Logger
  /** The service's metrics, to count with. */
  readonly metrics: Metrics
  /** Aborts when the caller hangs up or the deadline is past. */
  readonly signal: AbortSignal
  /** The deadline of the caller. */
  readonly deadline: Deadline
  /** The region of the request, from its header `x-region`. Its calls go there by default. */
  readonly region: string | undefined
  /**
   * Returns a context for work that must finish even when the request is over, such as undoing a step. It has the same
   * database, clients, log and span, and its own deadline. The service does not stop before the handler settles. Its
   * database and calls are not covered by the request's `idempotency-key`.
   *
   * @throws {TypeError} when `timeoutMs` is not from 1 ms to 24 days
   *
   * @example
   * const undo = ctx.detached({ timeoutMs: 5000 })
   * await undo.clients.stock.release({ body: { id } })
   */
  detached(options: DetachedOptions): Detached<this>
  /**
   * Makes the service wait for a promise before it stops, within the time of its drain. A rejection is logged.
   *
   * @example
   * ctx.waitUntil(sendMail(ctx.detached({ timeoutMs: 10_000 }), order))
   */
  waitUntil(promise: PromiseLike<unknown>): void
}

/** A context without the members that belong to a request. */
export type Detached<Ctx> = Omit<
  Ctx,
  'params' | 'query' | 'headers' | 'cookies' | 'body' | 'request' | 'response' | 'idempotencyKey'
>

/**
 * The context of a handler: the checked input, and everything it may use, bound to the request. Without type arguments
 * it fits any handler. A function that makes calls names the contracts that it calls.
 *
 * @example
 * async function userName({ clients }: Context<Operation, { users: typeof userService }>, id: number): Promise<string>
 * {
 *   const { name } = await clients.users.getUser({ params: { id } })
 *   return name
 * }
 */
export interface Context<Op extends Operation = Operation, Others extends Callees = {}> extends WorkContext<Others> {
  readonly params: ParamsOf<Op>
  readonly query: QueryOf<Op>
  readonly headers: HeadersOf<Op>
  readonly body: BodyOf<Op>
  /** The user who calls an operation whose `auth` is `user`. Undefined on other operations. */
  readonly user: Identified<Op, 'user', AuthUser>
  /** The cookies that the contract names; undefined when one is missing, or its signature is wrong. */
  readonly cookies: CookiesOf<Op>
  /** Sets status, headers, cookies and tag of the response. An error is sent without them. */
  readonly response: ResponseOfHandler<Op>
  /** The API key that calls an operation whose `auth` is `key`. Undefined on other operations. */
  readonly key: Identified<Op, 'key', ApiKey>
  /** The service that calls an operation whose `auth` is `service`. Undefined on other operations. */
  readonly service: Identified<Op, 'service', ServiceCaller>
  /**
   * Key of this call of an operation that is `idempotent: 'by key'`, the same at each attempt of its caller. Pass it to
   * calls that are idempotent by key. Undefined without the header `idempotency-key`.
   */
  readonly idempotencyKey: string | undefined
  /** Fastify's request. */
  readonly request: FastifyRequest
}
