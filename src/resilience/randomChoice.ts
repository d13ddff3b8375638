import type { Balancer } from './balancer.ts'
import type { Random } from './random.ts'

/** Returns a balancer that picks at random and ignores weights. */
export function randomChoice({ random = Math.random }: { readonly random?: Random } = {}): Balancer {
  return { pick: (candidates) => candidates[Math.floor(random() * candidates.length)] }
}
