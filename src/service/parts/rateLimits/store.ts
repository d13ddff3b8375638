import type { Quota } from '../../../resilience/gcra.ts'

/** Counts the requests of keys for all instances of a service. */
export interface RateLimitStore {
  /**
   * Takes one request of a key's quota, if it has one left, in one atomic step, by the store's own clock: a key's
   * theoretical arrival time (TAT) moves to `ahead = max(TAT − now, 0) + intervalUs` after now when that is at most
   * `burstUs`, and else stays. Resolves to `ahead`, in microseconds.
   *
   * A key may be forgotten once its TAT is past.
   */
  take(key: string, quota: Quota): Promise<number>
}
