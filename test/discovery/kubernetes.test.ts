/** How the EndpointSlices of a cluster become instances, and what a registry does when its API fails. */
import { kubernetesRegistry, type Instance, type KubernetesOptions } from 'tricube/discovery'
import { fakeKubernetes, type FakeKubernetes, type FakeSlice, type KubernetesFault } from 'tricube/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { VirtualClock } from './virtualClock.ts'

const second = 1000
const minute = 60 * second
const ports = [{ name: 'http', port: 8020 }]

/** A cluster on a virtual clock, with these slices of role-service. */
async function clusterOf(slices: Readonly<Record<string, Partial<FakeSlice>>>) {
  const clock = new VirtualClock()
  const cluster = await fakeKubernetes({ clock })
  onTestFinished(() => cluster.stop())
  const set = (name: string, slice: Partial<FakeSlice>): void =>
    cluster.setSlice(name, { service: 'role-service', ports, ...slice })
  for (const [name, slice] of Object.entries(slices)) set(name, slice)
  return { clock, cluster, set }
}

const at = (address: string, more: object = {}) => ({ addresses: [address], ...more })

/** What a caller is told, and the requests for it. */
async function follow(
  { clock, cluster }: { clock: VirtualClock; cluster: FakeKubernetes },
  options: KubernetesOptions = {},
) {
  const seen: (readonly Instance[])[] = []
  const registry = kubernetesRegistry({
    namespace: 'default',
    transport: cluster.transport,
    clock,
    random: () => 0,
    ...options,
  })
  const end = registry.watch('role-service', (instances) => seen.push(instances))
  onTestFinished(end)
  await clock.advance(1)
  const addresses = () => seen.at(-1)?.map(({ address, port }) => `${address}:${port}`)
  return { seen, addresses, end }
}

/** Counts lists and watches on their way to the cluster. */
function counted(cluster: FakeKubernetes, fault: KubernetesFault = (request, next) => next(request)) {
  const requests: { kind: 'list' | 'watch'; path: string }[] = []
  cluster.fault = (request, next) => {
    requests.push({ kind: request.path.includes('watch=true') ? 'watch' : 'list', path: request.path })
    return fault(request, next)
  }
  const count = (kind: 'list' | 'watch') => requests.filter((one) => one.kind === kind).length
  return { requests, count }
}

describe('the instances of a service', () => {
  it('are the endpoints of all of its slices, each once', async () => {
    const fleet = await clusterOf({
      'role-a': { endpoints: [at('10.0.0.1'), at('10.0.0.2')] },
      'role-b': { endpoints: [at('10.0.0.2'), at('10.0.0.3')] },
      'other-a': { service: 'other-service', endpoints: [at('10.0.0.9')] },
      elsewhere: { namespace: 'test', endpoints: [at('10.0.0.8')] },
    })
    const { seen, addresses } = await follow(fleet)
    expect(addresses()).toEqual(['10.0.0.1:8020', '10.0.0.2:8020', '10.0.0.3:8020'])
    expect(seen).toHaveLength(1)
    expect(seen[0]![0]).toEqual({
      id: 'role-service@10.0.0.1:8020',
      service: 'role-service',
      address: '10.0.0.1',
      port: 8020,
    })
  })

  it('have their zone, their pod and their node', async () => {
    const fleet = await clusterOf({
      a: {
        endpoints: [at('10.0.0.1', { zone: 'eu-1a', nodeName: 'node-7', targetRef: { kind: 'Pod', name: 'role-x' } })],
      },
    })
    const { seen } = await follow(fleet, { region: 'eu-1' })
    expect(seen[0]).toMatchObject([{ region: 'eu-1', zone: 'eu-1a', meta: { pod: 'role-x', node: 'node-7' } }])
  })

  it.each([
    ['nothing said', {}, ['10.0.0.1:8020']],
    ['ready', { ready: true, serving: true, terminating: false }, ['10.0.0.1:8020']],
    ['not ready', { ready: false }, []],
    ['terminating, and ready all the same', { ready: true, terminating: true, serving: false }, []],
    ['null everywhere', { ready: null, serving: null, terminating: null }, ['10.0.0.1:8020']],
    ['terminating, and serving', { ready: false, serving: true, terminating: true }, ['10.0.0.1:8020']],
    ['terminating, and no longer serving', { ready: false, serving: false, terminating: true }, []],
  ])('follow the conditions: %s', async (_, conditions, expected) => {
    const { addresses } = await follow(await clusterOf({ a: { endpoints: [at('10.0.0.1', { conditions })] } }))
    expect(addresses()).toEqual(expected)
  })

  it('are those that terminate only while none is ready', async () => {
    const last = at('10.0.0.1', { conditions: { ready: false, serving: true, terminating: true } })
    const fleet = await clusterOf({ a: { endpoints: [last, at('10.0.0.2')] } })
    const { addresses } = await follow(fleet)
    expect(addresses()).toEqual(['10.0.0.2:8020'])
    fleet.set('a', { endpoints: [last, at('10.0.0.2', { conditions: { ready: false } })] })
    await fleet.clock.advance(1)
    expect(addresses()).toEqual(['10.0.0.1:8020'])
  })

  it.each<[string, NonNullable<FakeSlice['ports']> | null, KubernetesOptions, readonly string[]]>([
    ['the only one, whatever its name', [{ name: 'web', port: 80 }], {}, ['10.0.0.1:80']],
    ['the only one, without a name', [{ port: 80 }], {}, ['10.0.0.1:80']],
    [
      'http of several',
      [
        { name: 'admin', port: 81 },
        { name: 'http', port: 80 },
      ],
      {},
      ['10.0.0.1:80'],
    ],
    [
      'the one that is set',
      [
        { name: 'admin', port: 81 },
        { name: 'http', port: 80 },
      ],
      { port: 'admin' },
      ['10.0.0.1:81'],
    ],
    [
      'none of several others',
      [
        { name: 'a', port: 80 },
        { name: 'b', port: 81 },
      ],
      {},
      [],
    ],
    [
      'not UDP',
      [
        { name: 'http', port: 53, protocol: 'UDP' },
        { name: 'web', port: 80 },
      ],
      {},
      ['10.0.0.1:80'],
    ],
    ['none', null, {}, []],
  ])('are called at a port: %s', async (_, given, options, expected) => {
    const { addresses } = await follow(await clusterOf({ a: { ports: given, endpoints: [at('10.0.0.1')] } }), options)
    expect(addresses()).toEqual(expected)
  })

  it('are called at the port of their own slice', async () => {
    const fleet = await clusterOf({
      old: { ports: [{ name: 'http', port: 8020 }], endpoints: [at('10.0.0.1')] },
      new: { ports: [{ name: 'http', port: 9020 }], endpoints: [at('10.0.0.2')] },
    })
    expect((await follow(fleet)).addresses()).toEqual(['10.0.0.1:8020', '10.0.0.2:9020'])
  })

  it.each([[{ name: 'https', port: 8443 }], [{ name: 'http', appProtocol: 'https', port: 8443 }]])(
    'are called by HTTPS: %j',
    async (port) => {
      const { seen } = await follow(await clusterOf({ a: { ports: [port], endpoints: [at('10.0.0.1')] } }))
      expect(seen[0]).toMatchObject([{ secure: true, port: 8443 }])
    },
  )

  it('have one address each in a dual stack', async () => {
    const pod = (uid: string) => ({ targetRef: { kind: 'Pod', name: uid, uid } })
    const fleet = await clusterOf({
      four: { endpoints: [at('10.0.0.1', pod('a'))] },
      six: { addressType: 'IPv6', endpoints: [at('fd00::1', pod('a')), at('fd00::2', pod('b'))] },
    })
    expect((await follow(fleet)).addresses()).toEqual(['10.0.0.1:8020', 'fd00::2:8020'])
  })

  it('are in the zone that the cluster hints at', async () => {
    const hints = (...zones: string[]) => ({ zone: 'eu-1a', hints: { forZones: zones.map((name) => ({ name })) } })
    const endpoints = [at('10.0.0.1', hints('eu-1b')), at('10.0.0.2', hints('eu-1a', 'eu-1c')), at('10.0.0.3', hints())]
    const fleet = await clusterOf({ a: { endpoints } })
    const { seen } = await follow(fleet, { zone: 'eu-1c' })
    expect(seen[0]!.map(({ zone }) => zone)).toEqual(['eu-1b', 'eu-1c', 'eu-1a'])
  })
})

describe('a watch', () => {
  it('reports what comes, changes and goes, and nothing that stays the same', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { seen, addresses } = await follow(fleet)
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(1)
    expect(addresses()).toEqual(['10.0.0.1:8020', '10.0.0.2:8020'])
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(1)
    expect(seen).toHaveLength(2)
    fleet.cluster.deleteSlice('a')
    await fleet.clock.advance(1)
    expect(addresses()).toEqual(['10.0.0.2:8020'])
  })

  it('believes an empty list and an empty cluster at once', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { addresses } = await follow(fleet)
    fleet.cluster.deleteSlice('a')
    await fleet.clock.advance(1)
    expect(addresses()).toEqual([])
    expect((await follow(await clusterOf({}))).addresses()).toEqual([])
  })

  it('goes on from its last version, for hours', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { count } = counted(fleet.cluster)
    const { seen } = await follow(fleet)
    await fleet.clock.advance(120 * minute)
    expect([count('list'), seen.length]).toEqual([1, 1])
    expect(count('watch')).toBe(25) // five minutes each
  })

  it('is not thrown back by a history that is forgotten, thanks to bookmarks', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { count } = counted(fleet.cluster)
    await follow(fleet)
    for (let i = 0; i < 30; i += 1) {
      fleet.set('x', { service: 'other-service' })
      await fleet.clock.advance(2 * minute)
      fleet.cluster.compact()
    }
    expect(count('list')).toBe(1)
  })

  it.each(['event', 'status'])('lists again when its version has expired: as %s', async (form) => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { addresses, seen } = await follow(fleet)
    if (form === 'event') {
      fleet.cluster.cut()
      fleet.set('b', { endpoints: [at('10.0.0.2')] })
      fleet.cluster.compact()
    } else {
      let isFirst = true
      fleet.cluster.fault = (request, next) => {
        if (!isFirst || !request.path.includes('watch=true')) return next(request)
        isFirst = false
        fleet.set('b', { endpoints: [at('10.0.0.2')] })
        return { status: 410, headers: {}, body: textBody('{"kind":"Status","code":410}') }
      }
      fleet.cluster.cut()
    }
    await fleet.clock.advance(3 * second)
    expect(addresses()).toEqual(['10.0.0.1:8020', '10.0.0.2:8020'])
    expect(seen).toHaveLength(2)
  })

  it('notices within two minutes that its connection has died without a word', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    let isDead = true
    const { count } = counted(fleet.cluster, (request, next) =>
      isDead && request.path.includes('watch=true') ? { status: 200, headers: {}, body: silence() } : next(request),
    )
    const { addresses } = await follow(fleet)
    isDead = false
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(119 * second)
    expect([addresses(), count('watch')]).toEqual([['10.0.0.1:8020'], 1])
    await fleet.clock.advance(3 * second)
    expect(addresses()).toEqual(['10.0.0.1:8020', '10.0.0.2:8020'])
    expect(count('list')).toBe(1)
  })

  it('reads lines in any pieces', async () => {
    const fleet = await clusterOf({})
    fleet.cluster.fault = async (request, next) => {
      const response = await next(request)
      return { ...response, body: bytesOf(response.body) }
    }
    const { seen } = await follow(fleet)
    fleet.set('a', { endpoints: [at('10.0.0.1', { targetRef: { name: 'röle-服务' } })] })
    await fleet.clock.advance(second)
    expect(seen.at(-1)).toMatchObject([{ meta: { pod: 'röle-服务' } }])
  })

  it('ignores events that it does not know', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    fleet.cluster.fault = async (request, next) => {
      if (!request.path.includes('watch=true')) return next(request)
      return {
        status: 200,
        headers: {},
        body: textBody('\n{"type":"NEWS","object":{"metadata":{"name":"a"}}}\n', next(request)),
      }
    }
    const { seen, addresses } = await follow(fleet)
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(second)
    expect(addresses()).toHaveLength(2)
    expect(seen).toHaveLength(2)
  })

  it('ends: nothing is asked and nothing is told any more', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { requests } = counted(fleet.cluster)
    const { seen, end } = await follow(fleet)
    end()
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(30 * minute)
    expect([seen.length, requests.length]).toEqual([1, 2])
  })

  it('survives a listener that throws', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    let calls = 0
    const registry = kubernetesRegistry({
      namespace: 'default',
      transport: fleet.cluster.transport,
      clock: fleet.clock,
    })
    onTestFinished(
      registry.watch('role-service', () => {
        calls += 1
        throw new Error('no')
      }),
    )
    await fleet.clock.advance(1)
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(1)
    expect(calls).toBe(2)
  })
})

describe('a list', () => {
  it('has all pages', async () => {
    const slices = Array.from({ length: 1001 }, (_, i) => [
      `role-${i}`,
      { endpoints: [at(`10.0.${i >> 8}.${i & 255}`)] },
    ])
    const fleet = await clusterOf(Object.fromEntries(slices))
    const { count } = counted(fleet.cluster)
    const { seen } = await follow(fleet)
    expect([seen.length, seen[0]!.length, count('list')]).toEqual([1, 1001, 3])
  })

  it('counts only when it is complete', async () => {
    const slices = Array.from({ length: 501 }, (_, i) => [
      `role-${i}`,
      { endpoints: [at(`10.0.${i >> 8}.${i & 255}`)] },
    ])
    const fleet = await clusterOf(Object.fromEntries(slices))
    const { seen } = await follow(fleet)
    fleet.cluster.fault = (request, next) =>
      request.path.includes('continue=') ? { status: 500, headers: {}, body: textBody('') } : next(request)
    fleet.set('x', { service: 'other-service' })
    fleet.cluster.compact()
    fleet.cluster.cut()
    await fleet.clock.advance(10 * minute)
    expect(seen).toHaveLength(1)
  })

  it('begins again when it has expired between two pages', async () => {
    const slices = Array.from({ length: 501 }, (_, i) => [
      `role-${i}`,
      { endpoints: [at(`10.0.${i >> 8}.${i & 255}`)] },
    ])
    const fleet = await clusterOf(Object.fromEntries(slices))
    let isFirst = true
    fleet.cluster.fault = (request, next) => {
      if (isFirst && request.path.includes('continue=')) {
        isFirst = false
        fleet.set('x', { service: 'other-service' })
        fleet.cluster.compact()
      }
      return next(request)
    }
    const { seen } = await follow(fleet)
    await fleet.clock.advance(5 * second)
    expect([seen.length, seen[0]?.length]).toEqual([1, 501])
  })
})

describe('an API that fails', () => {
  const faults: Record<string, KubernetesFault> = {
    'responds with 500': () => ({ status: 500, headers: {}, body: textBody('etcd') }),
    'responds with 504': () => ({ status: 504, headers: {}, body: textBody('Too large resource version') }),
    'sends HTML': () => ({ status: 200, headers: {}, body: textBody('<html>\n') }),
    'sends another JSON': () => ({ status: 200, headers: {}, body: textBody('{"kind":"Status"}\n') }),
    'sends nothing': () => ({ status: 200, headers: {}, body: textBody('') }),
    'does not respond': ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
    'refuses connections': () => {
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    },
  }
  it.each(Object.entries(faults))('changes nothing while it %s, and is not asked without end', async (_, fault) => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { seen, addresses } = await follow(fleet)
    const { requests } = counted(fleet.cluster, fault)
    fleet.cluster.cut()
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(10 * minute)
    expect(seen).toHaveLength(1)
    expect(requests.length).toBeGreaterThan(10)
    expect(requests.length).toBeLessThan(1300) // two a second, when each response looks like a watch that ended
    fleet.cluster.fault = undefined
    await fleet.clock.advance(30 * second)
    expect(addresses()).toEqual(['10.0.0.1:8020', '10.0.0.2:8020'])
  })

  it('is left alone for as long as it says', async () => {
    const fleet = await clusterOf({})
    const { requests } = counted(fleet.cluster, () => ({
      status: 429,
      headers: { 'retry-after': '30' },
      body: textBody('slow down'),
    }))
    await follow(fleet)
    await fleet.clock.advance(29 * second)
    expect(requests).toHaveLength(1)
    await fleet.clock.advance(2 * second)
    expect(requests).toHaveLength(2)
  })

  it('is asked for a list when it does not know a version', async () => {
    const fleet = await clusterOf({ a: { endpoints: [at('10.0.0.1')] } })
    const { addresses } = await follow(fleet)
    const { count } = counted(fleet.cluster, (request, next) =>
      request.path.includes('watch=true')
        ? { status: 504, headers: {}, body: textBody('Too large resource version') }
        : next(request),
    )
    fleet.cluster.cut()
    fleet.set('b', { endpoints: [at('10.0.0.2')] })
    await fleet.clock.advance(minute)
    expect(count('list')).toBeGreaterThan(0)
    expect(addresses()).toHaveLength(2)
  })

  it('prints the Role to apply when the service account may not watch', async () => {
    const fleet = await clusterOf({})
    fleet.cluster.fault = () => ({
      status: 403,
      headers: {},
      body: textBody('{"message":"endpointslices is forbidden"}'),
    })
    const error = vi.fn()
    await follow(fleet, { namespace: 'shop', log: { error, warn() {}, info() {} } as never })
    await fleet.clock.advance(5 * minute)
    expect(error).toHaveBeenCalledTimes(1)
    const [{ err }, message] = error.mock.calls[0] as [{ err: Error }, string]
    expect(err.message).toBe('responded with 403: endpointslices is forbidden')
    expect(message).toContain('kind: Role\nmetadata: { name: tricube-discovery, namespace: shop }')
    expect(message).toContain('resources: [endpointslices], verbs: [list, watch]')
  })
})

it('rejects to run outside of a cluster without an address', () => {
  vi.stubEnv('KUBERNETES_SERVICE_HOST', '')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(() => kubernetesRegistry()).toThrow(/does not run in Kubernetes: give an address/)
})

async function* textBody(
  text: string,
  rest?: Promise<{ body: AsyncIterable<Uint8Array> }> | { body: AsyncIterable<Uint8Array> },
) {
  yield Buffer.from(text)
  if (rest) yield* (await rest).body
}

async function* bytesOf(body: AsyncIterable<Uint8Array>) {
  for await (const chunk of body) for (const byte of chunk) yield Uint8Array.of(byte)
}

/** A body of which nothing ever comes. */
function silence(): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
}
