/** A number that only grows: requests, errors, bytes. */
export class Counter {
  #value = 0

  get value(): number {
    return this.#value
  }

  /**
   * Adds `amount`, 1 unless told otherwise.
   *
   * @throws {RangeError} when it is negative, infinite or not a number
   */
  inc(amount: number = 1): void {
    if (!(amount >= 0 && amount < Infinity)) throw new RangeError(`a counter grows by a finite number, not ${amount}`)
    this.#value += amount
  }

  /** Takes over a total that is counted elsewhere; a smaller one than before is ignored. */
  reach(total: number): void {
    if (total > this.#value) this.#value = total
  }
}
