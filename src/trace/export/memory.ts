import type { Sink } from '../sink.ts'
import type { SpanRecord } from '../spanRecord.ts'
import { recordedSpan, type RecordedSpan } from './recordedSpan.ts'

/** Keeps spans in this process, for tests. */
export class MemorySink implements Sink {
  readonly #spans: SpanRecord[] = []

  /** The spans that have ended, in the order of their ends. */
  get spans(): readonly RecordedSpan[] {
    return this.#spans.map(recordedSpan)
  }

  add(span: SpanRecord): void {
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
