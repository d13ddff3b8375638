/**
 * The moment at which a caller gives up, on the monotonic clock.
 *
 * It travels as milliseconds that remain (like gRPC's timeout), so that hosts need not agree on the time.
 */
export class Deadline {
  /** Milliseconds on the clock of `performance.now()`. */
  readonly at: number

  constructor(at: number) {
    this.at = at
  }

  /** A deadline that is `timeoutMs` away. */
  static in(timeoutMs: number, now: number = performance.now()): Deadline {
    return new Deadline(now + timeoutMs)
  }

  /** Milliseconds that remain; 0 when it is past. */
  remainingMs(now: number = performance.now()): number {
    return Math.max(0, this.at - now)
  }

  /** Whether it is past. */
  isPast(now: number = performance.now()): boolean {
    return now >= this.at
  }
}

/** The shorter of two timeouts, in milliseconds; undefined is none. */
export function shorter(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
