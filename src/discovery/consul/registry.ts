import type { LateLog } from '../../log/late.ts'
import { addressTowards, isAny, isLoopback } from '../advertise.ts'
import { Belief, usualDoubtMs } from '../belief.ts'
import { systemClock, type Clock } from '../../time/clock.ts'
import { instanceSets, originOf } from '../instances.ts'
import type { Instance, Registry } from '../registry.ts'
import { parseAgentAddress, type AgentAddress } from './address.ts'
import { ConsulAgent, type ConsulTransport } from './agent.ts'
import { toDefinition, toInstances } from './entries.ts'
import { follow, type Surroundings } from './follow.ts'
import { Registration, type Described } from './registration.ts'
import { httpTransport, type ConsulTls } from './transport.ts'

/** Which Consul, and how it is used. */
export interface ConsulOptions {
  /** Where the agent answers. Default `127.0.0.1:8500`. */
  readonly address?: string
  /** Token of an access control list. */
  readonly token?: string | undefined
  /** Whose instances are watched. Default: the agent's own. */
  readonly datacenter?: string | undefined
  readonly tls?: ConsulTls
  /** Tags of what is registered. */
  readonly tags?: readonly string[]
  /**
   * Who finds out whether a registered instance is ready: itself (`ttl`), or the agent by `GET /health/ready` (`http`).
   * Default `ttl`, which works also where the agent cannot reach the service.
   */
  readonly check?: 'ttl' | 'http'
  /** Milliseconds after which an instance that says nothing is no longer named. Default 15,000. */
  readonly ttlMs?: number
  /** Whether any server may answer a query, not only the leader. Default true. */
  readonly stale?: boolean
  readonly log?: LateLog | undefined
  /** How requests are carried. Default: HTTP. */
  readonly transport?: ConsulTransport | undefined
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Numbers from 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/**
 * Services find each other by Consul: https://developer.hashicorp.com/consul
 *
 * @throws {TypeError} when the address is none
 *
 * @example
 * consulRegistry({ address: 'https://consul.internal:8501', token: process.env.CONSUL_HTTP_TOKEN })
 */
export function consulRegistry(options: ConsulOptions = {}): Registry {
  const { tags = [], check = 'ttl', ttlMs = defaultTtlMs } = options
  const address = agentAddress(options)
  const surroundings = surroundingsOf(options)
  return {
    async register(instance, ready = () => Promise.resolve(true)) {
      warnOfLoopback(instance, address, surroundings.log)
      const describe = async (): Promise<Described> => {
        const own = await ownAddress(instance, address)
        const url = `${originOf({ ...instance, address: own ?? '127.0.0.1' })}/health/ready`
        return { definition: toDefinition(instance, own, tags), url }
      }
      const health = { kind: check, periodMs: ttlMs, ready }
      const registration = new Registration(instance.id, describe, health, surroundings)
      await registration.start()
      return () => registration.end()
    },
    watch(service, onChange) {
      const path = `/v1/health/service/${encodeURIComponent(service)}?passing=true`
      const belief = new Belief<readonly Instance[]>(instanceSets, Math.max(usualDoubtMs, 2 * ttlMs))
      return follow({ path, read: toInstances, belief, onChange }, surroundings)
    },
  }
}

/** What everything that talks to one Consul shares. */
export function surroundingsOf(options: ConsulOptions): Surroundings {
  const { token, datacenter, tls, stale = true, log, clock = systemClock, random = Math.random } = options
  const transport = options.transport ?? httpTransport(agentAddress(options), tls)
  return { agent: new ConsulAgent(transport, { token, datacenter }), clock, random, stale, log }
}

function agentAddress({ address = '127.0.0.1:8500', tls }: ConsulOptions): AgentAddress {
  return parseAgentAddress(address, { ssl: tls?.required })
}

/**
 * Where others reach an instance that listens on every address: by the interface that routes to the agent. An agent on
 * this very machine knows better which one that is: then undefined.
 */
async function ownAddress({ address }: Instance, agent: AgentAddress): Promise<string | undefined> {
  if (!isAny(address)) return address
  const found = isHere(agent) ? undefined : await addressTowards(agent.host, agent.port)
  return found === undefined || isLoopback(found) ? undefined : found
}

function warnOfLoopback({ address }: Instance, agent: AgentAddress, log: LateLog | undefined): void {
  if (!isLoopback(address) || isHere(agent)) return
  log?.warn(`registered at ${address}, where no other machine reaches it: set HOST or ADVERTISE_ADDRESS`)
}

function isHere({ host, socketPath }: AgentAddress): boolean {
  return socketPath !== undefined || isLoopback(host)
}

const defaultTtlMs = 15_000
