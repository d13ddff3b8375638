import { hash } from 'node:crypto'
import type { ArrivalTimes } from '../../../resilience/arrivalTimes.ts'
import type { Quota } from '../../../resilience/gcra.ts'
import { readInTime } from '../../../time/timeout.ts'
import type { RateLimitStore } from './store.ts'

/** How long a request waits for the store, in milliseconds. A near store responds in one or two. */
const storeTimeoutMs = 50
/** How long a failed store is not used, in milliseconds. One request then retries. */
const retryMs = 1000

/** Callbacks of a shared limiter. */
export interface SharedEvents {
  /** Called when the store fails, and with undefined when it responds again. */
  onChange(error: unknown): void
  /** A request was counted by this instance alone. */
  onAlone(): void
}

/**
 * Counts with the other instances in a store, and caches its replies.
 *
 * A key that is known to be over its limit is rejected without a query, so that a flood does not reach the store. While
 * the store is down, each instance grants the full limit alone, and no request fails or waits because of it.
 */
export class SharedLimiter {
  readonly #store: RateLimitStore
  readonly #memory: ArrivalTimes
  readonly #events: SharedEvents
  #isDown = false
  #retryAtUs = 0

  constructor(store: RateLimitStore, memory: ArrivalTimes, events: SharedEvents) {
    this.#store = store
    this.#memory = memory
    this.#events = events
  }

  /** As `ArrivalTimes.take`, for all instances. */
  take(key: string, quota: Quota): number | Promise<number> {
    const memory = this.#memory
    const known = memory.aheadUs(key, quota)
    if (known > quota.burstUs) return known
    if (!this.#isDown) return this.#ask(key, quota)
    if (memory.nowUs < this.#retryAtUs) return this.#alone(key, quota)
    this.#retryAtUs = memory.nowUs + retryMs * 1000
    return this.#ask(key, quota)
  }

  async #ask(key: string, quota: Quota): Promise<number> {
    // Taken before the query: the cached value is never higher than the store's.
    const { nowUs } = this.#memory
    try {
      const ahead = await readInTime(storeTimeoutMs, this.#store.take(digest(key), quota))
      if (!Number.isFinite(ahead))
        throw new TypeError(`the rate limit store returned ${String(ahead)}, expected a number`)
      this.#memory.learn(key, nowUs + (ahead <= quota.burstUs ? ahead : ahead - quota.intervalUs))
      if (this.#isDown) this.#recovered()
      return ahead
    } catch (error) {
      this.#failed(error)
      return this.#alone(key, quota)
    }
  }

  #alone(key: string, quota: Quota): number {
    this.#events.onAlone()
    return this.#memory.take(key, quota)
  }

  #failed(error: unknown): void {
    this.#retryAtUs = this.#memory.nowUs + retryMs * 1000
    if (this.#isDown) return
    this.#isDown = true
    this.#events.onChange(error)
  }

  #recovered(): void {
    this.#isDown = false
    this.#events.onChange(undefined)
  }
}

/** Keys may be secrets, and may be long, so the store gets their digests. */
function digest(key: string): string {
  return hash('sha256', key, 'base64url')
}
