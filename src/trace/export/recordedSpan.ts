import type { Attributes, SpanKind } from '../spanTemplate.ts'
import type { SpanEvent, SpanLink } from '../span.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { SpanExporter } from './exporter.ts'
import { attributesOf, linksOf } from './otlp.ts'

/** A span that has ended, in readable form. */
export interface RecordedSpan {
  readonly name: string
  readonly kind: SpanKind
  /** 32 hexadecimal digits. */
  readonly traceId: string
  /** 16 hexadecimal digits. */
  readonly id: string
  readonly parentId: string | undefined
  /** Milliseconds on the clock of `performance.now()`. */
  readonly startedAt: number
  readonly durationMs: number
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  /** `error.type`; undefined without an error. */
  readonly errorType: string | undefined
}

/**
 * An exporter of your own, which replaces the configured one.
 *
 * @example
 * const exporter: Exporter = {
 *   export: async (spans) => queue.send(spans.map(({ name, traceId, durationMs }) => ({ name, traceId, durationMs }))),
 *   close: () => queue.close(),
 * }
 * service(userService, { trace: { exporter }, handlers })
 */
export interface Exporter {
  /**
   * Rejects when a batch is lost; `signal` aborts when the export should stop. Add `epochOffsetMs` to a span's `startedAt`
   * to get milliseconds since 1970.
   */
  export(spans: readonly RecordedSpan[], epochOffsetMs: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Adapts your exporter to the recorder. */
export function readable(exporter: Exporter): SpanExporter {
  return {
    export: (spans, epochOffsetMs, signal) => exporter.export(spans.map(recordedSpan), epochOffsetMs, signal),
    close: () => exporter.close(),
  }
}

/** Converts a span to readable form. */
export function recordedSpan(span: SpanRecord): RecordedSpan {
  const { traceId, id, parentId, template, details, startedAt, endedAt, errorType } = span
  return {
    name: details?.name ?? template.name,
    kind: template.kind,
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
