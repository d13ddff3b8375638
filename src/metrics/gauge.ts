/** A number that goes up and down: requests in flight, a size, a temperature. */
export class Gauge {
  #value = 0

  get value(): number {
    return this.#value
  }

  set(value: number): void {
    this.#value = value
  }

  inc(amount: number = 1): void {
    this.#value += amount
  }

  dec(amount: number = 1): void {
    this.#value -= amount
  }
}
