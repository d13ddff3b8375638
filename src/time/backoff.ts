/** Milliseconds to wait before a retry; `retry` is 1 for the first. */
export type Backoff = (retry: number) => number

/** Numbers of the backoff, with their defaults. */
export interface BackoffOptions {
  /** Numbers from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
  /** Longest wait before the first retry, in milliseconds; it doubles with each. Default 25. */
  readonly baseMs?: number
  /** Longest wait of all, in milliseconds. Default 250. */
  readonly capMs?: number
}

/**
 * Exponential backoff with full jitter: any wait from none to the bound is as likely, so that callers who failed
 * together do not come back together.
 *
 * Sources: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/; base and cap are Envoy's.
 */
export function fullJitter(options: BackoffOptions = {}): Backoff {
  return jittered(options, 0, 1)
}

/** The same, but at least half of the bound: for whoever waits alone, such as a connection that comes back. */
export function equalJitter(options: BackoffOptions = {}): Backoff {
  return jittered(options, 0.5, 1)
}

/** The bound, and up to a third more: for what must not be asked too often, such as a registry that is down. */
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
