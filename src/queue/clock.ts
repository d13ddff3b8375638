/** The time of a queue is its database's. A test can be ahead of it. */
export interface QueueClock {
  /** Milliseconds. */
  aheadMs: number
  /** What the waits before retries are multiplied with, from 0 to 1. */
  random: () => number
}
