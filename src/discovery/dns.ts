import { Resolver } from 'node:dns/promises'
import type { SrvRecord } from 'node:dns'
import type { LateLog } from '../log/late.ts'
import { LastKnown, defaultGraceMs } from './lastKnown.ts'
import { systemClock, type Clock } from '../time/clock.ts'
import { byId, hostPort, instanceSets } from './instances.ts'
import { registryBackoff } from './backoff.ts'
import type { Instance, Registry } from './registry.ts'

/** Options of `dnsRegistry`. */
export interface DnsOptions {
  /**
   * The DNS name of a service, with `{service}` in it. Without a port it names SRV records
   * (`_http._tcp.{service}.prod.svc.cluster.local`); with a port, addresses (`{service}.prod.svc.cluster.local:8080`).
   * With `https://` in front, calls use TLS. The certificate is then for the name without port and `_http._tcp`.
   */
  readonly name: string
  /** Name servers as `address:port`. Default: the system's. */
  readonly servers?: readonly string[]
  readonly log?: LateLog | undefined
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * Returns a registry in which services find each other by DNS. Names are resolved again when their time to live is over.
 * It registers nothing: your name server or your platform does.
 *
 * @throws {TypeError} when the name does not contain `{service}`
 *
 * @example
 * dnsRegistry({ name: '{service}.prod.svc.cluster.local:8080' })
 */
export function dnsRegistry(options: DnsOptions): Registry {
  const { log, clock = systemClock, random = Math.random } = options
  const look = lookup(options)
  return {
    register: () => Promise.resolve(() => Promise.resolve()),
    watch(service, onChange) {
      const end = new AbortController()
      void follow(service, onChange, end.signal)
      return () => end.abort()
    },
  }

  async function follow(
    service: string,
    onChange: (instances: readonly Instance[]) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const lastKnown = new LastKnown<readonly Instance[]>(instanceSets, defaultGraceMs)
    const backoffMs = registryBackoff(random)
    let failures = 0
    while (!signal.aborted) {
      try {
        const { instances, ttlMs } = await look(service)
        if (signal.aborted) return
        failures = 0
        if (lastKnown.update(instances, clock.now())) onChange(lastKnown.value!)
        await clock.wait(lastKnown.graceLeftMs(clock.now()) ?? Math.min(longestMs, Math.max(shortestMs, ttlMs)), signal)
      } catch (error) {
        lastKnown.fail()
        failures += 1
        if (failures === 1) {
          log?.warn({ err: error, service }, 'the name server does not respond: using the last known instances')
        }
        await clock.wait(backoffMs(failures), signal)
      }
    }
  }
}

interface Resolved {
  /** The instances of a name and their time to live in milliseconds. */
  readonly instances: readonly Instance[]
  readonly ttlMs: number
}

function lookup({ name, servers }: DnsOptions): (service: string) => Promise<Resolved> {
  const [, scheme, template, port] = /^(https?:\/\/)?(.*?)(?::(\d{1,5}))?$/.exec(name) as unknown as Parsed
  if (!template.includes('{service}')) {
    throw new TypeError(`"${name}" must contain {service}, as in {service}.prod.svc.cluster.local:8080`)
  }
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  if (servers) resolver.setServers(servers)
  return (service) => {
    const host = template.replace('{service}', service)
    // RFC 6125, 6.2.1: the certificate must match the name that was looked up, not one from the response
    const secure = scheme === 'https://' ? { secure: true, serverName: host.replace(/^(?:_[^.]+\.)+/, '') } : {}
    const common = { service, ...secure }
    return port === undefined
      ? srv(resolver, common, host)
      : addresses(resolver, common, { name: host, port: Number(port) })
  }
}

type Parsed = [match: string, scheme: string | undefined, template: string, port: string | undefined]

/** The fields that all instances of a name share. */
type CommonFields = Pick<Instance, 'service' | 'secure' | 'serverName'>

/** Resolves the SRV records of the lowest priority number (RFC 2782) and the addresses of their hosts. */
async function srv(resolver: Resolver, common: CommonFields, name: string): Promise<Resolved> {
  const records = await orNone(resolver.resolveSrv(name))
  const urgent = Math.min(...records.map(({ priority }) => priority))
  const found = await Promise.all(
    records.filter(({ priority }) => priority === urgent).map((record) => addresses(resolver, common, record)),
  )
  return {
    instances: byId(found.flatMap(({ instances }) => instances)),
    ttlMs: Math.min(longestMs, ...found.map(({ ttlMs }) => ttlMs)), // Node does not expose the TTL of the SRV record itself
  }
}

async function addresses(
  resolver: Resolver,
  common: CommonFields,
  { name, port, weight = 0 }: Pick<SrvRecord, 'name' | 'port'> & Partial<SrvRecord>,
): Promise<Resolved> {
  const four = await orNone(resolver.resolve4(name, { ttl: true }))
  const records = four.length > 0 ? four : await orNone(resolver.resolve6(name, { ttl: true }))
  return {
    instances: byId(
      records.map(({ address }) => ({
        ...common,
        id: `${common.service}@${hostPort(address, port)}`,
        address,
        port,
        ...(weight > 0 && { weight }),
      })),
    ),
    ttlMs: Math.min(longestMs, ...records.map(({ ttl }) => ttl * 1000)),
  }
}

/** A missing name, or one without such records, is a valid empty response. */
async function orNone<Item>(records: Promise<Item[]>): Promise<Item[]> {
  return records.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return []
    throw error
  })
}

/** A name with a shorter time to live is not resolved more often than this. */
const shortestMs = 5000
const longestMs = 60_000
