import type { Attributes, AttributeValue } from './shape.ts'

/**
 * A piece of work in a trace.
 *
 * @example
 * ctx.span.set('app.basket.size', items.length)
 * ctx.span.event('payment declined', { reason })
 */
export interface Span {
  /** The trace's id: 32 hexadecimal digits. */
  readonly traceId: string
  /** Its own id: 16 hexadecimal digits. */
  readonly id: string
  /** The parent's id: 16 hexadecimal digits; undefined for the first span of a trace. */
  readonly parentId: string | undefined
  /** As a W3C `traceparent`. */
  readonly traceParent: string
  /** Whether anybody will see it. */
  readonly isRecorded: boolean
  /** `error.type`: an error's class, an SQLSTATE, an HTTP status; undefined while nothing is wrong. */
  readonly errorType: string | undefined
  /** Sets an attribute. */
  set(name: string, value: AttributeValue): void
  /** Records that something happened; `at` counts milliseconds as `performance.now()` does. Default: now. */
  event(name: string, attributes?: Attributes, at?: number): void
  /** Links it to another span. */
  link(link: SpanLink): void
  /** Gives it another name. */
  rename(name: string): void
  /** Marks it as failed: with a word for the class of error, or what was thrown. Messages are not recorded. */
  fail(error: unknown): void
  /** Ends it, once; `at` counts milliseconds as `performance.now()` does. Default: now. */
  end(at?: number): void
}

/** Something that happened at one moment of a span. */
export interface SpanEvent {
  readonly name: string
  /** As `performance.now()` counts. */
  readonly at: number
  readonly attributes: Attributes
}

/** Another span that this one has to do with. */
export interface SpanLink {
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly spanId: string
  readonly attributes?: Attributes
}
