import type { Attributes, SpanKind } from '../shape.ts'
import type { Sink } from '../sink.ts'
import type { Span, SpanEvent, SpanLink } from '../span.ts'
import { attributesOf, linksOf } from './otlp.ts'

/** A span that has ended, as people read it. */
export interface RecordedSpan {
  readonly name: string
  readonly kind: SpanKind
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly id: string
  readonly parentId: string | undefined
  /** As `performance.now()` counts. */
  readonly startedAt: number
  readonly durationMs: number
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  /** `error.type`; undefined when nothing went wrong. */
  readonly errorType: string | undefined
}

/** Keeps spans in this process: for tests. */
export class MemorySink implements Sink {
  readonly #spans: Span[] = []

  /** Those that have ended, in the order of their ends. */
  get spans(): readonly RecordedSpan[] {
    return this.#spans.map(recordedSpan)
  }

  add(span: Span): void {
    this.#spans.push(span)
    if (this.#spans.length > mostSpans) this.#spans.shift()
  }

  drop(): void {}

  clear(): void {
    this.#spans.length = 0
  }

  flush(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

const mostSpans = 10_000

function recordedSpan(span: Span): RecordedSpan {
  const { traceId, id, parentId, shape, details, startedAt, endedAt, errorType } = span
  return {
    name: details?.name ?? shape.name,
    kind: shape.kind,
    traceId,
    id,
    parentId,
    startedAt,
    durationMs: endedAt - startedAt,
    attributes: attributesOf(span),
    events: details?.events ?? [],
    links: linksOf(span),
    errorType,
  }
}
