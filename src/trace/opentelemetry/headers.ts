import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from '@opentelemetry/api'
import { spanIdText, traceIdText } from '../ids.ts'
import { hasIds } from '../propagation/remoteParent.ts'
import type { Tracer } from '../tracer.ts'
import type { Api } from './api.ts'
import type { AmbientContexts } from './contexts.ts'
import { randomFlag, sampledFlag } from '../flags.ts'

const fields = ['traceparent', 'tracestate', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled']

/** Makes a service's propagators available to code that propagates by OpenTelemetry's API. */
export class ApiPropagator implements TextMapPropagator {
  readonly #api: Api
  readonly #contexts: AmbientContexts
  readonly #tracer: () => Tracer

  constructor(api: Api, contexts: AmbientContexts, tracer: () => Tracer) {
    this.#api = api
    this.#contexts = contexts
    this.#tracer = tracer
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    const span = this.#contexts.ownSpan(context)
    if (!span) return
    const headers: Record<string, string> = {}
    span.trace.tracer.inject(span, headers)
    for (const [name, value] of Object.entries(headers)) setter.set(carrier, name, value)
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const headers: Record<string, string> = {}
    for (const name of [...fields, 'x-b3-flags']) {
      const value = getter.get(carrier, name)
      if (value !== undefined) headers[name] = String(value)
    }
    const parent = this.#tracer().propagator.extract(headers)
    if (!parent || !hasIds(parent)) return context
    const { trace0, trace1, trace2, trace3, span0, span1, isSampled, isRandom } = parent
    return this.#api.trace.setSpanContext(context, {
      traceId: traceIdText(trace0, trace1, trace2, trace3),
      spanId: spanIdText(span0, span1),
      traceFlags: (isSampled ? sampledFlag : 0) | (isRandom ? randomFlag : 0),
      isRemote: true,
    })
  }

  fields(): string[] {
    return fields
  }
}
