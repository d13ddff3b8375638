import type { Backend } from './backend.ts'

/** Some of the instances, and the share of the calls that goes to them. */
export interface Tier {
  /** Upper end of its part of the numbers from 0 to 1; the last tier's is 1. */
  readonly upTo: number
  readonly candidates: readonly Backend[]
}

/** Where a call wants to go. */
export interface Place {
  readonly region?: string | undefined
  /** The zone of the caller, when the region is its own. */
  readonly zone?: string | undefined
  /** Never leaves its region. */
  readonly strict?: boolean | undefined
}

/** Calls stay near until fewer than 1 / 1.4 = 71 % are healthy there. Source: Envoy's overprovisioning factor. */
const overprovisioning = 1.4

/**
 * Splits instances into those of the same zone, of the same region, and the others, and the calls among them: the nearest
 * take all that they can, by the share of them that is healthy, and the rest spills over.
 *
 * A zone is expected to serve a zone's share of its region, so that one with fewer instances than the others spills over
 * as one with unhealthy instances does. Without a region known, or with none of the instances in it, there is one tier.
 *
 * Source: Envoy's priority levels and zone-aware routing
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority).
 */
export function tiersOf(
  backends: readonly Backend[],
  { region, zone, strict = false }: Place,
  isHealthy: (backend: Backend) => boolean,
): readonly Tier[] {
  const near = region === undefined ? [] : backends.filter((backend) => backend.region === region)
  if (strict) return inZone(near, zone, isHealthy, 1)
  if (near.length === 0 || near.length === backends.length) return inZone(backends, zone, isHealthy, 1)
  const far = backends.filter((backend) => backend.region !== region && isHealthy(backend))
  const stays = far.length === 0 ? 1 : capacityOf(near, isHealthy)
  return [...inZone(near, zone, isHealthy, stays), ...tier(far, 1, stays)]
}

/** The tiers of one region, which takes `stays` of all calls. */
function inZone(
  near: readonly Backend[],
  zone: string | undefined,
  isHealthy: (backend: Backend) => boolean,
  stays: number,
): readonly Tier[] {
  if (stays === 0) return []
  const healthy = near.filter(isHealthy)
  const usable = healthy.length > 0 ? healthy : near // ejected or not: there is nobody else
  const same = zone === undefined ? [] : usable.filter((backend) => backend.zone === zone)
  const zones = new Set(near.map((backend) => backend.zone)).size
  const others = usable.filter((backend) => backend.zone !== zone)
  if (same.length === 0 || others.length === 0) return tier(usable, stays, 0)
  const atHome = stays * Math.min(1, (overprovisioning * same.length * zones) / near.length)
  return [...tier(same, atHome, 0), ...tier(others, stays, atHome)]
}

function tier(candidates: readonly Backend[], upTo: number, from: number): readonly Tier[] {
  return candidates.length > 0 && upTo > from ? [{ upTo, candidates }] : []
}

function capacityOf(backends: readonly Backend[], isHealthy: (backend: Backend) => boolean): number {
  return Math.min(1, (overprovisioning * backends.filter(isHealthy).length) / backends.length)
}
