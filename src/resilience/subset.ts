import { hashText, mix } from './hash.ts'

/** A candidate for a subset. */
export interface Candidate {
  readonly key: string
  readonly region?: string | undefined
}

/** Chooses the instances that one caller uses. */
export type Subsetting = <One extends Candidate>(all: readonly One[]) => readonly One[]

/**
 * Chooses at most `limit` instances: different ones for each caller, and stable for one caller.
 *
 * Rendezvous hashing: each caller ranks the instances by a hash of both names and takes the first. An instance that comes
 * or goes changes one place. The caller's region has half of the places; the other regions share the rest.
 *
 * Sources: D. Thaler, C. Ravishankar, 1998; https://sre.google/sre-book/load-balancing-datacenter/ for why, and for 100.
 */
export function subset(options: { caller: number; limit?: number; region?: string | undefined }): Subsetting {
  const { caller, limit = 100, region } = options
  const seed = mix(caller)
  const rank = (candidate: Candidate): number => mix(hashText(candidate.key) ^ seed)

  return (all) => {
    if (all.length <= limit) return all
    const groups = regionsOf(all)
    groups.sort((a, b) => a.length - b.length)
    const at = groups.findIndex(([first]) => region !== undefined && first?.region === region)
    const own = at < 0 ? [] : groups.splice(at, 1)[0]!
    const chosen = top(own, groups.length === 0 ? limit : Math.floor(limit / 2), rank)
    for (const [index, group] of groups.entries()) {
      const fair = Math.floor((limit - chosen.length) / (groups.length - index))
      chosen.push(...top(group, fair, rank))
    }
    return chosen
  }
}

/** Chooses all instances. */
export const noSubset: Subsetting = (all) => all

function regionsOf<One extends Candidate>(all: readonly One[]): One[][] {
  const byRegion = new Map<string | undefined, One[]>()
  for (const one of all) {
    const group = byRegion.get(one.region)
    if (group) group.push(one)
    else byRegion.set(one.region, [one])
  }
  return [...byRegion.values()]
}

/** Returns the `count` with the lowest ranks. */
function top<One extends Candidate>(all: readonly One[], count: number, rank: (one: One) => number): One[] {
  if (all.length <= count) return [...all]
  const ranks = Uint32Array.from(all, rank)
  const limit = ranks.toSorted()[count]!
  const chosen = all.filter((_, at) => ranks[at]! < limit)
  // Equal ranks at the border: the names are equal too, so the position decides.
  for (let at = 0; chosen.length < count; at++) if (ranks[at] === limit) chosen.push(all[at]!)
  return chosen
}
