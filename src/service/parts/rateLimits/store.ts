import type { Quota } from '../../../resilience/gcra.ts'

/** Counts the requests of keys for all instances of a service. */
export interface RateLimitStore {
  /**
   * Takes one request of a key's quota in one atomic step, by the store's clock. Let `ahead = max(TAT − now, 0) +
   * intervalUs`, where TAT is the key's theoretical arrival time. If `ahead` is at most `burstUs`, TAT becomes `now +
   * ahead`. Otherwise it stays. Resolves to `ahead`, in microseconds.
   *
   * A key may be deleted once its TAT is past.
   */
  take(key: string, quota: Quota): Promise<number>
}
