import { Resolver } from 'node:dns/promises'
import type { SrvRecord } from 'node:dns'
import type { LateLog } from '../log/late.ts'
import { Belief, usualDoubtMs } from './belief.ts'
import { systemClock, type Clock } from '../time/clock.ts'
import { byId, hostPort, instanceSets } from './instances.ts'
import { retryDelayMs } from '../time/pace.ts'
import type { Instance, Registry } from './registry.ts'

/** Which names are asked for. */
export interface DnsOptions {
  /**
   * A service's name in the DNS, with `{service}` in it: of SRV records (`_http._tcp.{service}.prod.svc.cluster.local`),
   * or, with a port, of addresses (`{service}.prod.svc.cluster.local:8080`). With `https://` before it they are called by
   * TLS; a certificate is then for the name without port and `_http._tcp`.
   */
  readonly name: string
  /** Name servers, `address:port`. Default: the machine's. */
  readonly servers?: readonly string[]
  readonly log?: LateLog | undefined
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * Services find each other by DNS: names are asked for again when their time to live is over. Registering is up to
 * whoever runs the name server.
 *
 * @throws {TypeError} when the name has no `{service}`
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
    const belief = new Belief<readonly Instance[]>(instanceSets, usualDoubtMs)
    let failures = 0
    while (!signal.aborted) {
      try {
        const { instances, ttlMs } = await look(service)
        if (signal.aborted) return
        failures = 0
        if (belief.answer(instances, clock.now())) onChange(belief.value!)
        await clock.wait(belief.doubtLeftMs(clock.now()) ?? Math.min(longestMs, Math.max(shortestMs, ttlMs)), signal)
      } catch (error) {
        belief.fail()
        failures += 1
        if (failures === 1)
          log?.warn({ err: error, service }, 'the name server does not answer; what was known is kept')
        await clock.wait(retryDelayMs(failures, random), signal)
      }
    }
  }
}

interface Found {
  readonly instances: readonly Instance[]
  readonly ttlMs: number
}

function lookup({ name, servers }: DnsOptions): (service: string) => Promise<Found> {
  const [, scheme, template, port] = /^(https?:\/\/)?(.*?)(?::(\d{1,5}))?$/.exec(name) as unknown as Parsed
  if (!template.includes('{service}')) throw new TypeError(`"${name}" has no {service} in it`)
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  if (servers) resolver.setServers(servers)
  return (service) => {
    const host = template.replace('{service}', service)
    // RFC 6125, 6.2.1: the name that was asked for, not the one that an answer led to
    const secure = scheme === 'https://' ? { secure: true, serverName: host.replace(/^(?:_[^.]+\.)+/, '') } : {}
    const wanted = { service, ...secure }
    return port === undefined
      ? srv(resolver, wanted, host)
      : addresses(resolver, wanted, { name: host, port: Number(port) })
  }
}

type Parsed = [whole: string, scheme: string | undefined, template: string, port: string | undefined]

/** What all instances of a name have in common. */
type Wanted = Pick<Instance, 'service' | 'secure' | 'serverName'>

/** The records of the most urgent priority (RFC 2782), each with the addresses of its host. */
async function srv(resolver: Resolver, wanted: Wanted, name: string): Promise<Found> {
  const records = await orNone(resolver.resolveSrv(name))
  const urgent = Math.min(...records.map(({ priority }) => priority))
  const found = await Promise.all(
    records.filter(({ priority }) => priority === urgent).map((record) => addresses(resolver, wanted, record)),
  )
  return {
    instances: byId(found.flatMap(({ instances }) => instances)),
    ttlMs: Math.min(longestMs, ...found.map(({ ttlMs }) => ttlMs)), // Node does not tell that of an SRV record itself
  }
}

async function addresses(
  resolver: Resolver,
  wanted: Wanted,
  { name, port, weight = 0 }: Pick<SrvRecord, 'name' | 'port'> & Partial<SrvRecord>,
): Promise<Found> {
  const four = await orNone(resolver.resolve4(name, { ttl: true }))
  const records = four.length > 0 ? four : await orNone(resolver.resolve6(name, { ttl: true }))
  return {
    instances: byId(
      records.map(({ address }) => ({
        ...wanted,
        id: `${wanted.service}@${hostPort(address, port)}`,
        address,
        port,
        ...(weight > 0 && { weight }),
      })),
    ),
    ttlMs: Math.min(longestMs, ...records.map(({ ttl }) => ttl * 1000)),
  }
}

/** No such name, or no such records of it, is an answer too. */
async function orNone<Item>(records: Promise<Item[]>): Promise<Item[]> {
  return records.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return []
    throw error
  })
}

/** Names with a shorter time to live are asked for this often all the same. */
const shortestMs = 5000
const longestMs = 60_000
