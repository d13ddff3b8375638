/**
 * The time until which a caller waits for its response, on the monotonic clock.
 *
 * It is sent as the remaining milliseconds, like gRPC's timeout, so that hosts need not agree on the time.
 */
export class Deadline {
  /** Milliseconds on the clock of `performance.now()`. */
  readonly at: number

  constructor(at: number) {
    this.at = at
  }

  /** Returns a deadline in `timeoutMs` milliseconds. */
  static in(timeoutMs: number, now: number = performance.now()): Deadline {
    return new Deadline(now + timeoutMs)
  }

  /** The remaining milliseconds; 0 when it has passed. */
  remainingMs(now: number = performance.now()): number {
    return Math.max(0, this.at - now)
  }

  /** Whether it has passed. */
  isPast(now: number = performance.now()): boolean {
    return now >= this.at
  }
}

/** Returns the shorter of two timeouts in milliseconds; undefined is none. */
export function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
