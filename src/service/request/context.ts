import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Client } from '../../client/types.ts'
import { GatewayTimeout, HttpError } from '../../contract/errors.ts'
import type { BodyOf, HeadersOf, Operation, ParamsOf, QueryOf } from '../../contract/operation.ts'
import type { Logger } from '../../log/logger.ts'
import type { Metrics } from '../../metrics/metrics.ts'
import { Cancellation } from '../../resilience/cancellation.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { Database } from '../../sql/index.ts'
import type { SpanContext } from '../../trace/ambient.ts'
import type { Span } from '../../trace/span.ts'
import { untraced } from '../../trace/tracer.ts'
import type { Keyed, RequestScope, ValueOf } from '../part.ts'
import type * as parts from '../parts.ts'
import type { Callees } from '../parts/calls.ts'

/** The values of the parts on the context, under the parts' names. */
type PartValues = {
  readonly [Name in keyof Parts as [ValueOf<Parts[Name]>] extends [never] ? never : Name]: ValueOf<Parts[Name]>
}
type Parts = typeof parts

/**
 * What a handler gets: the checked input, and everything it may use, bound to the request. Without type arguments it is that
 * of any handler: a function that makes calls names the contracts that it calls.
 *
 * @example
 * async function isKnown({ clients }: Context<Operation, { users: typeof userService }>, id: number): Promise<boolean>
 */
export interface Context<Op extends Operation = Operation, Others extends Callees = {}>
  extends SpanContext, PartValues {
  readonly params: ParamsOf<Op>
  readonly query: QueryOf<Op>
  readonly headers: HeadersOf<Op>
  readonly body: BodyOf<Op>
  /** The service's database; statements end with the request. */
  readonly db: Database
  /** The other services; calls end with the request. */
  readonly clients: { readonly [Name in keyof Others]: Client<Others[Name]> }
  /** What traces tell of this request; statements and calls are under it. */
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
   * Names this call of an operation that is `idempotent: 'by key'`, the same at each attempt of its caller; others have
   * others. Give it to what can do something once for a key. Undefined without the header `idempotency-key`.
   */
  readonly idempotencyKey: string | undefined
  /** Fastify's request. */
  readonly request: FastifyRequest
}

/** Makes the context of a request. */
export type ContextClass = new (
  operation: string,
  request: FastifyRequest,
  reply: FastifyReply,
  deadline: Deadline,
  span?: Span,
) => RequestContext

/** The values that contexts offer, by name; each is made when it is first read. */
export type ContextValues = readonly (readonly [name: string, make: (scope: RequestScope) => unknown])[]

/** W3C Baggage, 3.3: so many bytes have to be passed on. https://www.w3.org/TR/baggage/#limits */
const mostBaggage = 8192

/** A `Context`: one small object a request; what a handler does not touch is never made. */
export class RequestContext implements RequestScope {
  readonly params: RequestScope['params']
  readonly query: RequestScope['query']
  readonly headers: RequestScope['headers']
  readonly body: unknown
  readonly deadline: Deadline
  readonly request: FastifyRequest
  readonly operation: string
  readonly span: Span
  declare readonly log: Logger
  declare readonly db: Database
  readonly #reply: FastifyReply
  /** The values that have been made, in the order of the class's values. */
  #made: unknown[] | undefined
  #cancellation: Cancellation | undefined
  #isLate = false
  /** Of a context with another span: the request's own. */
  #own: RequestContext | undefined
  #keyed: Keyed | undefined

  constructor(
    operation: string,
    request: FastifyRequest,
    reply: FastifyReply,
    deadline: Deadline,
    span: Span = request.span ?? untraced,
  ) {
    this.params = request.params as RequestScope['params']
    this.query = request.query as RequestScope['query']
    this.headers = request.headers
    this.body = request.body
    this.deadline = deadline
    this.request = request
    this.operation = operation
    this.span = span
    this.#reply = reply
  }

  /** Compiles the class of a service's contexts: a getter for each value. */
  static with(values: ContextValues, { passesBaggage }: { readonly passesBaggage: boolean }): ContextClass {
    class ServiceContext extends RequestContext {
      protected override get passesBaggage(): boolean {
        return passesBaggage
      }
    }
    const unmade: readonly unknown[] = values.map(() => undefined)
    for (const [i, [name, make]] of values.entries()) {
      Object.defineProperty(ServiceContext.prototype, name, {
        enumerable: true,
        get(this: RequestContext): unknown {
          const made = (this.#made ??= [...unmade])
          return (made[i] ??= make(this))
        },
      })
    }
    return ServiceContext
  }

  get region(): string | undefined {
    const region = this.request.headers['x-region']
    return typeof region === 'string' && region !== '' ? region : undefined
  }

  /** Whether calls carry on the `baggage` of the request. */
  protected get passesBaggage(): boolean {
    return false
  }

  /** What travels with the calls that the request causes, besides its trace: its id and its baggage. */
  propagate(headers: Record<string, string>): void {
    headers['x-request-id'] = this.request.id
    const { baggage } = this.request.headers
    if (typeof baggage === 'string' && this.passesBaggage && baggage.length <= mostBaggage) {
      headers['baggage'] = baggage
    }
  }

  /** A header that came with it; for the calls that are to pass it on. */
  received(name: string): string | undefined {
    const value = this.request.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  /** What it has, when it is handled once for its key. */
  get keyed(): Keyed | undefined {
    const own = this.#own ?? this
    return own.#keyed
  }

  set keyed(keyed: Keyed) {
    this.#keyed = keyed
    this.#made = undefined // what was made before knows nothing of the key
  }

  get idempotencyKey(): string | undefined {
    return this.keyed?.idempotencyKey
  }

  withSpan(span: Span): this {
    const own = this.#own ?? this
    const Class = this.constructor as ContextClass
    const inner = new Class(this.operation, this.request, this.#reply, this.deadline, span)
    inner.#own = own
    return inner as this
  }

  get signal(): AbortSignal {
    return this.cancellation.signal
  }

  /** Tells what works for the request when the caller hangs up or the deadline is past. */
  get cancellation(): Cancellation {
    if (this.#own) return this.#own.cancellation
    return (this.#cancellation ??= this.#watch())
  }

  /** The deadline is past: for what works for the request, and for what begins to. */
  expire(): void {
    this.#isLate = true
    this.#cancellation?.end(tooLate())
  }

  #watch(): Cancellation {
    const cancellation = new Cancellation()
    const { raw } = this.#reply
    if (this.#isLate) cancellation.end(tooLate())
    else if (raw.destroyed) cancellation.end(hungUp())
    else raw.once('close', () => raw.writableFinished || cancellation.end(hungUp()))
    return cancellation
  }
}

/** Why a request is over before its answer: what it was doing fails with this. */
function tooLate(): HttpError {
  return new GatewayTimeout('the deadline is past')
}

/** 499 is Nginx's status for a caller that hung up; nobody is there to see it but the log. */
function hungUp(): HttpError {
  return new HttpError(499, 'the caller hung up', { message: 'Client Closed Request' })
}
