import type { Latencies } from './latencies.ts'

/**
 * Says how long to wait for an answer before a second instance is asked; undefined is for ever. `afterP` is the percentile
 * that one call asks for.
 */
export type HedgePolicy = (now: number, afterP?: number) => number | undefined

/**
 * Asks a second instance when the first is slower than `usualP` percent of the calls are; without one, only for calls that
 * ask for it.
 *
 * Source: J. Dean, L. Barroso, The Tail at Scale, CACM 56/2, 2013: hedging after the 95th percentile costs 5 % more load
 * and takes most of the tail.
 */
export function hedgeAfter(usualP: number | undefined, latencies: Latencies): HedgePolicy {
  return (now, afterP = usualP) => (afterP === undefined ? undefined : latencies.percentile(now, afterP))
}

/** Never asks twice. */
export const noHedge: HedgePolicy = () => undefined
