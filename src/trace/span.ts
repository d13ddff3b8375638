import type { Attributes, AttributeValue } from './spanTemplate.ts'

/**
 * A unit of work in a trace.
 *
 * @example
 * ctx.span.set('app.basket.size', items.length)
 * ctx.span.event('payment declined', { reason })
 */
export interface Span {
  /** The trace's id: 32 hexadecimal digits. */
  readonly traceId: string
  /** The span's id: 16 hexadecimal digits. */
  readonly id: string
  /** The parent's id: 16 hexadecimal digits; undefined for the first span of a trace. */
  readonly parentId: string | undefined
  /** The span as a W3C `traceparent`. */
  readonly traceParent: string
  /** Whether the span is recorded. */
  readonly isRecorded: boolean
  /** `error.type`: an error's class, an SQLSTATE or an HTTP status; undefined without an error. */
  readonly errorType: string | undefined
  /** Sets an attribute. */
  set(name: string, value: AttributeValue): void
  /** Adds an event; `at` is in milliseconds on the clock of `performance.now()`. Default: now. */
  event(name: string, attributes?: Attributes, at?: number): void
  /** Adds a link to another span. */
  link(link: SpanLink): void
  /** Changes the name. */
  rename(name: string): void
  /** Marks the span as failed, by the class of the error or by what was thrown. Messages are not recorded. */
  fail(error: unknown): void
  /** Ends the span, once; `at` is in milliseconds on the clock of `performance.now()`. Default: now. */
  end(at?: number): void
}

/** An event of a span. */
export interface SpanEvent {
  readonly name: string
  /** Milliseconds on the clock of `performance.now()`. */
  readonly at: number
  readonly attributes: Attributes
}

/** A link to another span. */
export interface SpanLink {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  readonly attributes?: Attributes
}
