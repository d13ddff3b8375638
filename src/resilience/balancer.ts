/** Chooses which of several equal things takes the next piece of work. */
export interface Balancer<Item> {
  /** One of the candidates; undefined when there is none. */
  pick(candidates: readonly Item[]): Item | undefined
}

/** Each in its turn. */
export function roundRobin<Item>(): Balancer<Item> {
  let next = 0
  return {
    pick(candidates) {
      next = (next + 1) % Math.max(1, candidates.length)
      return candidates[next]
    },
  }
}
