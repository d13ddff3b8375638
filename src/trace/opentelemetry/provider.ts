import type {
  Context,
  Span as OtelSpan,
  SpanOptions,
  Tracer as OtelTracer,
  TracerOptions,
  TracerProvider,
} from '@opentelemetry/api'
import { parseTraceParent } from '../propagation/w3c.ts'
import { spanShape, type SpanKind, type SpanShape } from '../shape.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { Tracer } from '../tracer.ts'
import type { Api } from './api.ts'
import { defined } from './apiSpan.ts'
import type { AmbientContexts } from './contexts.ts'
import { monotonic } from './time.ts'
import { randomFlag, sampledFlag } from '../flags.ts'

/** Indexed by `SpanKind` of the API. */
const kinds: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer']
/** The most span names per library whose shapes are cached; names should be few. */
const mostShapes = 500

/** Provides tricube's spans to code that uses OpenTelemetry's API. */
export class ApiTracerProvider implements TracerProvider {
  readonly #api: Api
  readonly #contexts: AmbientContexts
  /** Starts traces outside of requests. */
  readonly #tracer: () => Tracer

  constructor(api: Api, contexts: AmbientContexts, tracer: () => Tracer) {
    this.#api = api
    this.#contexts = contexts
    this.#tracer = tracer
  }

  getTracer(name: string, _version?: string, _options?: TracerOptions): OtelTracer {
    const shapes = new Map<string, SpanShape>()
    const startSpan: OtelTracer['startSpan'] = (spanName, options = {}, context = this.#contexts.active()) =>
      this.#contexts.apiSpan(this.#start(shapeOf(shapes, name, spanName, options), options, context))
    const { trace, context: contexts } = this.#api
    return {
      startSpan,
      startActiveSpan(spanName: string, ...rest: unknown[]) {
        const fn = rest.pop() as (span: OtelSpan) => unknown
        const [options = {}, context = contexts.active()] = rest as [SpanOptions?, Context?]
        const span = startSpan(spanName, options, context)
        return contexts.with(trace.setSpan(context, span), fn, undefined, span)
      },
    }
  }

  #start(shape: SpanShape, { startTime, attributes, links = [], root }: SpanOptions, context: Context): SpanRecord {
    const span = this.#begin(shape, monotonic(startTime), root ? this.#api.ROOT_CONTEXT : context)
    for (const [key, value] of Object.entries(defined(attributes ?? {}))) span.set(key, value)
    this.#contexts.apiSpan(span).addLinks(links)
    return span
  }

  #begin(shape: SpanShape, at: number, context: Context): SpanRecord {
    const parent = this.#contexts.ownSpan(context)
    if (parent) return parent.child(shape, at)
    const remote = this.#api.trace.getSpanContext(context)
    const believed =
      remote &&
      parseTraceParent(`00-${remote.traceId}-${remote.spanId}-0${remote.traceFlags & (sampledFlag | randomFlag)}`)
    return believed ? this.#tracer().under(believed, shape, at) : this.#tracer().root(shape, at)
  }
}

function shapeOf(shapes: Map<string, SpanShape>, scope: string, name: string, { kind = 0 }: SpanOptions): SpanShape {
  const key = `${kind} ${name}`
  const known = shapes.get(key)
  if (known) return known
  const shape = spanShape(name, { kind: kinds[kind] ?? 'internal', attributes: { 'otel.scope.name': scope } })
  if (shapes.size < mostShapes) shapes.set(key, shape)
  return shape
}
