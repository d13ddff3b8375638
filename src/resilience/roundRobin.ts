import type { Balancer } from './balancer.ts'

/** Returns a balancer that picks each in turn and ignores weights. */
export function roundRobin(): Balancer {
  let next = -1
  return {
    pick(candidates) {
      next = (next + 1) % Math.max(1, candidates.length)
      return candidates[next]
    },
  }
}
