import type { Backend } from './backend.ts'
import type { Balancer } from './balancer.ts'
import type { Random } from './random.ts'

/** An instance without a call for this long is probed, even if its last cost was high. Source: go-zero's p2c. */
const probeMs = 1000
/** One that has just failed is probed sooner: within a second, a few calls show whether it is down. */
const suspectMs = 100
/** At most one of this many picks is a probe: with few calls, all would be. */
const picksPerProbe = 20

/**
 * Returns a balancer by power of two choices: of two random instances, it usually picks the lower peak EWMA × calls in
 * flight.
 *
 * Sources: M. Mitzenmacher, The Power of Two Choices in Randomized Load Balancing, 2001; Finagle's `PeakEwma`;
 * go-zero's `p2c_ewma`.
 */
export function p2c({ random = Math.random }: { readonly random?: Random } = {}): Balancer {
  let picksSinceProbe = picksPerProbe
  return {
    pick(candidates, now) {
      const { length } = candidates
      if (length < 2) return candidates[0]
      const first = Math.floor(random() * length)
      const step = 1 + Math.floor(random() * (length - 1))
      const a = candidates[first]!
      const b = candidates[(first + step) % length]!
      const best = better(a, b, now)
      const other = best === a ? b : a
      picksSinceProbe += 1
      if (picksSinceProbe < picksPerProbe || !isDue(other, now)) return best
      picksSinceProbe = 0
      return other
    },
  }

  function isDue({ lastPick, failures, inFlight }: Backend, now: number): boolean {
    return inFlight === 0 && now - lastPick >= (failures > 0 ? suspectMs : probeMs)
  }

  function better(a: Backend, b: Backend, now: number): Backend {
    const [weightA, weightB] = [a.weightAt(now), b.weightAt(now)]
    if (weightA !== weightB) {
      // Picked outright this often, and by a fair comparison otherwise, equal instances share by their weights.
      const outright = Math.abs(weightA - weightB) / (weightA + weightB)
      if (random() < outright) return weightA > weightB ? a : b
    }
    // The odds are as the squares of the costs. An instance that hiccuped keeps most of its share and is soon measured
    // again; one ten times as slow gets a hundredth. Always picking the better one would avoid it for seconds instead.
    const [dearA, dearB] = [a.load(now) ** 2, b.load(now) ** 2]
    return random() * (dearA + dearB) < dearB ? a : b
  }
}
