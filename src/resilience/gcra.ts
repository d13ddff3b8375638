/**
 * The generic cell rate algorithm: a limit of rate whose whole state is one number a key, the theoretical arrival time
 * (TAT), at which the key would have nothing outstanding.
 *
 * It was taken over windows that are counted: a fixed window lets twice the limit through at its border, to whoever
 * times it; a sliding one guesses how the last window was spread; a log of arrivals needs `limit` numbers a key. This
 * one has no border, is one atomic comparison in any store, and knows when the next request will pass.
 *
 * Sources: ITU-T I.371, annex A (virtual scheduling); https://brandur.org/rate-limiting
 */

/** A limit in whole microseconds, which every store counts without rounding. */
export interface Quota {
  /** Requests that a key may send at once after a rest. */
  readonly limit: number
  /** Microseconds after which a key gets one request back; rounded up, so that the limit is never exceeded. */
  readonly intervalUs: number
  /** How far a key's TAT may be ahead of the clock, in microseconds. */
  readonly burstUs: number
}

/** The quota of `limit` requests in each window of `windowMs` milliseconds. */
export function quotaOf({ limit, windowMs }: { readonly limit: number; readonly windowMs: number }): Quota {
  const intervalUs = Math.ceil((windowMs * 1000) / limit)
  return { limit, intervalUs, burstUs: limit * intervalUs }
}

/**
 * How far one more request would put the TAT ahead of the clock, in microseconds. It passes when that is at most the
 * quota's `burstUs`; the TAT moves only then.
 */
export function aheadUs(tatUs: number, nowUs: number, { intervalUs }: Quota): number {
  return Math.max(tatUs - nowUs, 0) + intervalUs
}
