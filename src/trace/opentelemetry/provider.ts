import type {
  Context,
  Span as OtelSpan,
  SpanOptions,
  Tracer as OtelTracer,
  TracerOptions,
  TracerProvider,
} from '@opentelemetry/api'
import { parseTraceParent } from '../propagation/w3c.ts'
import { spanTemplate, type SpanKind, type SpanTemplate } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { Tracer } from '../tracer.ts'
import type { Api } from './api.ts'
import { defined } from './apiSpan.ts'
import type { AmbientContexts } from './contexts.ts'
import { monotonic } from './time.ts'
import { randomFlag, sampledFlag } from '../flags.ts'

/** Indexed by `SpanKind` of the API. */
const kinds: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer']
/** The most span names per library whose templates are cached; names should be few. */
const mostTemplates = 500

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
    const templates = new Map<string, SpanTemplate>()
    const startSpan: OtelTracer['startSpan'] = (spanName, options = {}, context = this.#contexts.active()) =>
      this.#contexts.apiSpan(this.#start(templateOf(templates, name, spanName, options), options, context))
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

  #start(
    template: SpanTemplate,
    { startTime, attributes, links = [], root }: SpanOptions,
    context: Context,
  ): SpanRecord {
    const span = this.#begin(template, monotonic(startTime), root ? this.#api.ROOT_CONTEXT : context)
    for (const [key, value] of Object.entries(defined(attributes ?? {}))) span.set(key, value)
    this.#contexts.apiSpan(span).addLinks(links)
    return span
  }

  #begin(template: SpanTemplate, at: number, context: Context): SpanRecord {
    const parent = this.#contexts.ownSpan(context)
    if (parent) return parent.child(template, at)
    const remote = this.#api.trace.getSpanContext(context)
    const believed =
      remote &&
      parseTraceParent(`00-${remote.traceId}-${remote.spanId}-0${remote.traceFlags & (sampledFlag | randomFlag)}`)
    return believed ? this.#tracer().under(believed, template, at) : this.#tracer().root(template, at)
  }
}

function templateOf(
  templates: Map<string, SpanTemplate>,
  scope: string,
  name: string,
  { kind = 0 }: SpanOptions,
): SpanTemplate {
  const key = `${kind} ${name}`
  const known = templates.get(key)
  if (known) return known
  const template = spanTemplate(name, { kind: kinds[kind] ?? 'internal', attributes: { 'otel.scope.name': scope } })
  if (templates.size < mostTemplates) templates.set(key, template)
  return template
}
