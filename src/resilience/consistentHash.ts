import type { Backend } from './backend.ts'
import type { Balancer } from './balancer.ts'
import { hashText, mix } from './hash.ts'
import type { Random } from './random.ts'

/** Points on the ring for an instance of weight 1: shares differ by about a tenth. */
const pointsPerBackend = 100

/**
 * Calls with the same key go to the same instance; when one comes or goes, only its share of the keys moves. No instance
 * takes more than `bound` times its share of the calls in flight: what is over goes to the next on the ring.
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

class Ring {
  readonly #points: Uint32Array
  readonly #owners: readonly Backend[]
  readonly #backends: readonly Backend[]
  readonly #weight: number

  constructor(backends: readonly Backend[]) {
    const points = backends.flatMap((backend) =>
      Array.from({ length: Math.max(1, Math.round(pointsPerBackend * backend.weight)) }, (_, i) => ({
        at: mix(hashText(backend.key) + i),
        backend,
      })),
    )
    points.sort((a, b) => a.at - b.at)
    this.#points = Uint32Array.from(points, ({ at }) => at)
    this.#owners = points.map(({ backend }) => backend)
    this.#backends = backends
    this.#weight = backends.reduce((sum, { weight }) => sum + weight, 0)
  }

  find(hash: number, bound: number): Backend {
    const start = this.#firstFrom(hash)
    const first = this.#owners[start % this.#owners.length]!
    if (first.inFlight === 0) return first // the bound is never below one call
    let inFlight = 1
    for (const backend of this.#backends) inFlight += backend.inFlight
    for (let step = 0; step < this.#owners.length; step++) {
      const owner = this.#owners[(start + step) % this.#owners.length]!
      if (owner.inFlight < Math.ceil((bound * inFlight * owner.weight) / this.#weight)) return owner
    }
    return first
  }

  #firstFrom(hash: number): number {
    let [low, high] = [0, this.#points.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#points[middle]! < hash) low = middle + 1
      else high = middle
    }
    return low
  }
}
