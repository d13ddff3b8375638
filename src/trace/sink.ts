import type { SpanRecord } from './spanRecord.ts'

/** Receives spans that have ended. It neither waits nor throws. */
export interface Sink {
  add(span: SpanRecord): void
  /** Counts spans that were dropped before they came here. */
  drop(count: number): void
  /** Exports all spans; resolves when that is done or after `timeoutMs`, whichever is first. */
  flush(timeoutMs: number): Promise<void>
  /** Exports all spans like `flush`, and closes. */
  close(timeoutMs: number): Promise<void>
}

/** Drops all spans. */
export const nowhere: Sink = {
  add() {},
  drop() {},
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
