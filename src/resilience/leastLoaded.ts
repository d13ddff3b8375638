import type { Balancer } from './balancer.ts'
import type { Random } from './random.ts'

/** Returns a balancer that picks two at random and takes the one with fewer calls per weight: Envoy's least request. */
export function leastLoaded({ random = Math.random }: { readonly random?: Random } = {}): Balancer {
  return {
    pick(candidates, now) {
      const { length } = candidates
      if (length < 2) return candidates[0]
      const first = Math.floor(random() * length)
      const a = candidates[first]!
      const b = candidates[(first + 1 + Math.floor(random() * (length - 1))) % length]!
      return (a.inFlight + 1) / a.weightAt(now) <= (b.inFlight + 1) / b.weightAt(now) ? a : b
    },
  }
}
