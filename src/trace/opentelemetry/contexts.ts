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

/** Maps OpenTelemetry's contexts to the ambient scope: one `AsyncLocalStorage` for both, and contexts on demand. */
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

  /** Returns the context of a span of tricube for the API; always the same one. */
  apiSpan(span: SpanRecord): ApiSpan {
    const known = this.#ofSpan.get(span) ?? new ApiSpan(span)
    this.#ofSpan.set(span, known)
    return known
  }

  /** Returns tricube's span of a context. */
  ownSpan(context: Context): SpanRecord | undefined {
    const span: OtelSpan | undefined = this.#api.trace.getSpan(context)
    return span instanceof ApiSpan ? span.own : undefined
  }

  /** A context without a span of tricube has an unknown trace, so plain functions are not traced in it. */
  #scopeOf(context: Context): SpanScope | undefined {
    const span = this.ownSpan(context)
    const { log } = ambient.scope ?? {}
    return { context, span, log } as ApiScope
  }
}
