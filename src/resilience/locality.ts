import type { Backend } from './backend.ts'

/** A group of instances and its share of the calls. */
export interface Tier {
  /** The upper end of its part of the numbers from 0 to 1; the last tier's is 1. */
  readonly upTo: number
  readonly candidates: readonly Backend[]
}

/** The preferred place of a call. */
export interface Place {
  readonly region?: string | undefined
  /** The zone of the caller, if the region is its own. */
  readonly zone?: string | undefined
  /** Whether the call never leaves its region. */
  readonly strict?: boolean | undefined
}

/** Calls stay near until fewer than 1 / 1.4 = 71 % are healthy there. Source: Envoy's overprovisioning factor. */
const overprovisioning = 1.4

/**
 * Splits instances into tiers: the same zone, the same region, all other regions. The nearest tier takes as many calls as
 * its healthy share allows, and the rest spills over to the next.
 *
 * A zone should serve a zone's share of its region, so a smaller zone spills over like one with unhealthy instances. There
 * is one tier if the region is unknown or has no instances.
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

/** Returns the tiers of one region, which takes `stays` of all calls. */
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
