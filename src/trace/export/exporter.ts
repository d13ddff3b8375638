import type { Attributes } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'

/** The service that recorded the spans. */
export interface Resource {
  readonly service: string
  /** The address that it listens on, if known. */
  readonly address?: string | undefined
  readonly port?: number | undefined
  readonly attributes?: Attributes
}

/** Encodes spans in a collector's format. */
export interface Encoding {
  readonly contentType: string
  /**
   * @param epochOffsetMs the offset from a span's times to milliseconds since 1970
   * @param memory a buffer that may be overwritten and returned
   */
  encode(spans: readonly SpanRecord[], epochOffsetMs: number, memory?: Buffer): Buffer
}

/** Exports batches of spans to a collector, a file or a terminal. */
export interface SpanExporter {
  /** Rejects when a batch is lost; `signal` aborts when the export should stop. */
  export(spans: readonly SpanRecord[], epochOffsetMs: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** The name of the instrumentation in exported spans. */
export const scopeName = 'tricube'
