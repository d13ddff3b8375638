import { random32, type Random32 } from './ids.ts'
import { hasIds, type RemoteParent } from './propagation/remoteParent.ts'
import { usualPropagator } from './propagation/propagators.ts'
import type { IncomingHeaders, Propagator } from './propagation/propagator.ts'
import { never, type TraceSampler } from './sampler.ts'
import { spanTemplate, type SpanTemplate } from './spanTemplate.ts'
import { nowhere, type Sink } from './sink.ts'
import { SpanRecord, Trace, type SpanOwner } from './spanRecord.ts'

/** The conditions for keeping a trace that was not sampled, checked at its end in this process. */
export interface KeepOptions {
  /** One of its spans has failed. */
  readonly errors?: boolean
  /** Its first span took at least this many milliseconds. */
  readonly slowerThanMs?: number
}

/** Options of a tracer. */
export interface TracerOptions {
  readonly sink: Sink
  readonly sampler: TraceSampler
  readonly propagator?: Propagator
  /** Whether callers are untrusted; their trace then becomes a link of a new one. */
  readonly edge?: boolean
  readonly keep?: KeepOptions | undefined
  readonly random?: Random32
}

/** Starts spans and passes those that have ended to a sink. */
export class Tracer implements SpanOwner {
  readonly sink: Sink
  readonly propagator: Propagator
  readonly #sampler: TraceSampler
  readonly #edge: boolean
  readonly #holds: boolean
  readonly #keepsErrors: boolean
  readonly #slowMs: number
  readonly #random: Random32

  constructor({
    sink,
    sampler,
    propagator = usualPropagator,
    edge = false,
    keep = {},
    random = random32,
  }: TracerOptions) {
    this.sink = sink
    this.propagator = propagator
    this.#sampler = sampler
    this.#edge = edge
    this.#keepsErrors = keep.errors ?? false
    this.#slowMs = keep.slowerThanMs ?? Number.POSITIVE_INFINITY
    this.#holds = this.#keepsErrors || this.#slowMs < Number.POSITIVE_INFINITY
    this.#random = random
  }

  /** Starts the first span of a request, under its caller's or in a new trace. */
  request(template: SpanTemplate, headers: IncomingHeaders, startedAt: number): SpanRecord {
    const parent = this.propagator.extract(headers)
    if (parent === undefined) return this.root(template, startedAt)
    if (this.#edge) return this.root(template, startedAt, undefined, hasIds(parent) ? parent : undefined)
    return hasIds(parent) ? this.under(parent, template, startedAt) : this.root(template, startedAt, parent.isSampled)
  }

  /** Starts the first span of a new trace. */
  root(template: SpanTemplate, startedAt: number, decision?: boolean, link?: RemoteParent): SpanRecord {
    const random = this.#random
    const id2 = random()
    const id3 = random() || 1
    const isSampled = this.#sampler.isSampled(decision, id2, id3, startedAt)
    const trace = new Trace(this, random(), random(), id2, id3, isSampled, true, this.#holds, undefined, link)
    return (trace.first = this.#span(trace, template, 0, 0, startedAt))
  }

  /** Starts the first span here of a trace that began elsewhere. */
  under(parent: RemoteParent, template: SpanTemplate, startedAt: number): SpanRecord {
    const { trace0, trace1, trace2, trace3, isRandom, state } = parent
    const isSampled = this.#sampler.isSampled(parent.isSampled, trace2, trace3, startedAt)
    const trace = new Trace(this, trace0, trace1, trace2, trace3, isSampled, isRandom, this.#holds, state, undefined)
    return (trace.first = this.#span(trace, template, parent.span0, parent.span1, startedAt))
  }

  /** Starts a child of a span in this process. */
  child(parent: SpanRecord, template: SpanTemplate, startedAt: number): SpanRecord {
    return this.#span(parent.trace, template, parent.id0, parent.id1, startedAt)
  }

  /** Injects a span into the headers of a call. */
  inject(span: SpanRecord, headers: Record<string, string>): void {
    this.propagator.inject(span, headers)
  }

  /** Handles a span that has ended. */
  ended(span: SpanRecord): void {
    const { trace } = span
    if (!trace.isRecorded) return
    if (trace.held === undefined) this.sink.add(span)
    else this.#hold(span, trace.held)
  }

  #span(trace: Trace, template: SpanTemplate, parent0: number, parent1: number, startedAt: number): SpanRecord {
    const random = this.#random
    return new SpanRecord(trace, template, random(), random() || 1, parent0, parent1, startedAt)
  }

  /** Decides at the end of the first span whether to keep a trace that was not sampled. */
  #hold(span: SpanRecord, held: SpanRecord[]): void {
    const { trace } = span
    if (held.length < mostHeld) held.push(span)
    else this.sink.drop(1)
    if (span !== trace.first) return
    trace.held = undefined
    trace.isRecorded = (this.#keepsErrors && trace.hasFailed) || span.endedAt - span.startedAt >= this.#slowMs
    if (trace.isRecorded) for (const one of held) this.sink.add(one)
  }
}

const mostHeld = 512

/**
 * Records nothing and is transparent: calls forward the caller's span and decision. Without a caller they forward nothing,
 * so that the services behind decide for themselves.
 */
export class SilentTracer extends Tracer {
  readonly #isKnown = new WeakSet<Trace>()
  readonly #edge: boolean

  constructor({ edge = false, ...options }: Pick<TracerOptions, 'propagator' | 'edge'> = {}) {
    super({ sink: nowhere, sampler: never, ...options })
    this.#edge = edge
  }

  override request(template: SpanTemplate, headers: IncomingHeaders, startedAt: number): SpanRecord {
    const parent = this.#edge ? undefined : this.propagator.extract(headers)
    return parent && hasIds(parent) ? this.under(parent, template, startedAt) : untraced
  }

  override under(parent: RemoteParent, template: SpanTemplate, startedAt: number): SpanRecord {
    const { trace0, trace1, trace2, trace3, span0, span1, isSampled = false, isRandom, state } = parent
    const trace = new Trace(this, trace0, trace1, trace2, trace3, isSampled, isRandom, false, state, undefined)
    trace.isRecorded = false
    this.#isKnown.add(trace)
    return new SpanRecord(trace, template, span0, span1, 0, 0, startedAt)
  }

  override child(parent: SpanRecord): SpanRecord {
    return parent
  }

  override inject(span: SpanRecord, headers: Record<string, string>): void {
    if (this.#isKnown.has(span.trace)) super.inject(span, headers)
  }
}

/** The span of a request that is not traced. */
export const untraced: SpanRecord = new SilentTracer().root(spanTemplate('untraced'), 0)
