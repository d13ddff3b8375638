import type { Context, Span as OtelSpan, Tracer as OtelTracer } from '@opentelemetry/api'
import { ambient } from '../ambient.ts'
import { attributesOf } from '../export/otlp.ts'
import { parseHex32 } from '../ids.ts'
import type { IncomingHeaders } from '../propagation/propagator.ts'
import type { RemoteParent } from '../propagation/remoteParent.ts'
import { never } from '../sampler.ts'
import { spanKinds, type SpanTemplate } from '../spanTemplate.ts'
import { nowhere } from '../sink.ts'
import { recordOf } from '../recordOf.ts'
import { SpanRecord, Trace } from '../spanRecord.ts'
import { randomFlag, sampledFlag } from '../flags.ts'
import { Tracer } from '../tracer.ts'
import type { Api } from './api.ts'
import { hrTime } from './time.ts'

/** Sends spans to the SDK that the application registered: its sampler, propagators, exporters and context. */
export class SdkTracer extends Tracer {
  readonly #api: Api
  readonly #sdk: OtelTracer
  readonly #sdkSpans = new WeakMap<SpanRecord, OtelSpan>()
  readonly #edge: boolean

  /** At the `edge`, trace headers of callers are not read. */
  constructor(api: Api, { edge }: { readonly edge: boolean }) {
    super({ sink: nowhere, sampler: never })
    this.#api = api
    this.#edge = edge
    this.#sdk = api.trace.getTracer('tricube')
    ambient.want((scope, fn) => api.context.with(this.#contextOf(recordOf(scope.span)), fn))
  }

  override request(template: SpanTemplate, headers: IncomingHeaders, startedAt: number): SpanRecord {
    if (this.#edge) return this.root(template, startedAt)
    return this.#first(template, startedAt, this.#api.propagation.extract(this.#api.ROOT_CONTEXT, headers))
  }

  override root(template: SpanTemplate, startedAt: number): SpanRecord {
    return this.#first(template, startedAt, this.#api.ROOT_CONTEXT)
  }

  override under(_parent: RemoteParent, template: SpanTemplate, startedAt: number): SpanRecord {
    return this.#first(template, startedAt, this.#api.context.active())
  }

  override child(parent: SpanRecord, template: SpanTemplate, startedAt: number): SpanRecord {
    const theirs = this.#start(template, startedAt, this.#contextOf(parent))
    return this.#own(theirs, parent.trace, template, startedAt)
  }

  override inject(span: SpanRecord, headers: Record<string, string>): void {
    this.#api.propagation.inject(this.#contextOf(span), headers)
  }

  override ended(span: SpanRecord): void {
    const theirs = this.#sdkSpans.get(span)
    if (!theirs) return
    const { details, errorType, endedAt } = span
    if (details?.name !== undefined) theirs.updateName(details.name)
    theirs.setAttributes(attributesOf(span))
    for (const { name, attributes, at } of details?.events ?? []) {
      theirs.addEvent(name, attributes, hrTime(at))
    }
    if (errorType !== undefined) theirs.setStatus({ code: this.#api.SpanStatusCode.ERROR })
    theirs.end(hrTime(endedAt))
  }

  #first(template: SpanTemplate, startedAt: number, context: Context): SpanRecord {
    const theirs = this.#start(template, startedAt, context)
    const { traceId, traceFlags } = theirs.spanContext()
    const [id0, id1, id2, id3] = [0, 8, 16, 24].map((at) => parseHex32(traceId, at)) as [number, number, number, number]
    const isSampled = (traceFlags & sampledFlag) !== 0
    const isRandom = (traceFlags & randomFlag) !== 0
    const trace = new Trace(this, id0, id1, id2, id3, isSampled, isRandom, false, undefined, undefined)
    trace.isRecorded = theirs.isRecording()
    return (trace.first = this.#own(theirs, trace, template, startedAt))
  }

  #start({ name, kind, attributes }: SpanTemplate, startedAt: number, context: Context): OtelSpan {
    const options = { kind: spanKinds[kind] - 1, attributes: attributes as Record<string, string> }
    return this.#sdk.startSpan(name, { ...options, startTime: hrTime(startedAt) }, context)
  }

  #own(theirs: OtelSpan, trace: Trace, template: SpanTemplate, startedAt: number): SpanRecord {
    const { spanId } = theirs.spanContext()
    const span = new SpanRecord(trace, template, parseHex32(spanId, 0), parseHex32(spanId, 8), 0, 0, startedAt)
    this.#sdkSpans.set(span, theirs)
    return span
  }

  #contextOf(span: SpanRecord): Context {
    const theirs = this.#sdkSpans.get(span)
    return theirs ? this.#api.trace.setSpan(this.#api.ROOT_CONTEXT, theirs) : this.#api.ROOT_CONTEXT
  }
}
