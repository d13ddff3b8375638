/**
 * The generic cell rate algorithm: a rate limit whose state is one number per key. This theoretical arrival time (TAT) is
 * the time at which all of the key's quota is available again.
 *
 * The alternatives are worse. A fixed window passes twice the limit at its border, to a caller who times it. A sliding
 * window guesses the distribution in the last one. A log of arrivals needs `limit` numbers per key. GCRA has no border,
 * is one atomic comparison in any store, and knows when the next request will pass.
 *
 * Sources: ITU-T I.371, annex A (virtual scheduling); https://brandur.org/rate-limiting
 */

/** A limit in integer microseconds, which every store counts without rounding. */
export interface Quota {
  /** Requests that a key may send at once after a rest. */
  readonly limit: number
  /** Microseconds until a key gets one request back; rounded up, so that the limit is never exceeded. */
  readonly intervalUs: number
  /** How far a key's TAT may be ahead of the clock, in microseconds. */
  readonly burstUs: number
}

/** Returns the quota of `limit` requests per window of `windowMs` milliseconds. */
export function quotaOf({ limit, windowMs }: { readonly limit: number; readonly windowMs: number }): Quota {
  const intervalUs = Math.ceil((windowMs * 1000) / limit)
  return { limit, intervalUs, burstUs: limit * intervalUs }
}

/**
 * Returns how far one more request would put the TAT ahead of the clock, in microseconds. The request passes when that is
 * at most the quota's `burstUs`; only then does the TAT move.
 */
export function aheadUs(tatUs: number, nowUs: number, { intervalUs }: Quota): number {
  return Math.max(tatUs - nowUs, 0) + intervalUs
}
