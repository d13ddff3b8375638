import type { Backend } from './backend.ts'
import type { Balancer } from './balancer.ts'
import type { Random } from './random.ts'

/** An instance that took no call for so long is asked again, whatever it cost when last seen. Source: go-zero's p2c. */
const probeMs = 1000
/** So is one that has just failed, sooner: whether it is down or was unlucky shows in a few calls, within a second. */
const suspectMs = 100
/** No more than one pick of so many is such a probe: with few calls nothing else would be picked. */
const picksPerProbe = 20

/**
 * Power of two choices: of two taken at random, most often the one with the lower peak EWMA × calls in flight.
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
      // Taken outright so often, and by a fair comparison otherwise, equals share as their weights are.
      const outright = Math.abs(weightA - weightB) / (weightA + weightB)
      if (random() < outright) return weightA > weightB ? a : b
    }
    // The odds are as the squares: what is a little dearer for having hiccuped keeps most of its share, and is soon known
    // better; what is ten times dearer gets a hundredth. Always taking the better one shuns it for seconds instead.
    const [dearA, dearB] = [a.load(now) ** 2, b.load(now) ** 2]
    return random() * (dearA + dearB) < dearB ? a : b
  }
}
