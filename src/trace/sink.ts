import type { SpanRecord } from './spanRecord.ts'

/** Where spans go when they have ended. Nothing here waits or throws. */
export interface Sink {
  add(span: SpanRecord): void
  /** Counts spans that were given up before they came here. */
  drop(count: number): void
  /** Sends what it has; resolves when that is done or `timeoutMs` is over, whichever is first. */
  flush(timeoutMs: number): Promise<void>
  /** The same, and ends. */
  close(timeoutMs: number): Promise<void>
}

/** Forgets them. */
export const nowhere: Sink = {
  add() {},
  drop() {},
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
