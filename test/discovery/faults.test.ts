/** What a registry's faults do to the services that use it: days of trouble on a virtual clock. */
import fc from 'fast-check'
import { consulRegistry, type ConsulResponse, type ConsulTransport, type Instance } from 'tricube/discovery'
import { fakeConsul, type FakeConsul, type Fault } from 'tricube/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { VirtualClock } from './virtualClock.ts'

const minute = 60_000
const ttlMs = 15_000

/** A fake Consul, three instances of role-service that keep themselves registered, and a caller that watches them. */
async function fleet() {
  const clock = new VirtualClock()
  const consul = await fakeConsul({ clock })
  const transport = bounded(consul.transport, clock)
  const registry = consulRegistry({ transport, clock, ttlMs, random: () => 0.5 })
  const ports = [8021, 8022, 8023]
  const ready = new Set(ports)
  const leave = await Promise.all(
    ports.map((port) => {
      const instance = { id: `role-${port}`, service: 'role-service', address: '127.0.0.1', port }
      return registry.register(instance, async () => ready.has(port))
    }),
  )
  const seen = follow(registry, 'role-service', clock)
  const end = async () => {
    seen.end()
    await Promise.all([...leave.map((end) => end()), clock.advance(5000)])
    await consul[Symbol.asyncDispose]()
  }
  onTestFinished(end)
  await clock.advance(1)
  expect(seen.now()).toEqual(ports)
  return { end, clock, consul, ports, ready, leave, seen }
}

/** Fails what asks without end, which no virtual clock would ever interrupt. */
function bounded(transport: ConsulTransport, clock: VirtualClock): ConsulTransport {
  let [at, requests] = [0, 0]
  return async (request) => {
    ;[at, requests] = clock.now() === at ? [at, requests + 1] : [clock.now(), 0]
    if (requests > 50) throw new Error('the requests never end')
    return transport(request)
  }
}

/** What a caller is reported, with the time of each change. */
function follow(registry: ReturnType<typeof consulRegistry>, service: string, clock: VirtualClock) {
  const changes: { at: number; ports: number[] }[] = []
  const end = registry.watch(service, (instances: readonly Instance[]) =>
    changes.push({ at: clock.now(), ports: instances.map(({ port }) => port) }),
  )
  return {
    changes,
    end,
    now: () => changes.at(-1)?.ports,
    least: () => Math.min(...changes.map((c) => c.ports.length)),
  }
}

/** Counts the caller's queries, at their times. */
function queries(consul: FakeConsul, clock: VirtualClock, change = (response: ConsulResponse) => response) {
  const times: number[] = []
  consul.fault = async (request, next) => {
    if (!request.path.startsWith('/v1/health/')) return next(request)
    times.push(clock.now())
    return change(await next(request))
  }
  return times
}

/** At most one in 15 s, after the two that may follow each other at once. */
function expectPaced(times: readonly number[]): void {
  times.forEach((time, i) => {
    const within = times.filter((other) => other >= time && other < time + 2 * minute).length
    expect(within, `from query ${i} on`).toBeLessThanOrEqual(2 + (2 * minute) / 15_000)
  })
}

describe('a registry that fails', () => {
  it('keeps all instances while the registry is down for 10 minutes', async () => {
    const { clock, consul, ports, seen } = await fleet()
    await clock.advance(minute)
    await consul.stop()
    await clock.advance(10 * minute)
    expect(seen.now()).toEqual(ports)
    await consul.start() // where every TTL has lapsed meanwhile
    await clock.advance(10 * minute)
    expect(seen.changes).toHaveLength(1)
  })

  it('registers again within one TTL after an empty restart, and callers keep all instances', async () => {
    const { clock, consul, ports, seen } = await fleet()
    await clock.advance(minute)
    await consul.stop()
    consul.forget()
    await consul.start()
    const fresh = follow(consulRegistry({ transport: consul.transport, clock }), 'role-service', clock)
    onTestFinished(fresh.end)
    await clock.advance(ttlMs)
    const response = await consul.transport({
      method: 'GET',
      path: '/v1/health/service/role-service?passing=true',
      headers: {},
      signal: new AbortController().signal,
    })
    expect(JSON.parse(response.body)).toHaveLength(3)
    await clock.advance(10 * minute)
    expect(fresh.now()).toEqual(ports)
    expect(seen.changes).toHaveLength(1)
  })

  it('keeps the instances and does not query more often while the registry responds with 500', async () => {
    const { clock, consul, seen } = await fleet()
    await clock.advance(minute)
    let requests = 0
    consul.fault = (request) => {
      requests += Number(request.path.startsWith('/v1/health/'))
      return { status: 500, headers: {}, body: 'No cluster leader' }
    }
    await clock.advance(10 * minute)
    expect(requests).toBeGreaterThan(20)
    expect(requests).toBeLessThanOrEqual(2 + (10 * minute) / 15_000)
    consul.fault = undefined
    await clock.advance(10 * minute)
    expect(seen.changes).toHaveLength(1)
  })

  it('keeps the instances after a response that is not JSON', async () => {
    const { clock, consul, seen } = await fleet()
    consul.fault = () => ({ status: 200, headers: { 'x-consul-index': '7' }, body: '<html>' })
    await clock.advance(10 * minute)
    expect(seen.changes).toHaveLength(1)
  })

  it('cancels and retries a query that gets no response', async () => {
    const { clock, consul, seen } = await fleet()
    let requests = 0
    consul.fault = ({ signal }) => {
      requests += 1
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    }
    await clock.advance(10 * minute)
    expect(requests).toBeGreaterThan(8)
    consul.fault = undefined
    await clock.advance(2 * minute)
    expect(seen.changes).toHaveLength(1)
  })

  it.each([
    ['an index that goes backwards', (n: number) => 1000 - n],
    ['an index of 0', () => 0],
    ['an index that is a word', () => 'soon'],
    ['an index that jumps', (n: number) => (n * 7919) % 1000],
  ])('%s: keeps all sets, and sends at most one query in 15 s', async (_, indexOf) => {
    const { clock, consul, ports, seen } = await fleet()
    await clock.advance(minute)
    let n = 0
    const times = queries(consul, clock, (response) => ({
      ...response,
      headers: { ...response.headers, 'x-consul-index': String(indexOf((n += 1))) },
    }))
    await clock.advance(10 * minute)
    expectPaced(times)
    expect(seen.changes).toHaveLength(1)

    consul.fault = undefined // and changes are still followed
    await clock.advance(2 * minute)
    expect(seen.now()).toEqual(ports)
  })

  it('keeps all instances until the second query when a registry comes back with only some', async () => {
    const { clock, consul, ports, seen } = await fleet()
    await clock.advance(minute)
    consul.fault = () => ({ status: 500, headers: {}, body: 'No cluster leader' })
    await clock.advance(5 * minute)
    const partialUntil = clock.now() + 2 * ttlMs
    consul.fault = async (request, next) => {
      const response = await next(request)
      if (!request.path.startsWith('/v1/health/') || clock.now() >= partialUntil) return response
      return { ...response, body: JSON.stringify(JSON.parse(response.body).slice(1)) }
    }
    await clock.advance(5 * minute)
    expect(seen.changes).toEqual([{ at: 0, ports }])
  })

  it('keeps an instance until the second query when the history goes backwards', async () => {
    const { clock, consul, ports, seen } = await fleet()
    await clock.advance(minute)
    let restoredAt = Infinity
    consul.fault = async (request, next) => {
      if (!request.path.startsWith('/v1/health/')) return next(request)
      restoredAt = Math.min(restoredAt, clock.now())
      const { body, ...response } = await next({ ...request, path: request.path.replace(/&index=\d+/, '') })
      return { ...response, headers: { 'x-consul-index': '2' }, body: JSON.stringify(JSON.parse(body).slice(1)) }
    }
    await clock.advance(4 * minute)
    expect(seen.changes.map((change) => change.ports)).toEqual([ports, [8022, 8023]])
    expect(seen.changes[1]!.at).toBeGreaterThanOrEqual(restoredAt + 2 * ttlMs)
  })

  it('accepts a sudden empty response only after a second query to the leader', async () => {
    const { clock, consul, ports, seen } = await fleet()
    await clock.advance(minute)
    const queries: URLSearchParams[] = []
    let emptyAt = Infinity
    consul.fault = (request, next) => {
      if (!request.path.startsWith('/v1/health/')) return next(request)
      queries.push(new URL(request.path, 'http://agent').searchParams)
      emptyAt = Math.min(emptyAt, clock.now())
      return { status: 200, body: '[]', headers: { 'x-consul-index': '1000' } }
    }
    await clock.advance(2 * minute)
    expect(seen.changes.map((change) => change.ports)).toEqual([ports, []])
    expect(seen.changes[1]!.at).toBeGreaterThanOrEqual(emptyAt + 2 * ttlMs)
    expect(queries.slice(1).map((query) => query.has('stale'))).toContain(false)
  })
})

it('loses no instance and limits its queries under any order of faults', async () => {
  const kinds = {
    500: async () => ({ status: 500, headers: {}, body: '' }),
    garbage: async () => ({ status: 200, headers: { 'x-consul-index': '5' }, body: '{' }),
    hang: ({ signal }) =>
      new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(new Error('cut')))),
    backwards: async (request, next) => withIndex(await next(request), (n) => 10_000 - n),
    zero: async (request, next) => withIndex(await next(request), () => 0),
  } satisfies Record<string, Fault>
  const anyTrouble = fc.record({
    kind: fc.constantFrom('down' as const, 'forget' as const, ...(Object.keys(kinds) as (keyof typeof kinds)[])),
    ms: fc.integer({ min: 1, max: 4 * minute }),
    quietMs: fc.integer({ min: 30_000, max: 3 * minute }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(anyTrouble, { minLength: 1, maxLength: 6 }), async (troubles) => {
      const { clock, consul, seen, end } = await fleet()
      const times: number[] = []
      const watched: Fault = (request, next) => {
        if (request.path.startsWith('/v1/health/')) times.push(clock.now())
        return next(request)
      }
      for (const { kind, ms, quietMs } of troubles) {
        if (kind === 'down' || kind === 'forget') await consul.stop()
        else consul.fault = (request, next) => watched(request, (request) => kinds[kind](request, next))
        if (kind === 'forget') consul.forget()
        await clock.advance(ms)
        if (kind === 'down' || kind === 'forget') await consul.start()
        consul.fault = watched
        await clock.advance(quietMs)
      }
      expect(seen.changes).toHaveLength(1)
      expectPaced(times)
      await end()
    }),
    { numRuns: 20 },
  )
})

function withIndex(response: ConsulResponse, change: (index: number) => number): ConsulResponse {
  const index = change(Number(response.headers['x-consul-index']))
  return { ...response, headers: { ...response.headers, 'x-consul-index': String(index) } }
}

describe('instances that come and go', () => {
  it('sends at most one query in 15 s while an instance flaps for 10 minutes', async () => {
    const { clock, consul, ports, ready, seen } = await fleet()
    await clock.advance(minute)
    const times = queries(consul, clock)
    for (let i = 0; i < 120; i += 1) {
      ;[8021, 8022].forEach((port) => (i % 2 ? ready.add(port) : ready.delete(port)))
      await clock.advance(5000)
    }
    expectPaced(times)
    expect(seen.least()).toBe(1)
    ports.forEach((port) => ready.add(port))
    await clock.advance(minute)
    expect(seen.now()).toEqual(ports)
  })

  it('removes an instance that deregisters at once', async () => {
    const { clock, leave, seen } = await fleet()
    await clock.advance(minute)
    await leave[0]!()
    await clock.advance(1)
    expect(seen.changes[1]).toEqual({ at: minute + 1, ports: [8022, 8023] })
  })

  it('leaves out an instance until it is ready', async () => {
    const { clock, ready, seen } = await fleet()
    await clock.advance(minute)
    ready.delete(8022)
    await clock.advance(ttlMs / 3)
    expect(seen.now()).toEqual([8021, 8023])
    ready.add(8022)
    await clock.advance(minute)
    expect(seen.now()).toEqual([8021, 8022, 8023])
  })

  it('leaves out an instance whose readiness check fails', async () => {
    const { clock, consul, seen } = await fleet()
    let ready = () => Promise.resolve(true)
    const hangs = { id: 'role-8024', service: 'role-service', address: '127.0.0.1', port: 8024 }
    const registry = consulRegistry({ transport: consul.transport, clock })
    const leave = await registry.register(hangs, () => ready())
    onTestFinished(async () => void (await Promise.all([leave(), clock.advance(10_000)])))
    await clock.advance(minute)
    ready = () => new Promise(() => {})
    await clock.advance(ttlMs / 2)
    expect(seen.now()).toEqual([8021, 8022, 8023])
    ready = () => Promise.reject(new Error('no'))
    await clock.advance(minute)
    expect(seen.now()).toEqual([8021, 8022, 8023])
  })

  it('leaves out a crashed instance within one TTL and removes it a minute later', async () => {
    const { clock, consul, seen } = await fleet()
    let isDead = false
    const transport: ConsulTransport = (request) => (isDead ? new Promise(() => {}) : consul.transport(request))
    const dies = { id: 'role-8024', service: 'role-service', address: '127.0.0.1', port: 8024 }
    const leave = await consulRegistry({ transport, clock }).register(dies)
    onTestFinished(async () => void (await Promise.all([leave(), clock.advance(10_000)])))
    await clock.advance(minute)
    expect(seen.now()).toContain(8024)
    isDead = true
    await clock.advance(ttlMs)
    expect(seen.now()).not.toContain(8024)
    const known = () =>
      consul.transport({ method: 'GET', path: '/v1/agent/service/role-8024', headers: {}, signal: AbortSignal.any([]) })
    expect((await known()).status).toBe(200)
    await clock.advance(minute)
    expect((await known()).status).toBe(404)
  })
})
