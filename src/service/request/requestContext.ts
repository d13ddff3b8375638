import type { FastifyReply, FastifyRequest } from 'fastify'
import { HttpError } from '../../contract/httpError.ts'
import { openRequestOf } from '../../http/inFlight/inFlight.ts'
import { ResponseDraft } from '../../http/operation/responseDraft.ts'
import { Cancellation } from '../../resilience/cancellation.ts'
import type { Deadline } from '../../time/deadline.ts'
import type { Span } from '../../trace/span.ts'
import { untraced } from '../../trace/tracer.ts'
import type { Keyed, RequestScope } from '../part.ts'
import { BaseContext, type ContextValues, type DetachedOptions, type WorkTracker } from './baseContext.ts'
import { forwardHeader, regionOf } from './forwardedHeaders.ts'
import { pastDeadline } from './pastDeadline.ts'
import { isThenable } from './thenable.ts'

/** The class of request contexts. */
export type ContextClass = new (
  operation: string,
  request: FastifyRequest,
  reply: FastifyReply,
  deadline: Deadline,
  span?: Span,
) => RequestContext

/** A `Context`: one small object a request. Values that a handler does not read are never created. */
export class RequestContext extends BaseContext implements RequestScope {
  readonly params: RequestScope['params']
  readonly query: RequestScope['query']
  readonly headers: RequestScope['headers']
  readonly body: unknown
  readonly request: FastifyRequest
  readonly #reply: FastifyReply
  #cancellation: Cancellation | undefined
  #late: HttpError | undefined
  /** The request's own context, of a copy with another span. */
  #own: RequestContext | undefined
  #keyed: Keyed | undefined
  /** The handler's result. */
  #handled: unknown
  #hasDetached = false

  constructor(
    operation: string,
    request: FastifyRequest,
    reply: FastifyReply,
    deadline: Deadline,
    span: Span = request.span ?? untraced,
  ) {
    super(operation, deadline, span)
    this.params = request.params as RequestScope['params']
    this.query = request.query as RequestScope['query']
    this.headers = request.headers
    this.body = request.body
    this.request = request
    this.#reply = reply
  }

  /** Compiles the class of a service's contexts. */
  static with(
    values: ContextValues,
    { forwardsBaggage }: { readonly forwardsBaggage: boolean },
    workTracker: WorkTracker,
  ): ContextClass {
    class ServiceContext extends RequestContext {
      protected override get forwardsBaggage(): boolean {
        return forwardsBaggage
      }

      protected override get workTracker(): WorkTracker {
        return workTracker
      }
    }
    BaseContext.define(ServiceContext, values)
    return ServiceContext
  }

  /** What the handler sets on the response. */
  get response(): ResponseDraft {
    const open = openRequestOf(this.#reply)
    return (open.response ??= new ResponseDraft(open.operation!.spec, this.request))
  }

  /** The cookies that the contract names. */
  get cookies(): Readonly<Record<string, string | undefined>> {
    const { cookies, codec } = openRequestOf(this.#reply).operation!.spec
    return codec ? codec.read(this.request.headers.cookie, cookies, codec.signer) : {}
  }

  get region(): string | undefined {
    return regionOf(this.request.headers)
  }

  protected get workTracker(): WorkTracker {
    throw new TypeError('this context belongs to no service')
  }

  /** Whether calls forward the `baggage` of the request. */
  protected get forwardsBaggage(): boolean {
    return false
  }

  /** Adds the headers that the request's calls forward, apart from the trace: request ID and baggage. */
  propagate(headers: Record<string, string>): void {
    headers['x-request-id'] = this.request.id
    if (this.forwardsBaggage) forwardHeader('baggage', this.request.headers, headers)
  }

  /** Returns a header of the request, for calls that forward it. */
  received(name: string): string | undefined {
    const value = this.request.headers[name]
    return typeof value === 'string' ? value : undefined
  }

  /** Set when the request is handled once for its key. */
  get keyed(): Keyed | undefined {
    const own = this.#own ?? this
    return own.#keyed
  }

  set keyed(keyed: Keyed) {
    this.#keyed = keyed
    this.forgetMade() // values created before do not know the key
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

  /** Notes the handler's result. If it has detached work, the drain waits until the result settles. */
  handled(value: unknown): void {
    this.#handled = value
    if (this.#hasDetached) this.#track()
  }

  override detached(options: DetachedOptions): BaseContext {
    const own = this.#own ?? this
    if (!own.#hasDetached) {
      own.#hasDetached = true
      own.#track()
    }
    return super.detached(options)
  }

  get signal(): AbortSignal {
    return this.cancellation.signal
  }

  /** Cancels the request's work when the caller hangs up or the deadline is past. */
  get cancellation(): Cancellation {
    if (this.#own) return this.#own.cancellation
    return (this.#cancellation ??= this.#watch())
  }

  /** Cancels current and later work at the deadline. Returns the error of the request. */
  expire(): HttpError {
    const error = pastDeadline(this.operation, this.#cancellation)
    this.#late = error
    this.#cancellation?.end(error)
    return error
  }

  #track(): void {
    if (isThenable(this.#handled)) this.workTracker.track(this.operation, this.#handled)
  }

  #watch(): Cancellation {
    const cancellation = new Cancellation()
    const { raw } = this.#reply
    // Work that nothing has awaited goes on after the response: whether it was begun before or not, it is not cancelled.
    const checkHungUp = (): void => void (raw.writableFinished || cancellation.end(hungUp()))
    if (this.#late) cancellation.end(this.#late)
    else if (raw.destroyed) checkHungUp()
    else raw.once('close', checkHungUp)
    return cancellation
  }
}

/** 499 is Nginx's status for a caller that hung up. Only the log shows it. */
function hungUp(): HttpError {
  return new HttpError(499, 'the caller hung up', { message: 'Client Closed Request' })
}
