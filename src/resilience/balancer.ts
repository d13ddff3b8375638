import type { Backend } from './backend.ts'

/** Chooses the instance for a call. */
export interface Balancer {
  /** Returns one of the candidates; undefined when there is none. `key` keeps calls together, if the balancer supports it. */
  pick(candidates: readonly Backend[], now: number, key?: string): Backend | undefined
}

/** Returns the first candidate: the baseline of benchmarks. */
export const firstOnly: Balancer = { pick: (candidates) => candidates[0] }
