import type { LateLog } from '../../log/late.ts'
import { addressTowards, isWildcard, isLoopback } from '../advertise.ts'
import { LastKnown, defaultGraceMs } from '../lastKnown.ts'
import { systemClock, type Clock } from '../../time/clock.ts'
import { instanceSets, originOf } from '../instances.ts'
import type { Instance, Registry } from '../registry.ts'
import { parseAgentAddress, type AgentAddress } from './address.ts'
import { ConsulAgent, type ConsulTransport } from './agent.ts'
import { toDefinition, toInstances } from './entries.ts'
import { watchPath, type ConsulContext } from './watch.ts'
import { Registration, type RegistrationDetails } from './registration.ts'
import { httpTransport, type ConsulTls } from './transport.ts'

/** Options of `consulRegistry` and `consulValues`. */
export interface ConsulOptions {
  /** The agent's address. Default `127.0.0.1:8500`. */
  readonly address?: string
  /** The ACL token. */
  readonly token?: string | undefined
  /** The datacenter whose instances are watched. Default: the agent's own. */
  readonly datacenter?: string | undefined
  readonly tls?: ConsulTls
  /** Tags of the registered instances. */
  readonly tags?: readonly string[]
  /**
   * How Consul learns whether an instance is ready: the instance reports it (`ttl`), or the agent requests
   * `GET /health/ready` (`http`). Default `ttl`, which also works where the agent cannot reach the service.
   */
  readonly check?: 'ttl' | 'http'
  /** Milliseconds after which an instance that stopped reporting is no longer returned. Default 15,000. */
  readonly ttlMs?: number
  /** Whether any Consul server may respond to a query, not only the leader. Default true. */
  readonly stale?: boolean
  readonly log?: LateLog | undefined
  /** How requests are sent. Default: HTTP. */
  readonly transport?: ConsulTransport | undefined
  /** Default: the system clock. */
  readonly clock?: Clock
  /** Returns numbers from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/**
 * Returns a registry in which services find each other by Consul: https://developer.hashicorp.com/consul
 *
 * @throws {TypeError} when the address is not one of a Consul agent
 *
 * @example
 * consulRegistry({ address: 'https://consul.internal:8501', token: process.env.CONSUL_HTTP_TOKEN })
 */
export function consulRegistry(options: ConsulOptions = {}): Registry {
  const { tags = [], check = 'ttl', ttlMs = defaultTtlMs } = options
  const address = agentAddress(options)
  const context = consulContext(options)
  return {
    async register(instance, ready = () => Promise.resolve(true)) {
      warnOfLoopback(instance, address, context.log)
      const describe = async (): Promise<RegistrationDetails> => {
        const own = await ownAddress(instance, address)
        const url = `${originOf({ ...instance, address: own ?? '127.0.0.1' })}/health/ready`
        return { definition: toDefinition(instance, own, tags), url }
      }
      const health = { kind: check, periodMs: ttlMs, ready }
      const registration = new Registration(instance.id, describe, health, context)
      await registration.start()
      return () => registration.end()
    },
    watch(service, onChange) {
      const path = `/v1/health/service/${encodeURIComponent(service)}?passing=true`
      const lastKnown = new LastKnown<readonly Instance[]>(instanceSets, Math.max(defaultGraceMs, 2 * ttlMs))
      return watchPath({ path, read: toInstances, lastKnown, onChange }, context)
    },
  }
}

/** Creates what all watches and registrations at one Consul share. */
export function consulContext(options: ConsulOptions): ConsulContext {
  const { token, datacenter, tls, stale = true, log, clock = systemClock, random = Math.random } = options
  const transport = options.transport ?? httpTransport(agentAddress(options), tls)
  return { agent: new ConsulAgent(transport, { token, datacenter }), clock, random, stale, log }
}

function agentAddress({ address = '127.0.0.1:8500', tls }: ConsulOptions): AgentAddress {
  return parseAgentAddress(address, { ssl: tls?.required })
}

/**
 * Returns the address to register for an instance that listens on every interface: its address on the one that routes
 * to the agent. Undefined when the agent runs on this machine, because it then knows the address itself.
 */
async function ownAddress({ address }: Instance, agent: AgentAddress): Promise<string | undefined> {
  if (!isWildcard(address)) return address
  const found = isLocalAgent(agent) ? undefined : await addressTowards(agent.host, agent.port)
  return found === undefined || isLoopback(found) ? undefined : found
}

function warnOfLoopback({ address }: Instance, agent: AgentAddress, log: LateLog | undefined): void {
  if (!isLoopback(address) || isLocalAgent(agent)) return
  log?.warn(
    `registered at ${address}, which other machines cannot reach: set HOST or ADVERTISE_ADDRESS to a reachable address`,
  )
}

function isLocalAgent({ host, socketPath }: AgentAddress): boolean {
  return socketPath !== undefined || isLoopback(host)
}

const defaultTtlMs = 15_000
