import type { Attributes, SpanKind } from '../shape.ts'
import type { SpanEvent, SpanLink } from '../span.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { SpanExporter } from './exporter.ts'
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

/**
 * Brings batches of spans to where people look at them: your own, in place of the configuration's.
 *
 * @example
 * const exporter: Exporter = {
 *   export: async (spans) => queue.send(spans.map(({ name, traceId, durationMs }) => ({ name, traceId, durationMs }))),
 *   close: () => queue.close(),
 * }
 * service(contract, { trace: { exporter }, handlers })
 */
export interface Exporter {
  /**
   * Rejects when a batch is lost; `signal` aborts when nobody waits any more. `epochOffsetMs` is what to add to a span's
   * `startedAt` to have milliseconds since 1970.
   */
  export(spans: readonly RecordedSpan[], epochOffsetMs: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** A user's exporter as the recorder knows exporters. */
export function readable(exporter: Exporter): SpanExporter {
  return {
    export: (spans, epochOffsetMs, signal) => exporter.export(spans.map(recordedSpan), epochOffsetMs, signal),
    close: () => exporter.close(),
  }
}

/** A span as people read it. */
export function recordedSpan(span: SpanRecord): RecordedSpan {
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
