/** A number that only grows: requests, errors, bytes. */
export class Counter {
  #value = 0

  get value(): number {
    return this.#value
  }

  /**
   * Adds `amount`, 1 by default.
   *
   * @throws {RangeError} when it is negative, infinite or not a number
   */
  inc(amount: number = 1): void {
    if (!(amount >= 0 && amount < Infinity)) {
      throw new RangeError(`a counter grows by a finite number of at least 0, got ${amount}`)
    }
    this.#value += amount
  }

  /** Sets a total that is counted elsewhere; ignores one that is smaller than before. */
  reach(total: number): void {
    if (total > this.#value) this.#value = total
  }
}
