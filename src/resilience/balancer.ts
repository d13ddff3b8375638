import type { Backend } from './backend.ts'

/** Chooses which of several instances takes the next call. */
export interface Balancer {
  /** One of the candidates; undefined when there is none. `key` is for those that keep like calls together. */
  pick(candidates: readonly Backend[], now: number, key?: string): Backend | undefined
}

/** Takes the first: what balancing is compared with. */
export const firstOnly: Balancer = { pick: (candidates) => candidates[0] }
