import type { FastifyRequest } from 'fastify'
import '../../http/fastify.ts'
import type { Client } from '../../client/types.ts'
import type { BodyOf, HeadersOf, Operation, ParamsOf, QueryOf } from '../../contract/operation.ts'
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

/** The values of the parts on the context, under the parts' names. */
type PartValues = {
  readonly [Name in keyof Parts as [ValueOf<Parts[Name]>] extends [never] ? never : Name]: ValueOf<Parts[Name]>
}
type Parts = typeof parts

/**
 * What code gets that works in a service: a handler's `Context` without the input, and what `ctx.detached` and `service.run`
 * give.
 */
export interface WorkContext<Others extends Callees = {}> extends SpanContext, PartValues {
  /** The name of the operation, or of the work. */
  readonly operation: string
  /** The service's database; statements end with the context. */
  readonly db: Database
  /** The other services; calls end with the context. */
  readonly clients: { readonly [Name in keyof Others]: Client<Others[Name]> }
  /** What traces tell of this; statements and calls are under it. */
  readonly span: Span
  /** A log whose lines name the request, the operation and the span. */
  readonly log: Logger
  /** The service's metrics, to count with. */
  readonly metrics: Metrics
  /** Aborts when the caller hangs up or the deadline is past. */
  readonly signal: AbortSignal
  /** When the caller gives up. */
  readonly deadline: Deadline
  /** The region that the request is for, from its header `x-region`; its calls go there unless they say otherwise. */
  readonly region: string | undefined
  /**
   * A context for work that must finish although the request is over, such as one that undoes a step: the same database,
   * clients, log and span, under a deadline of its own. The service does not stop before the handler that asked for it
   * settles. Its database and calls are no part of what an `idempotency-key` protects.
   *
   * @throws {TypeError} when `timeoutMs` is no time from 1 ms to 24 days
   *
   * @example
   * const undo = ctx.detached({ timeoutMs: 5000 })
   * await undo.clients.stock.release({ body: { id } })
   */
  detached(options: DetachedOptions): Detached<this>
  /**
   * Has the service wait for a promise before it stops, for as long as its drain takes. A rejection is logged.
   *
   * @example
   * ctx.waitUntil(sendMail(ctx.detached({ timeoutMs: 10_000 }), order))
   */
  waitUntil(promise: PromiseLike<unknown>): void
}

/** A context without what belongs to a request alone. */
export type Detached<Ctx> = Omit<Ctx, 'params' | 'query' | 'headers' | 'body' | 'request' | 'idempotencyKey'>

/**
 * What a handler gets: the checked input, and everything it may use, bound to the request. Without type arguments it is that
 * of any handler: a function that makes calls names the contracts that it calls.
 *
 * @example
 * async function userName({ clients }: Context<Operation, { users: typeof userService }>, id: number): Promise<string> {
 *   const { name } = await clients.users.getUser({ params: { id } })
 *   return name
 * }
 */
export interface Context<Op extends Operation = Operation, Others extends Callees = {}> extends WorkContext<Others> {
  readonly params: ParamsOf<Op>
  readonly query: QueryOf<Op>
  readonly headers: HeadersOf<Op>
  readonly body: BodyOf<Op>
  /**
   * Names this call of an operation that is `idempotent: 'by key'`, the same at each attempt of its caller; others have
   * others. Give it to what can do something once for a key. Undefined without the header `idempotency-key`.
   */
  readonly idempotencyKey: string | undefined
  /** Fastify's request. */
  readonly request: FastifyRequest
}
