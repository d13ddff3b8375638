import { dnsRegistry, type Instance } from 'tricube/discovery'
import { expect, it, onTestFinished, vi } from 'vitest'
import { nameServer, type NameRecord } from './nameServer.ts'
import { VirtualClock } from './virtualClock.ts'

/** What a caller sees of role-service, on a virtual clock. */
async function watched(name: string, records: Readonly<Record<string, readonly NameRecord[]>>) {
  const server = await nameServer(records)
  const clock = new VirtualClock()
  const registry = dnsRegistry({ name, servers: [server.address], clock, random: () => 0 })
  const seen: (readonly Instance[])[] = []
  onTestFinished(registry.watch('role-service', (instances) => seen.push(instances)))
  /** The clock is virtual, the name server is not: who has its response waits on the clock again. */
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms)
    await expect.poll(() => clock.waiting, { interval: 1 }).toBe(1)
  }
  await vi.waitFor(() => expect(seen).toHaveLength(1))
  const ports = () => seen.at(-1)!.map(({ address, port }) => `${address}:${port}`)
  return { server, seen, pass, ports }
}

it('resolves SRV records of the lowest priority number with weights and addresses', async () => {
  const { seen } = await watched('_http._tcp.{service}.prod', {
    '_http._tcp.role-service.prod': [
      { name: 'a.prod', port: 8021, priority: 1, weight: 3 },
      { name: 'b.prod', port: 8022, priority: 1 },
      { name: 'later.prod', port: 8023, priority: 2 },
    ],
    'a.prod': [{ address: '10.0.0.1' }],
    'b.prod': [{ address: 'fd00::2' }],
    'later.prod': [{ address: '10.0.0.3' }],
  })
  const service = 'role-service'
  expect(seen).toEqual([
    [
      { id: 'role-service@10.0.0.1:8021', service, address: '10.0.0.1', port: 8021, weight: 3 },
      { id: 'role-service@[fd00::2]:8022', service, address: 'fd00::2', port: 8022 },
    ],
  ])
})

it('resolves addresses again when their time to live is over', async () => {
  const { server, pass, ports } = await watched('{service}.prod:8080', {
    'role-service.prod': [
      { address: '10.0.0.2', ttl: 20 },
      { address: '10.0.0.1', ttl: 40 },
    ],
  })
  expect(ports()).toEqual(['10.0.0.1:8080', '10.0.0.2:8080'])
  server.records = { 'role-service.prod': [{ address: '10.0.0.3', ttl: 0 }] }
  await pass(19_000)
  expect(server.queries).toHaveLength(1)
  await pass(1000)
  expect(ports()).toEqual(['10.0.0.3:8080'])
  await pass(4000)
  expect(server.queries).toHaveLength(2) // a time to live of 0 is taken for 5 s
  await pass(1000)
  expect(server.queries).toHaveLength(3)
})

it('keeps the known instances while the name server fails or suddenly returns none', async () => {
  const records = { 'role-service.prod': [{ address: '10.0.0.1', ttl: 10 }] }
  const { server, seen, pass } = await watched('{service}.prod:8080', records)
  server.failure = 2
  await pass(10_000)
  for (let i = 0; i < 10; i += 1) await pass(15_000)
  server.failure = 0
  for (let i = 0; i < 4; i += 1) await pass(15_000)
  expect(seen).toHaveLength(1)

  server.records = {}
  const before = server.queries.length
  while (server.queries.length === before) await pass(1000)
  await pass(29_000)
  expect(seen).toHaveLength(1)
  await pass(2000)
  expect(seen.slice(1)).toEqual([[]])
})

it('rejects a name without {service}', () => {
  expect(() => dnsRegistry({ name: 'prod.svc.cluster.local' })).toThrow(
    '"prod.svc.cluster.local" must contain {service}, as in {service}.prod.svc.cluster.local:8080',
  )
})
