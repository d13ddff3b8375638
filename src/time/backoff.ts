/** Returns the wait before a retry in milliseconds; `retry` counts from 1. */
export type Backoff = (retry: number) => number

/** Options of `fullJitter`. */
export interface BackoffOptions {
  /** Returns numbers from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
  /** The longest wait before the first retry, in milliseconds; it doubles with each retry. Default 25. */
  readonly baseMs?: number
  /** The longest wait before any retry, in milliseconds. Default 250. */
  readonly capMs?: number
}

/**
 * Returns exponential backoff with full jitter: every wait up to the bound is equally likely, so callers that failed
 * together do not retry together.
 *
 * Sources: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/; base and cap are Envoy's.
 */
export function fullJitter(options: BackoffOptions = {}): Backoff {
  return jittered(options, 0, 1)
}

/** Returns a backoff of at least half the bound, for a caller that waits alone, such as one connection. */
export function equalJitter(options: BackoffOptions = {}): Backoff {
  return jittered(options, 0.5, 1)
}

/** Returns a backoff of the bound and up to a third more, for a target that must be spared, such as a registry that is down. */
export function addedJitter(options: BackoffOptions = {}): Backoff {
  return jittered(options, 1, 4 / 3)
}

/** No wait. */
export const noBackoff: Backoff = () => 0

function jittered(
  { random = Math.random, baseMs = 25, capMs = 250 }: BackoffOptions,
  least: number,
  most: number,
): Backoff {
  return (retry) => Math.min(capMs, baseMs * 2 ** (retry - 1)) * (least + random() * (most - least))
}
