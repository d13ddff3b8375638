import type { Attributes } from '../shape.ts'
import type { SpanRecord } from '../spanRecord.ts'

/** Who recorded the spans. */
export interface Resource {
  readonly service: string
  /** Where it listens, as far as that is known. */
  readonly address?: string | undefined
  readonly port?: number | undefined
  readonly attributes?: Attributes
}

/** Turns spans into a collector's format. */
export interface Encoding {
  readonly contentType: string
  /**
   * @param epochOffsetMs what to add to a span's times to have milliseconds since 1970
   * @param memory may be written over, and be what the result is in
   */
  encode(spans: readonly SpanRecord[], epochOffsetMs: number, memory?: Buffer): Buffer
}

/** Brings batches of spans to where people look at them. */
export interface SpanExporter {
  /** Rejects when a batch is lost; `signal` aborts when nobody waits any more. */
  export(spans: readonly SpanRecord[], epochOffsetMs: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Name of what recorded the spans, as exporters tell it. */
export const scopeName = 'tricube'
