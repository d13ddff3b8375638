import type { Contract } from '../../contract/contract.ts'
import { originOf } from '../../discovery/instances.ts'
import type { Instance, Registry } from '../../discovery/registry.ts'
import type { Member } from '../../resilience/backend.ts'
import { noEjection, outlierEjection } from '../../resilience/ejection.ts'
import { Fleet } from '../../resilience/fleet.ts'
import { noSubset, subset } from '../../resilience/subset.ts'
import { isDoneWithin } from '../../time/timeout.ts'
import type { Certificates } from '../../tls/certificates.ts'
import { balancers } from './balancers.ts'
import { Endpoint, type EndpointOptions, type LaneStats, type OnProblem } from './endpoint.ts'
import type { ClientOptions } from '../types.ts'

/** Where a caller is. */
export interface Whereabouts {
  readonly region?: string | undefined
  readonly zone?: string | undefined
}

/** Longest a call waits for the registry's first answer, in milliseconds. */
const firstAnswerMs = 1000
const maxResponseBytes = 16 * 1024 * 1024

/** The instances of one service, as its registry tells them, each with its connections. */
export class Members implements AsyncDisposable {
  readonly fleet: Fleet<Endpoint>
  readonly #certificates: Certificates
  readonly #endpointOptions: EndpointOptions
  readonly #laneStats: LaneStats = { laneCalls: 0, laneResends: 0 }
  readonly #unwatch: () => void
  #endpoints = new Map<string, Endpoint>()
  #isKnown = false
  #known!: () => void
  readonly #whenKnown = new Promise<void>((resolve) => (this.#known = resolve))

  constructor(
    contract: Contract,
    registry: Registry,
    options: ClientOptions,
    { region, zone }: Whereabouts,
    certificates: Certificates,
    onProblem?: OnProblem,
  ) {
    const { balancer = 'p2c', ejection = {}, subset: limit = 100 } = options
    const isWhole = limit === false || balancer === 'consistent-hash' // all callers have to see the same ring
    this.#certificates = certificates
    this.#endpointOptions = {
      maxResponseBytes: options.maxResponseBytes ?? maxResponseBytes,
      usesLanes: options.lanes ?? true,
      stats: this.#laneStats,
      onProblem,
    }
    this.fleet = new Fleet({
      balancer: balancers[balancer](),
      ejection: ejection === false ? noEjection : outlierEjection(ejection),
      subset: isWhole ? noSubset : subset({ caller: Math.floor(Math.random() * 2 ** 32), limit, region }),
      region,
      zone,
      partitioned: contract.partitioned,
    })
    this.#unwatch = registry.watch(contract.name, (instances) => this.#update(instances))
  }

  /** Whether the registry has answered. */
  get isKnown(): boolean {
    return this.#isKnown
  }

  /** What has come of its lanes. */
  get laneStats(): Readonly<LaneStats> & { readonly lanes: number } {
    let lanes = 0
    for (const endpoint of this.#endpoints.values()) lanes += endpoint.lanes
    return { ...this.#laneStats, lanes }
  }

  /** Resolves with the registry's first answer, or when that takes too long. */
  async whenKnown(timeoutMs: number): Promise<void> {
    await isDoneWithin(Math.min(timeoutMs, firstAnswerMs), this.#whenKnown)
  }

  /** Stops following the registry, answers what is in flight, ends the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.close()))
  }

  #update(instances: readonly Instance[]): void {
    const members = instances.map((instance) => this.#memberOf(instance))
    this.fleet.update(members, performance.now())
    const kept = new Map<string, Endpoint>()
    for (const { key, item } of this.fleet.backends) kept.set(key, item)
    for (const [key, endpoint] of this.#endpoints) if (!kept.has(key)) void endpoint.close()
    this.#endpoints = kept
    this.#isKnown = true
    this.#known()
  }

  #memberOf(instance: Instance): Member<Endpoint> {
    const { weight, region, zone } = instance
    const key = originOf(instance)
    const item = this.#endpoints.get(key) ?? new Endpoint(instance, this.#certificates, this.#endpointOptions)
    return { key, item, weight, region, zone }
  }
}
