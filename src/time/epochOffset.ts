/** What to add to `performance.now()` to have milliseconds since 1970, as the computer's clock is set now. */
export class EpochOffset {
  readonly #monotonic: () => number
  readonly #wall: () => number
  #offset: number

  constructor({
    monotonic = () => performance.now(),
    wall = () => Date.now(),
    first = performance.timeOrigin,
  }: { readonly monotonic?: () => number; readonly wall?: () => number; readonly first?: number } = {}) {
    this.#monotonic = monotonic
    this.#wall = wall
    this.#offset = first
  }

  /**
   * The wall clock tells whole milliseconds, so the true offset lies in an interval of one: what is known with more
   * precision is kept as long as it lies in there, and moved to its edge when the clock was set or has drifted.
   */
  now(): number {
    const least = this.#wall() - this.#monotonic()
    this.#offset = Math.min(Math.max(this.#offset, least), least + 1)
    return this.#offset
  }
}

/** Microseconds since 1970. Rounded down at both ends of a span, so that what is nested stays nested. */
export function microseconds(time: number, epochOffsetMs: number): number {
  return Math.floor((time + epochOffsetMs) * 1000)
}
