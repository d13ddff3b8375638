import type { Balancer } from './balancer.ts'
import type { Random } from './random.ts'

/** Any of them; looks at no weights. */
export function randomChoice({ random = Math.random }: { readonly random?: Random } = {}): Balancer {
  return { pick: (candidates) => candidates[Math.floor(random() * candidates.length)] }
}
