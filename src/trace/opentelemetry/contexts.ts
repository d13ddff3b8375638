import type { Context, ContextManager, Span as OtelSpan } from '@opentelemetry/api'
import { ambient, type SpanScope } from '../ambient.ts'
import { recordOf } from '../recordOf.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { Api } from './api.ts'
import { ApiSpan } from './apiSpan.ts'

/** A scope that code of another library has opened through the API. */
interface ApiScope extends SpanScope {
  readonly context: Context
}

/** OpenTelemetry's contexts over what is ambient: one `AsyncLocalStorage` for both, and no context until one is asked for. */
export class AmbientContexts implements ContextManager {
  readonly #api: Api
  readonly #ofScope = new WeakMap<SpanScope, Context>()
  readonly #ofSpan = new WeakMap<SpanRecord, ApiSpan>()

  constructor(api: Api) {
    this.#api = api
  }

  active(): Context {
    const scope: (SpanScope & Partial<ApiScope>) | undefined = ambient.scope
    if (!scope) return this.#api.ROOT_CONTEXT
    if (scope.context) return scope.context
    let context = this.#ofScope.get(scope)
    if (!context) {
      context = this.#api.trace.setSpan(this.#api.ROOT_CONTEXT, this.apiSpan(recordOf(scope.span)))
      this.#ofScope.set(scope, context)
    }
    return context
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return ambient.run(this.#scopeOf(context), () => fn.call(thisArg, ...args))
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target
    const fn = target as unknown as (this: unknown, ...args: unknown[]) => unknown
    const run = (self: unknown, args: unknown[]): unknown => this.with(context, () => fn.apply(self, args))
    return function (this: unknown, ...args: unknown[]) {
      return run(this, args)
    } as T
  }

  enable(): this {
    ambient.want()
    return this
  }

  disable(): this {
    return this
  }

  /** One of ours for the API; the same one each time. */
  apiSpan(span: SpanRecord): ApiSpan {
    const known = this.#ofSpan.get(span) ?? new ApiSpan(span)
    this.#ofSpan.set(span, known)
    return known
  }

  /** The span of ours that a context has. */
  ownSpan(context: Context): SpanRecord | undefined {
    const span: OtelSpan | undefined = this.#api.trace.getSpan(context)
    return span instanceof ApiSpan ? span.own : undefined
  }

  /** Under a context without a span of ours, plain functions are not traced: nobody here knows its trace. */
  #scopeOf(context: Context): SpanScope | undefined {
    const span = this.ownSpan(context)
    const { log } = ambient.scope ?? {}
    return { context, span, log } as ApiScope
  }
}
