import type { Caller, ClientClass } from '../../client/call/call.ts'
import { clientClass } from '../../client/clientClass.ts'
import { loadUndici } from '../../client/target/endpoint.ts'
import { Target } from '../../client/target/target.ts'
import type { CalleeOptions, ClientOptions } from '../../client/types.ts'
import type { Contract } from '../../contract/contract.ts'
import { externalAt } from '../../contract/externalPlace.ts'
import { staticRegistry } from '../../discovery/static.ts'
import { Certificates } from '../../tls/certificates.ts'
import type { Host, Opened, Part } from '../part.ts'
import { callsRule, contractsRule, type Callees } from './calls.ts'
import { discovery } from './discovery/discovery.ts'
import { metrics } from './metrics.ts'
import { serviceKey } from './serviceKey.ts'
import { settings } from './settings.ts'
import { tls } from './tls.ts'

/** Options of a service that calls other services. */
export interface ClientsOptions {
  readonly clients?: Callees
  readonly calls?: Readonly<Record<string, (ClientOptions & CalleeOptions) | undefined>>
}

/** Creates the clients of a service. */
export const clients: Part<ClientsOptions, {}, Opened<object>> = {
  name: 'clients',
  options: { clients: contractsRule, calls: callsRule },
  async open(host, { clients: callees = {}, calls = {} }) {
    const targets = await openTargets(host)
    const classes = Object.entries(callees).map(([name, callee]) => [name, targets.open(callee, calls[name])] as const)
    host.whenListening(() => targets.prepare())
    return { ...clientsOf(Object.fromEntries(classes)), close: () => targets.close() }
  },
}

/** The class of `ctx.clients`. */
export function clientsOf(classes: Readonly<Record<string, ClientClass<Contract>>>): Opened<object> {
  const Clients = compileClients(classes)
  return { forRequest: (scope) => new Clients(scope) }
}

/** The targets of calls. */
export interface Targets {
  open(callee: Contract, options: (ClientOptions & CalleeOptions) | undefined): ClientClass<Contract>
  /**
   * Loads the code for the first call once the service is ready. Loading it earlier would take a tenth of the start.
   */
  prepare(): void
  close(): Promise<void>
}

/** Opens the target of a service. */
export async function openTargets({ contract: { name: caller }, log, use }: Host): Promise<Targets> {
  const { registry, location, canLocate, named } = await use(discovery)
  const { calls: callMetrics } = await use(metrics)
  const { certificates } = await use(tls)
  const { values } = await use(settings)
  const { tokenFor } = await use(serviceKey)
  const targets: Target[] = []
  const ownCertificates: Certificates[] = []

  const certificatesFor = ({ tls: files }: ClientOptions): Certificates => {
    if (!files) return certificates
    const own = new Certificates(files, log)
    ownCertificates.push(own)
    return own
  }
  return {
    open(contract, { headers, url, ...options } = {}) {
      const callee = placed(contract, valueOf(url, values))
      if (!callee.external && !canLocate(callee.name)) {
        log.warn(
          { callee: callee.name, ...(named.length > 0 && { named }) },
          'no address is known of a service that this one calls: set TRICUBE_SERVICES, CONSUL_HTTP_ADDR, TRICUBE_KUBERNETES or TRICUBE_DNS',
        )
      }
      const target = new Target(
        callee,
        callee.external ? staticRegistry({ [callee.name]: [callee.external.origin] }) : registry,
        options,
        location,
        certificatesFor(options),
        ({ service, id }, problem) => {
          log.warn({ callee: service, instance: id, problem }, 'closed a shared connection: the callee violated HTTP')
        },
      )
      targets.push(target)
      callMetrics?.watch(callee.name, () => target.stats)
      const fixed = valueOf(headers, values)
      const more = {
        caller,
        commonHeaders: fixed && (() => fixed),
        serviceToken: tokenFor && (() => tokenFor(callee.name)),
      }
      return clientClass(callee, target, { ...options, ...more }, callMetrics)
    },
    prepare() {
      if (targets.length > 0) setTimeout(() => void loadUndici(), 500).unref()
    },
    async close() {
      await Promise.all(targets.map((target) => target[Symbol.asyncDispose]()))
      for (const own of ownCertificates) own.close()
    },
  }
}

/** Returns an option that may depend on the settings. */
function valueOf<Value extends string | object>(
  option: Value | ((settings: never) => Value) | undefined,
  settings: object,
): Value | undefined {
  return typeof option === 'function' ? option(settings as never) : option
}

/** Moves an external API to another URL. */
function placed(contract: Contract, url: string | undefined): Contract {
  return url === undefined || !contract.external ? contract : { ...contract, external: externalAt(new URL(url)) }
}

const callerKey = Symbol('caller')

/** Compiles the clients into a class with a getter for each. `clients.roles` allocates one object when it is read. */
function compileClients(classes: Readonly<Record<string, ClientClass<Contract>>>): new (caller: Caller) => object {
  class Clients {
    readonly [callerKey]: Caller
    constructor(caller: Caller) {
      this[callerKey] = caller
    }
  }
  for (const [name, BoundClient] of Object.entries(classes)) {
    Object.defineProperty(Clients.prototype, name, {
      enumerable: true,
      get(this: Clients) {
        return new BoundClient(this[callerKey])
      },
    })
  }
  return Clients
}
