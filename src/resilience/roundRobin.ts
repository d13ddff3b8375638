import type { Balancer } from './balancer.ts'

/** Each in its turn; looks at no weights. */
export function roundRobin(): Balancer {
  let next = -1
  return {
    pick(candidates) {
      next = (next + 1) % Math.max(1, candidates.length)
      return candidates[next]
    },
  }
}
