/**
 * Turns that may follow at once while they are rare, and are spread out when they are frequent.
 *
 * It is a token bucket, stored as the time at which it would be full (GCRA). Consul recommends one in every loop of
 * blocking queries: https://developer.hashicorp.com/consul/api-docs/features/blocking
 */
export class Pace {
  readonly #periodMs: number
  readonly #spareMs: number
  #fullAt = Number.NEGATIVE_INFINITY

  /** In any `n × periodMs` milliseconds there are at most `n + burst` turns. */
  constructor({ periodMs = 15_000, burst = 2 }: { readonly periodMs?: number; readonly burst?: number } = {}) {
    this.#periodMs = periodMs
    this.#spareMs = (burst - 1) * periodMs
  }

  /** Takes the next turn; returns the milliseconds to wait for it. */
  next(now: number): number {
    const waitMs = Math.max(0, this.#fullAt - this.#spareMs - now)
    this.#fullAt = Math.max(this.#fullAt, now) + this.#periodMs
    return waitMs
  }
}
