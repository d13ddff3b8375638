/** The offset from `performance.now()` to milliseconds since 1970, as the system clock is set now. */
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
   * The wall clock has whole milliseconds, so the true offset lies in an interval of 1 ms. A more precise known value is
   * kept while it lies in there. It moves to the edge when the clock was set or has drifted.
   */
  now(): number {
    const least = this.#wall() - this.#monotonic()
    this.#offset = Math.min(Math.max(this.#offset, least), least + 1)
    return this.#offset
  }
}

/** Converts to microseconds since 1970. It rounds down both ends of a span, so that nested spans stay nested. */
export function microseconds(time: number, epochOffsetMs: number): number {
  return Math.floor((time + epochOffsetMs) * 1000)
}
