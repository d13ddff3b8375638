/** A sum over a sliding window in buckets: one old bucket at a time leaves the sum. */
export class RollingSum {
  readonly #bucketMs: number
  readonly #buckets: Float64Array
  #tick = 0
  #sum = 0

  constructor({ windowMs, buckets }: { readonly windowMs: number; readonly buckets: number }) {
    this.#bucketMs = windowMs / buckets
    this.#buckets = new Float64Array(buckets)
  }

  /** Adds to the bucket of this time, in milliseconds. */
  add(now: number, amount: number): void {
    this.#advance(now)
    this.#buckets[this.#tick % this.#buckets.length]! += amount
    this.#sum += amount
  }

  /** The sum of the window that ends now. */
  sum(now: number): number {
    this.#advance(now)
    return this.#sum
  }

  /** The sum of one bucket; `age` 0 is the current one. */
  bucket(now: number, age: number): number {
    this.#advance(now)
    const { length } = this.#buckets
    return this.#buckets[(((this.#tick - age) % length) + length) % length]!
  }

  #advance(now: number): void {
    const tick = Math.floor(now / this.#bucketMs)
    if (tick <= this.#tick) return
    const { length } = this.#buckets
    const stale = Math.min(tick - this.#tick, length)
    for (let i = 1; i <= stale; i++) {
      const at = (this.#tick + i) % length
      this.#sum -= this.#buckets[at]!
      this.#buckets[at] = 0
    }
    this.#tick = tick
  }
}
