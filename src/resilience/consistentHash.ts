import type { Backend } from './backend.ts'
import type { Balancer } from './balancer.ts'
import { hashText, mix } from './hash.ts'
import type { Random } from './random.ts'

/** Points on the ring for an instance of weight 1: shares differ by about a tenth. */
const pointsPerBackend = 100

/**
 * Returns a balancer that sends calls with the same key to the same instance. When one comes or goes, only its share of
 * the keys moves. No instance takes more than `bound` times its share of the calls in flight; the rest goes to the next.
 *
 * Sources: D. Karger et al., Consistent Hashing and Random Trees, 1997; V. Mirrokni et al., Consistent Hashing with
 * Bounded Loads, 2016, where 1.25 is the usual bound.
 */
export function consistentHash(options: { readonly bound?: number; readonly random?: Random } = {}): Balancer {
  const { bound = 1.25, random = Math.random } = options
  const rings = new WeakMap<readonly Backend[], Ring>()
  return {
    pick(candidates, _now, key) {
      if (candidates.length < 2) return candidates[0]
      let ring = rings.get(candidates)
      if (!ring) rings.set(candidates, (ring = new Ring(candidates)))
      return ring.find(key === undefined ? Math.floor(random() * 2 ** 32) : hashText(key), bound)
    },
  }
}

/** A point combines a hash and the index of its owner below it in one number, because numbers sort fast. */
const ownerBits = 20

class Ring {
  readonly #points: Float64Array
  readonly #backends: readonly Backend[]
  readonly #weight: number

  constructor(backends: readonly Backend[]) {
    const points = backends.flatMap(({ key, weight }, owner) => {
      const hash = hashText(key)
      const count = Math.max(1, Math.round(pointsPerBackend * weight))
      return Array.from({ length: count }, (_, i) => mix(hash + i) * 2 ** ownerBits + owner)
    })
    this.#points = Float64Array.from(points).sort()
    this.#backends = backends
    this.#weight = backends.reduce((sum, { weight }) => sum + weight, 0)
  }

  find(hash: number, bound: number): Backend {
    const start = this.#firstFrom(hash * 2 ** ownerBits)
    const first = this.#owner(start)
    if (first.inFlight === 0) return first // the bound is always at least one call
    let inFlight = 1
    for (const backend of this.#backends) inFlight += backend.inFlight
    for (let at = start; at < start + this.#points.length; at++) {
      const owner = this.#owner(at)
      if (owner.inFlight < Math.ceil((bound * inFlight * owner.weight) / this.#weight)) return owner
    }
    return first
  }

  #owner(at: number): Backend {
    return this.#backends[this.#points[at % this.#points.length]! % 2 ** ownerBits]!
  }

  #firstFrom(point: number): number {
    let [low, high] = [0, this.#points.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#points[middle]! < point) low = middle + 1
      else high = middle
    }
    return low
  }
}
