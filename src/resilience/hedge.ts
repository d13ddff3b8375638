import type { Latencies } from './latencies.ts'

/**
 * Returns how long to wait for a response before a second instance is tried, in milliseconds; undefined: forever.
 * `afterP` is the percentile that a call sets itself.
 */
export type HedgePolicy = (now: number, afterP?: number) => number | undefined

/**
 * Returns the policy that hedges a call once it is slower than `defaultP` percent of the calls; without a percentile, only
 * calls that set one are hedged.
 *
 * Source: J. Dean, L. Barroso, The Tail at Scale, CACM 56/2, 2013: hedging after the 95th percentile costs 5 % more load
 * and removes most of the tail.
 */
export function hedgeAfter(defaultP: number | undefined, latencies: Latencies): HedgePolicy {
  return (now, afterP = defaultP) => (afterP === undefined ? undefined : latencies.percentile(now, afterP))
}

/** Never hedges. */
export const noHedge: HedgePolicy = () => undefined
