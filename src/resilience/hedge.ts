import type { Latencies } from './latencies.ts'

/** Says how long to wait for an answer before a second instance is asked; undefined is for ever. */
export type HedgePolicy = (now: number) => number | undefined

/**
 * Asks a second instance when the first is slower than `afterP` percent of the calls are.
 *
 * Source: J. Dean, L. Barroso, The Tail at Scale, CACM 56/2, 2013: hedging after the 95th percentile costs 5 % more load
 * and takes most of the tail.
 */
export function hedgeAfter(afterP: number, latencies: Latencies): HedgePolicy {
  return (now) => latencies.percentile(now, afterP)
}

/** Never asks twice. */
export const noHedge: HedgePolicy = () => undefined
