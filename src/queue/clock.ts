/** The clock of a queue is the database's. Tests can move it ahead. */
export interface QueueClock {
  /** How far the clock is ahead of the database's, in milliseconds. */
  aheadMs: number
  /** Returns a random factor from 0 to 1 for the wait before a retry. */
  random: () => number
}
