import { performance } from 'node:perf_hooks' // the global one is a getter, a fifth of the price of the time
import { errorTypeOf } from './errorType.ts'
import { randomFlag, sampledFlag } from './flags.ts'
import { spanIdText, traceIdText } from './ids.ts'
import type { RemoteParent } from './propagation/remoteParent.ts'
import type { Attributes, AttributeValue, SpanTemplate } from './spanTemplate.ts'
import type { Span, SpanEvent, SpanLink } from './span.ts'

/** A span in this process: a record of numbers, from which exporters make text. */
export class SpanRecord implements Span {
  readonly trace: Trace
  readonly template: SpanTemplate
  /** The id, its higher 32 bits first. */
  readonly id0: number
  readonly id1: number
  /** The parent's id; both 0 without a parent. */
  readonly parent0: number
  readonly parent1: number
  /** Milliseconds on the clock of `performance.now()`. */
  readonly startedAt: number
  /** The end on the same clock; negative until then. */
  endedAt: number
  /** The values of `template.slots`. */
  value0: AttributeValue | undefined
  value1: AttributeValue | undefined
  value2: AttributeValue | undefined
  /** `error.type`: an error's class, an SQLSTATE or an HTTP status; undefined without an error. */
  errorType: string | undefined
  /** Fields that few spans have. */
  details: SpanDetails | undefined

  constructor(
    trace: Trace,
    template: SpanTemplate,
    id0: number,
    id1: number,
    parent0: number,
    parent1: number,
    startedAt: number,
  ) {
    this.trace = trace
    this.template = template
    this.id0 = id0
    this.id1 = id1
    this.parent0 = parent0
    this.parent1 = parent1
    this.startedAt = startedAt
    this.endedAt = -1
    this.value0 = undefined
    this.value1 = undefined
    this.value2 = undefined
    this.errorType = undefined
    this.details = undefined
  }

  /** The trace's id: 32 hexadecimal digits. */
  get traceId(): string {
    return this.trace.id
  }

  /** The span's id: 16 hexadecimal digits. */
  get id(): string {
    return spanIdText(this.id0, this.id1)
  }

  /** Whether it has a parent, in this process or at a caller. */
  get hasParent(): boolean {
    return this.parent0 !== 0 || this.parent1 !== 0
  }

  /** The parent's id: 16 hexadecimal digits. */
  get parentId(): string | undefined {
    return this.hasParent ? spanIdText(this.parent0, this.parent1) : undefined
  }

  /** The span as a W3C `traceparent`. */
  get traceParent(): string {
    return `00-${this.trace.id}-${this.id}-0${this.trace.flags}`
  }

  /** Whether the span is recorded. */
  get isRecorded(): boolean {
    return this.trace.isRecorded
  }

  /** Sets an attribute. */
  set(name: string, value: AttributeValue): void {
    if (!this.trace.isRecorded) return
    const slot = this.template.slots.indexOf(name)
    if (slot === 0) this.value0 = value
    else if (slot === 1) this.value1 = value
    else if (slot === 2) this.value2 = value
    else (this.#more().attributes ??= {})[name] = value
  }

  /** Adds an event. */
  event(name: string, attributes: Attributes = {}, at: number = performance.now()): void {
    if (this.trace.isRecorded) (this.#more().events ??= []).push({ name, at, attributes })
  }

  /** Adds a link to another span. */
  link(link: SpanLink): void {
    if (this.trace.isRecorded) (this.#more().links ??= []).push(link)
  }

  /** Overrides the name of its template. */
  rename(name: string): void {
    if (this.trace.isRecorded) this.#more().name = name
  }

  /** Marks it as failed, by the class of the error or by what was thrown. The message is not recorded. */
  fail(error: unknown): void {
    this.errorType = typeof error === 'string' ? error : errorTypeOf(error)
    this.trace.hasFailed = true
  }

  /** Starts a child span. */
  child(template: SpanTemplate, startedAt: number = performance.now()): SpanRecord {
    return this.trace.tracer.child(this, template, startedAt)
  }

  /** Ends the span; only the first end counts. */
  end(at: number = performance.now()): void {
    if (this.endedAt >= 0) return
    this.endedAt = at
    this.trace.tracer.ended(this)
  }

  #more(): SpanDetails {
    return (this.details ??= { attributes: undefined, events: undefined, links: undefined, name: undefined })
  }
}

/** Fields that few spans have, created when first needed. */
export interface SpanDetails {
  attributes: Record<string, AttributeValue> | undefined
  events: SpanEvent[] | undefined
  links: SpanLink[] | undefined
  name: string | undefined
}

/** The creator of a trace's spans. */
export interface SpanOwner {
  /** Starts a child of a span. */
  child(parent: SpanRecord, template: SpanTemplate, startedAt: number): SpanRecord
  /** Injects a span into the headers of a call. */
  inject(span: SpanRecord, headers: Record<string, string>): void
  /** Receives a span that has ended. */
  ended(span: SpanRecord): void
}

/** The fields that the spans of one trace in this process share. */
export class Trace {
  readonly tracer: SpanOwner
  /** The id, its highest 32 bits first. */
  readonly id0: number
  readonly id1: number
  readonly id2: number
  readonly id3: number
  /** Whether callees are told to record the trace. */
  readonly isSampled: boolean
  /** Whether its id is random by W3C's level 2; for a caller's trace, its flag. */
  readonly isRandom: boolean
  /** Whether its spans are recorded in this process. */
  isRecorded: boolean
  /** Whether one of its spans has failed. */
  hasFailed: boolean
  /** Its first span in this process. */
  first: SpanRecord | undefined
  /** Spans that wait for the end of the first one, which decides whether they are kept. */
  held: SpanRecord[] | undefined
  /** The caller's `tracestate`, unchanged. */
  readonly state: string | undefined
  /** At the edge: the span of an untrusted caller. */
  readonly link: RemoteParent | undefined
  #text: string | undefined

  constructor(
    tracer: SpanOwner,
    id0: number,
    id1: number,
    id2: number,
    id3: number,
    isSampled: boolean,
    isRandom: boolean,
    isHeld: boolean,
    state: string | undefined,
    link: RemoteParent | undefined,
  ) {
    this.tracer = tracer
    this.id0 = id0
    this.id1 = id1
    this.id2 = id2
    this.id3 = id3
    this.isSampled = isSampled
    this.isRandom = isRandom
    this.isRecorded = isSampled || isHeld
    this.hasFailed = false
    this.first = undefined
    this.held = isHeld && !isSampled ? [] : undefined
    this.state = state
    this.link = link
    this.#text = undefined
  }

  /** W3C's flags of the trace: 1 sampled, 2 random. https://www.w3.org/TR/trace-context-2/#trace-flags */
  get flags(): number {
    return (this.isSampled ? sampledFlag : 0) | (this.isRandom ? randomFlag : 0)
  }

  /** The id as 32 hexadecimal digits. */
  get id(): string {
    return (this.#text ??= traceIdText(this.id0, this.id1, this.id2, this.id3))
  }
}
