import { Backend, type Member } from './backend.ts'
import type { Balancer } from './balancer.ts'
import type { Ejection, InstanceFailure } from './ejection.ts'
import { hashText } from './hash.ts'
import { tiersOf, type Tier } from './locality.ts'
import type { Random } from './random.ts'
import type { Subsetting } from './subset.ts'

/** The policies of a fleet. */
export interface FleetOptions {
  readonly balancer: Balancer
  readonly ejection: Ejection
  readonly subset: Subsetting
  readonly random?: Random
  /** The caller's own region and zone. */
  readonly region?: string | undefined
  readonly zone?: string | undefined
  /** Whether calls never leave their region. */
  readonly partitioned?: boolean | undefined
}

/** The preferences of one call. */
export interface PickPreferences {
  /** Default: the caller's own region. */
  readonly region?: string | undefined
  /** Calls with the same key go to the same instance, if the balancer supports it. */
  readonly hashKey?: string | undefined
}

/**
 * The instances of a service for one caller: known, ejected and near ones, and the choice for each call.
 *
 * Changes prepare everything; a pick costs the same for ten instances and ten thousand.
 */
export class Fleet<Item> {
  readonly #options: FleetOptions
  readonly #random: Random
  readonly #backends = new Map<string, Backend<Item>>()
  readonly #tiers = new Map<string | undefined, readonly Tier[]>()
  #ejected = 0
  #ejections = 0
  #nextReturn = Number.POSITIVE_INFINITY

  constructor(options: FleetOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
  }

  /** The instances in use. */
  get backends(): Iterable<Backend<Item>> {
    return this.#backends.values()
  }

  /** The number of instances in use. */
  get size(): number {
    return this.#backends.size
  }

  /** The number of ejected instances. */
  get ejected(): number {
    return this.#ejected
  }

  /** The number of ejections since the start. */
  get ejections(): number {
    return this.#ejections
  }

  /** Updates the set of members; returns those that were removed. */
  update(members: readonly Member<Item>[], now: number): readonly Backend<Item>[] {
    const chosen = new Map(this.#options.subset(members).map((member) => [member.key, member]))
    const gone = [...this.#backends.values()].filter((backend) => !isSame(backend, chosen.get(backend.key)))
    const isFirst = this.#backends.size === 0
    const cost = this.#meanCostMs(now)
    for (const { key } of gone) this.#backends.delete(key)
    for (const member of chosen.values()) {
      if (this.#backends.has(member.key)) continue
      // At the start all are new, so a slow start would have no instance to shift load to.
      this.#backends.set(member.key, new Backend(member, isFirst ? Number.NEGATIVE_INFINITY : now, now, cost))
    }
    this.#changed()
    return gone
  }

  /** Picks the instance of a call, preferably one that has not been tried. */
  pick(
    now: number,
    preferences: PickPreferences = {},
    tried: readonly Backend<Item>[] = [],
  ): Backend<Item> | undefined {
    if (now >= this.#nextReturn) this.#readmit(now)
    const { balancer } = this.#options
    const { hashKey } = preferences
    const tiers = this.#tiersFor(preferences.region ?? this.#options.region)
    if (tiers.length === 0) return undefined
    const point = tiers.length === 1 ? 0 : hashKey === undefined ? this.#random() : hashText(hashKey) / 2 ** 32
    const { candidates } = tiers.find(({ upTo }) => point < upTo) ?? tiers.at(-1)!
    const picked = balancer.pick(candidates, now, hashKey) as Backend<Item> | undefined
    if (picked === undefined || !tried.includes(picked)) return picked
    return this.#untried(tiers, tried) ?? picked
  }

  /** Records a failed call. */
  failed(backend: Backend<Item>, now: number, latencyMs: number, failure: InstanceFailure = 'failed'): void {
    backend.fail(now, latencyMs)
    const ejectedMs = this.#options.ejection.onFailure(backend, now, failure)
    if (ejectedMs === 0 || this.#backends.get(backend.key) !== backend) return
    backend.isEjected = true
    backend.ejectedUntil = now + ejectedMs
    this.#ejections += 1
    this.#changed()
  }

  /**
   * Records that an instance closes its connection after a response. One that used to keep it open is about to stop. It is
   * avoided for a while if there are others, even if the registry still lists it.
   */
  leaves(backend: Backend<Item>, now: number): void {
    if (!backend.keepsConnections || backend.leavesUntil !== 0) return
    backend.leavesUntil = now + leavesForMs
    this.#changed()
  }

  #readmit(now: number): void {
    const cost = this.#meanCostMs(now)
    for (const backend of this.#backends.values()) {
      const isBack = backend.leavesUntil > 0 && now >= backend.leavesUntil
      if (isBack) backend.leavesUntil = 0
      if (backend.isEjected ? now >= backend.ejectedUntil : isBack) backend.readmit(now, cost)
    }
    this.#changed()
  }

  #changed(): void {
    this.#tiers.clear()
    this.#ejected = 0
    this.#nextReturn = Number.POSITIVE_INFINITY
    for (const { isEjected, ejectedUntil, leavesUntil } of this.#backends.values()) {
      if (leavesUntil > 0) this.#nextReturn = Math.min(this.#nextReturn, leavesUntil)
      if (!isEjected) continue
      this.#ejected += 1
      this.#nextReturn = Math.min(this.#nextReturn, ejectedUntil)
    }
  }

  #tiersFor(region: string | undefined): readonly Tier[] {
    const known = this.#tiers.get(region)
    if (known) return known
    const { ejection, partitioned, region: own, zone } = this.#options
    const panics = ejection.panics(this.#ejected, this.#backends.size)
    const isUsable = ({ isEjected, leavesUntil }: Backend): boolean => leavesUntil === 0 && (panics || !isEjected)
    const place = { region, zone: region === own ? zone : undefined, strict: partitioned }
    const tiers = tiersOf([...this.#backends.values()], place, isUsable)
    // Regions come from callers: invented ones must not fill the memory.
    if (this.#tiers.size >= mostRegions) this.#tiers.clear()
    this.#tiers.set(region, tiers)
    return tiers
  }

  #untried(tiers: readonly Tier[], tried: readonly Backend<Item>[]): Backend<Item> | undefined {
    const left = tiers.flatMap(({ candidates }) => candidates as readonly Backend<Item>[])
    const others = left.filter((backend) => !tried.includes(backend))
    return others[Math.floor(this.#random() * others.length)]
  }

  /** The assumed cost of an unmeasured instance: the average of the known ones. */
  #meanCostMs(now: number): number {
    let [sum, count] = [0, 0]
    for (const backend of this.#backends.values()) {
      if (backend.isEjected) continue
      sum += backend.costMs(now)
      count += 1
    }
    return count === 0 ? 0 : sum / count
  }
}

const mostRegions = 100
/** Long enough for a service to stop after announcing it, and to start again. */
const leavesForMs = 5000

function isSame<Item>(backend: Backend<Item>, member: Member<Item> | undefined): boolean {
  if (member === undefined) return false
  const { weight = 1, region, zone } = member
  return backend.weight === weight && backend.region === region && backend.zone === zone
}
