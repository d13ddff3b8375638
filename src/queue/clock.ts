/** The time of a queue is its database's. A test can be ahead of it. */
export interface QueueClock {
  /** Milliseconds. */
  aheadMs: number
}
