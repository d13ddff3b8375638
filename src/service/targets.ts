import type { ClientClass } from '../client/call.ts'
import { clientClass } from '../client/clientClass.ts'
import { loadUndici } from '../client/endpoint.ts'
import { Target } from '../client/target.ts'
import type { ClientOptions } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import type { Registry } from '../discovery/registry.ts'
import type { LateLog } from '../log/late.ts'
import { Certificates } from '../tls/certificates.ts'
import type { Config } from './config.ts'
import type { Definition } from './definition.ts'
import type { Metering } from './metering.ts'

/** The services that a service calls. */
export class Targets implements AsyncDisposable {
  readonly #definition: Definition
  readonly #metering: Metering
  readonly #certificates: Certificates
  readonly #log: LateLog
  readonly #targets: Target[] = []
  readonly #ownCertificates: Certificates[] = []

  /** `certificates` are for what is called without any of its own. */
  constructor(definition: Definition, metering: Metering, certificates: Certificates, log: LateLog) {
    this.#definition = definition
    this.#metering = metering
    this.#certificates = certificates
    this.#log = log
  }

  /** Their clients by the names that handlers use; `standIn` takes the place of all of them in a test. */
  connect(
    registry: Registry,
    config: Config,
    standIn: ((callee: Contract) => ClientClass<Contract>) | undefined,
  ): Record<string, ClientClass<Contract>> {
    const { clients = {}, calls = {} } = this.#definition
    const classOf = (name: string, callee: Contract): ClientClass<Contract> =>
      standIn?.(callee) ?? this.#open(callee, registry, config, calls[name])
    return Object.fromEntries(Object.entries(clients).map(([name, callee]) => [name, classOf(name, callee)]))
  }

  /** Loads what the first call needs, once the service is ready: it is a tenth of a start. */
  prepare(): void {
    if (this.#targets.length > 0) setTimeout(() => void loadUndici(), 500).unref()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#targets.map((target) => target[Symbol.asyncDispose]()))
    for (const certificates of this.#ownCertificates) certificates.close()
  }

  #open(callee: Contract, registry: Registry, config: Config, options: ClientOptions = {}): ClientClass<Contract> {
    if (!isSought(callee.name, config)) {
      this.#log.warn(
        { callee: callee.name },
        'nothing says where a service is that this one calls: set TRICUBE_SERVICES, CONSUL_HTTP_ADDR or TRICUBE_DNS',
      )
    }
    const target = new Target(callee, registry, options, config, this.#certificatesFor(options))
    this.#targets.push(target)
    if (config.metricsExporter === 'none') return clientClass(callee, target, options)
    this.#metering.calls.watch(callee.name, () => target.stats)
    return clientClass(callee, target, options, this.#metering.calls)
  }

  #certificatesFor({ tls }: ClientOptions): Certificates {
    if (!tls) return this.#certificates
    const certificates = new Certificates(tls, this.#log)
    this.#ownCertificates.push(certificates)
    return certificates
  }
}

/** Whether there is anything that could name its instances. */
function isSought(service: string, { consulAddress, dnsName, services }: Config): boolean {
  return consulAddress !== undefined || dnsName !== undefined || Object.hasOwn(services, service)
}
