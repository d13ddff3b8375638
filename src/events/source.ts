import type { Cursor, EventBatch } from './cursors.ts'

/** Where the events of a subscription come from. */
export interface EventSource {
  /** Returns the events after a cursor. Waits some seconds for the first one. */
  read(cursor: Cursor, signal: AbortSignal): Promise<EventBatch>
  /** Releases what it holds: a read has failed, another instance reads, or the cursor was moved. */
  reset(): void | Promise<void>
}
