import { hostname } from 'node:os'
import { withMethods } from '../../../config/rules.ts'
import type { LiveValues } from '../../../discovery/consul/keyValue.ts'
import type { ConsulOptions } from '../../../discovery/consul/registry.ts'
import type { Instance, Registry } from '../../../discovery/registry.ts'
import { staticRegistry } from '../../../discovery/static.ts'
import type { KubernetesOptions } from '../../../discovery/kubernetes/registry.ts'
import type { LateLog } from '../../../log/late.ts'
import type { Opened, Part } from '../../part.ts'
import { tls } from '../tls.ts'
import { workers } from '../workers/workers.ts'
import { discoverySettings, type DiscoveryConfig } from './discoveryConfig.ts'

/** The option that discovery reads. */
export interface DiscoveryOptions {
  /**
   * Finds services instead of Consul, Kubernetes or DNS from the configuration. Addresses in `TRICUBE_SERVICES` still take precedence.
   */
  readonly registry?: Registry
}

/** Finds other services, and registers this one while it is ready. */
export const discovery: Part<DiscoveryOptions, DiscoveryConfig, Discovery> = {
  name: 'discovery',
  options: { registry: withMethods('a registry such as consulRegistry(…)', ['register', 'watch']) },
  settings: discoverySettings,
  async open({ contract: { name }, config, log, readiness, use, whenListening }, { registry }) {
    const { register } = await use(workers)
    const { isSecure } = await use(tls)
    const isReady = async (): Promise<boolean> => (await readiness()).status === 'ready'
    if (registry && register)
      throw new Error('its registry cannot register several workers: use Consul, or one process')
    const registerAs = register && ((instance: Instance) => register(instance, config as never))
    const opened = await openDiscovery(config, log, { registry, registerAs })
    whenListening(async (at) => {
      if (at) await opened.join(name, { ...at, secure: isSecure }, isReady)
    })
    return opened
  },
}

/** Discovery of a service: it finds other services, they find it, and all share live values. */
export class Discovery implements Opened {
  readonly registry: Registry
  readonly #config: DiscoveryConfig
  readonly #values: LiveValues
  readonly #hasOwnRegistry: boolean
  readonly #watches: (() => void)[] = []
  #joined: Promise<() => Promise<void>> | undefined

  constructor(
    config: DiscoveryConfig,
    registry: Registry,
    values: LiveValues,
    { hasOwnRegistry = false }: { readonly hasOwnRegistry?: boolean } = {},
  ) {
    this.#config = config
    this.registry = registry
    this.#values = values
    this.#hasOwnRegistry = hasOwnRegistry
  }

  /** Registers the service where it listens, while it is ready. */
  async join(
    service: string,
    listening: Pick<Instance, 'address' | 'port' | 'secure'>,
    ready: () => Promise<boolean>,
  ): Promise<void> {
    const { advertiseAddress = listening.address, region, zone, version, weight } = this.#config
    const instance = {
      id: `${service}@${hostname()}:${listening.port}`,
      service,
      address: advertiseAddress,
      port: listening.port,
      ...(listening.secure && { secure: true }),
      ...(region !== undefined && { region }),
      ...(zone !== undefined && { zone }),
      ...(version !== undefined && { version }),
      weight,
    }
    this.#joined = this.registry.register(instance, ready)
    await this.#joined
  }

  /** Whether a registry could know the instances of a service. */
  readonly canLocate = (service: string): boolean => {
    const { consulAddress, kubernetesApi, dnsName, services } = this.#config
    const hasRegistry = this.#hasOwnRegistry || [consulAddress, kubernetesApi, dnsName].some((one) => one !== undefined)
    return hasRegistry || Object.hasOwn(services, service)
  }

  /** The services that `TRICUBE_SERVICES` names. */
  get named(): readonly string[] {
    return Object.keys(this.#config.services)
  }

  /** Where the service runs: near instances are preferred. */
  get location(): Pick<DiscoveryConfig, 'region' | 'zone'> {
    return this.#config
  }

  /** Removes this instance from the registry. Other services are still found. */
  async stopTaking(): Promise<void> {
    const leave = await this.#joined
    this.#joined = undefined
    await leave?.()
  }

  /** Watches a shared value. It is undefined when it does not exist, or without Consul. */
  readonly watch = (key: string, onChange: (value: string | undefined) => void): (() => void) => {
    const unwatch = this.#values.watch(key, onChange)
    this.#watches.push(unwatch)
    return unwatch
  }

  /** Ends all watches. */
  close(): void {
    for (const unwatch of this.#watches.splice(0)) unwatch()
  }
}

interface OpenOptions {
  readonly registry?: Registry | undefined
  /** Replaces the registration where another process registers the service. */
  readonly registerAs?: ((instance: Instance) => void) | undefined
}

/**
 * Opens the service's registry, Consul, Kubernetes or DNS, and loads only that one's code. Addresses in the configuration take
 * precedence for the services that they name.
 */
export async function openDiscovery(
  config: DiscoveryConfig,
  log: LateLog,
  { registry, registerAs }: OpenOptions = {},
): Promise<Discovery> {
  const written = staticRegistry(config.services)
  const beside = (remote: Registry): Registry => ({
    async register(instance, ready) {
      if (!registerAs) return remote.register(instance, ready)
      registerAs(instance)
      return () => Promise.resolve()
    },
    watch: (service, onChange) => (Object.hasOwn(config.services, service) ? written : remote).watch(service, onChange),
  })
  if (registry) return new Discovery(config, beside(registry), noValues, { hasOwnRegistry: true })
  if (config.consulAddress !== undefined) {
    const { consulRegistry, consulValues } = await import('../../../discovery/index.ts')
    const options = consulOptions(config, log)
    return new Discovery(config, beside(consulRegistry(options)), consulValues(options))
  }
  if (config.kubernetesApi !== undefined) {
    const { kubernetesRegistry } = await import('../../../discovery/index.ts')
    return new Discovery(config, beside(kubernetesRegistry(kubernetesOptions(config, log))), noValues)
  }
  if (config.dnsName !== undefined) {
    const { dnsRegistry } = await import('../../../discovery/index.ts')
    return new Discovery(config, beside(dnsRegistry({ name: config.dnsName, log })), noValues)
  }
  return new Discovery(config, beside(written), noValues)
}

function consulOptions(config: DiscoveryConfig, log: LateLog): ConsulOptions {
  return {
    address: config.consulAddress!,
    token: config.consulToken,
    datacenter: config.consulDatacenter,
    tags: config.consulTags,
    check: config.consulCheck,
    tls: {
      required: config.consulTls,
      caFile: config.consulCaFile,
      certFile: config.consulCertFile,
      keyFile: config.consulKeyFile,
      serverName: config.consulServerName,
      verify: config.consulVerify,
    },
    log,
  }
}

function kubernetesOptions(config: DiscoveryConfig, log: LateLog): KubernetesOptions {
  const { kubernetesApi, kubernetesNamespace: namespace, kubernetesPort: port, region, zone } = config
  return { address: kubernetesApi === 'in-cluster' ? undefined : kubernetesApi, namespace, port, region, zone, log }
}

const noValues: LiveValues = {
  watch(_key, onChange) {
    onChange(undefined)
    return () => {}
  },
}
