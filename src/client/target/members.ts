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

/** The place of a caller. */
export interface Locality {
  readonly region?: string | undefined
  readonly zone?: string | undefined
}

/** The longest wait of a call for the first response of the registry, in milliseconds. */
const registryWaitMs = 1000
const defaultMaxResponseBytes = 16 * 1024 * 1024

/** The instances of one service, kept up to date by its registry, each with its connections. */
export class Members implements AsyncDisposable {
  readonly fleet: Fleet<Endpoint>
  readonly #certificates: Certificates
  readonly #endpointOptions: EndpointOptions
  readonly #laneStats: LaneStats = { laneCalls: 0, laneResends: 0 }
  readonly #unwatch: () => void
  #endpoints = new Map<string, Endpoint>()
  #isReady = false
  #ready!: () => void
  readonly #whenReady = new Promise<void>((resolve) => (this.#ready = resolve))

  constructor(
    contract: Contract,
    registry: Registry,
    options: ClientOptions,
    { region, zone }: Locality,
    certificates: Certificates,
    onProblem?: OnProblem,
  ) {
    const { balancer = 'p2c', ejection = {}, subset: limit = 100 } = options
    const usesAll = limit === false || balancer === 'consistent-hash' // all callers must have the same ring
    this.#certificates = certificates
    this.#endpointOptions = {
      maxResponseBytes: options.maxResponseBytes ?? defaultMaxResponseBytes,
      usesLanes: options.lanes ?? true,
      stats: this.#laneStats,
      onProblem,
    }
    this.fleet = new Fleet({
      balancer: balancers[balancer](),
      ejection: ejection === false ? noEjection : outlierEjection(ejection),
      subset: usesAll ? noSubset : subset({ caller: Math.floor(Math.random() * 2 ** 32), limit, region }),
      region,
      zone,
      partitioned: contract.partitioned,
    })
    this.#unwatch = registry.watch(contract.name, (instances) => this.#update(instances))
  }

  /** Whether the registry has responded once. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** The counters of all lanes, and the number of open ones. */
  get laneStats(): Readonly<LaneStats> & { readonly lanes: number } {
    let lanes = 0
    for (const endpoint of this.#endpoints.values()) lanes += endpoint.lanes
    return { ...this.#laneStats, lanes }
  }

  /** Resolves with the first response of the registry, or after a second, or after `timeoutMs` milliseconds. */
  async whenReady(timeoutMs: number): Promise<void> {
    await isDoneWithin(Math.min(timeoutMs, registryWaitMs), this.#whenReady)
  }

  /** Stops watching the registry, waits for the calls in flight, and closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#unwatch()
    await Promise.all([...this.#endpoints.values()].map((endpoint) => endpoint.dispose()))
  }

  #update(instances: readonly Instance[]): void {
    const members = instances.map((instance) => this.#memberOf(instance))
    this.fleet.update(members, performance.now())
    const current = new Map<string, Endpoint>()
    for (const { key, item } of this.fleet.backends) current.set(key, item)
    for (const [key, endpoint] of this.#endpoints) if (!current.has(key)) void endpoint.close()
    this.#endpoints = current
    this.#isReady = true
    this.#ready()
  }

  #memberOf(instance: Instance): Member<Endpoint> {
    const { weight, region, zone } = instance
    const key = originOf(instance)
    const item = this.#endpoints.get(key) ?? new Endpoint(instance, this.#certificates, this.#endpointOptions)
    return { key, item, weight, region, zone }
  }
}
