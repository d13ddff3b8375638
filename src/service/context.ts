import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, ClientClass, KeyedCaller } from '../client/call.ts'
import type { Client } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import { GatewayTimeout, HttpError } from '../contract/errors.ts'
import type { BodyOf, HeadersOf, Operation, ParamsOf, QueryOf } from '../contract/operation.ts'
import { fieldsOf } from '../http/requestLog.ts'
import type { Logger } from '../log/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { Cancellation } from '../resilience/cancellation.ts'
import type { Deadline } from '../resilience/deadline.ts'
import type { Database } from '../sql/index.ts'
import type { SpanContext } from '../trace/ambient.ts'
import type { Span } from '../trace/span.ts'
import { untraced } from '../trace/tracer.ts'

/** The contracts of other services, under the names that handlers know them by. */
export type Callees = Readonly<Record<string, Contract>>

/** What a handler gets: the checked input, and everything it may use, bound to the request. */
export interface Context<Op extends Operation = Operation, Others extends Callees = Callees> extends SpanContext {
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

/** What the contexts of a service share. */
export interface Runtime {
  readonly log: Logger
  readonly metrics: Metrics
  readonly db: Database | undefined
  readonly Clients: new (caller: Caller) => object
  /** Whether calls carry on the `baggage` of the request. */
  readonly passesBaggage: boolean
}

/** What a request has that is handled once for its key. */
export interface Keyed extends KeyedCaller {
  readonly idempotencyKey: string
  readonly db: Database
}

/** W3C Baggage, 3.3: so many bytes have to be passed on. https://www.w3.org/TR/baggage/#limits */
const mostBaggage = 8192

/** A `Context`: one small object a request; what a handler does not touch is never made. */
export class RequestContext implements Caller, SpanContext {
  readonly params: unknown
  readonly query: unknown
  readonly headers: unknown
  readonly body: unknown
  readonly deadline: Deadline
  readonly request: FastifyRequest
  readonly span: Span
  readonly #runtime: Runtime
  readonly #operation: string
  readonly #reply: FastifyReply
  #db: Database | undefined
  #clients: object | undefined
  #log: Logger | undefined
  #cancellation: Cancellation | undefined
  #isLate = false
  #keyed: Keyed | undefined
  /** Of a context with another span: the request's own. */
  #own: RequestContext | undefined

  constructor(
    runtime: Runtime,
    operation: string,
    request: FastifyRequest,
    reply: FastifyReply,
    deadline: Deadline,
    span: Span = request.span ?? untraced,
  ) {
    this.params = request.params
    this.query = request.query
    this.headers = request.headers
    this.body = request.body
    this.deadline = deadline
    this.request = request
    this.span = span
    this.#runtime = runtime
    this.#operation = operation
    this.#reply = reply
  }

  get region(): string | undefined {
    const region = this.request.headers['x-region']
    return typeof region === 'string' && region !== '' ? region : undefined
  }

  /** What travels with the calls that the request causes, besides its trace: its id and its baggage. */
  propagate(headers: Record<string, string>): void {
    headers['x-request-id'] = this.request.id
    const { baggage } = this.request.headers
    if (typeof baggage === 'string' && this.#runtime.passesBaggage && baggage.length <= mostBaggage) {
      headers['baggage'] = baggage
    }
  }

  /** A header that came with it; for the calls that are to pass it on. */
  received(name: string): string | undefined {
    const value = this.request.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  withSpan(span: Span): RequestContext {
    const own = this.#own ?? this
    const inner = new RequestContext(this.#runtime, this.#operation, this.request, this.#reply, this.deadline, span)
    inner.#own = own
    return inner
  }

  get db(): Database {
    const { keyed } = this
    if (keyed) return keyed.db
    const { db } = this.#runtime
    if (!db) throw new TypeError('this service has no database: give it models or migrations, or set DATABASE_URL')
    return (this.#db ??= db.forRequest(this))
  }

  /** What it is, when it is to run once for its key. */
  get keyed(): Keyed | undefined {
    const own = this.#own ?? this
    return own.#keyed
  }

  set keyed(keyed: Keyed) {
    this.#keyed = keyed
  }

  get idempotencyKey(): string | undefined {
    return this.keyed?.idempotencyKey
  }

  get clients(): object {
    return (this.#clients ??= new this.#runtime.Clients(this))
  }

  get log(): Logger {
    return (this.#log ??= this.#runtime.log.child(fieldsOf(this.request, this.span)))
  }

  get metrics(): Metrics {
    return this.#runtime.metrics
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

const callerKey = Symbol('caller')

/** Compiles the clients into one class with a getter for each: `clients.roles` costs an object, when it is used. */
export function clientsClass(classes: Readonly<Record<string, ClientClass<Contract>>>): Runtime['Clients'] {
  class Clients {
    readonly [callerKey]: Caller
    constructor(caller: Caller) {
      this[callerKey] = caller
    }
  }
  for (const [name, BoundClient] of Object.entries(classes)) {
    Object.defineProperty(Clients.prototype, name, {
      enumerable: true,
      get(this: Clients) {
        return new BoundClient(this[callerKey])
      },
    })
  }
  return Clients
}
