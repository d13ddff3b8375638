/** What holds of every registry: Consul and Kubernetes, over HTTP. */
import { contract, service, t } from 'tricube'
import { consulRegistry, kubernetesRegistry, type Instance, type Registry } from 'tricube/discovery'
import { fakeConsul, fakeKubernetes } from 'tricube/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'

/** A registry with the means to change what it knows. */
interface World {
  registry(): Registry
  /** An instance that comes, ready or not; the function takes it away. */
  add(
    instance: Instance,
    state?: { ready: boolean },
  ): Promise<{ readonly setReady: (ready: boolean) => void; readonly leave: () => Promise<void> }>
  stop(): Promise<void>
  start(): Promise<void>
  /** Makes it respond with errors, and with what is none of its responses. */
  fail(how: 'error' | 'garbage' | undefined): void
}

async function consulWorld(): Promise<World> {
  const consul = await fakeConsul()
  onTestFinished(() => consul[Symbol.asyncDispose]())
  const registry = () => consulRegistry({ address: consul.url, ttlMs: 1500 })
  return {
    registry,
    async add(instance, state = { ready: true }) {
      const leave = await registry().register(instance, async () => state.ready)
      onTestFinished(leave)
      return { leave, setReady: (ready) => void (state.ready = ready) }
    },
    stop: () => consul.stop(),
    start: () => consul.start(),
    fail(how) {
      const response = { status: how === 'error' ? 500 : 200, headers: {}, body: '<html>' }
      consul.fault =
        how && ((request, next) => (request.path.startsWith('/v1/health/') ? Promise.resolve(response) : next(request)))
    },
  }
}

async function kubernetesWorld(): Promise<World> {
  const cluster = await fakeKubernetes()
  onTestFinished(() => cluster[Symbol.asyncDispose]())
  return {
    registry: () => kubernetesRegistry({ address: cluster.url, namespace: 'default' }),
    async add({ id, service: name, address, port, zone }, { ready } = { ready: true }) {
      const set = (isReady: boolean): void =>
        cluster.setSlice(id, {
          service: name,
          ports: [{ name: 'http', port }],
          endpoints: [{ addresses: [address], conditions: { ready: isReady }, ...(zone !== undefined && { zone }) }],
        })
      set(ready)
      return { setReady: set, leave: async () => cluster.deleteSlice(id) }
    },
    stop: () => cluster.stop(),
    start: () => cluster.start(),
    fail(how) {
      const body = async function* () {
        yield Buffer.from('<html>\n')
      }
      cluster.fault = how && (() => ({ status: how === 'error' ? 500 : 200, headers: {}, body: body() }))
      cluster.cut()
    },
  }
}

const patience = { timeout: 40_000, interval: 20 }
const role = (port: number, more: Partial<Instance> = {}): Instance => ({
  id: `role-${port}`,
  service: 'role-service',
  address: '127.0.0.1',
  port,
  ...more,
})

function watch(registry: Registry, name = 'role-service') {
  const seen: (readonly Instance[])[] = []
  const end = registry.watch(name, (instances) => seen.push(instances))
  onTestFinished(end)
  const becomes = (...ports: number[]) =>
    vi.waitFor(() => expect(seen.at(-1)?.map(({ port }) => port)).toEqual(ports), patience)
  return { seen, becomes, end }
}

describe.each([
  { name: 'Consul', open: consulWorld },
  { name: 'Kubernetes', open: kubernetesWorld },
])('$name', { timeout: 60_000 }, ({ open }) => {
  it('reports an instance with its address, its port and its zone until it leaves', async () => {
    const world = await open()
    const { leave } = await world.add(role(8021, { zone: 'eu-1a' }))
    const { seen, becomes } = watch(world.registry())
    await becomes(8021)
    expect(seen[0]).toMatchObject([{ service: 'role-service', address: '127.0.0.1', port: 8021, zone: 'eu-1a' }])
    await leave()
    await becomes()
  })

  it('reports instances that come later, of its service alone', async () => {
    const world = await open()
    const { becomes } = watch(world.registry())
    const other = watch(world.registry(), 'other-service')
    await becomes()
    await world.add(role(8021))
    await becomes(8021)
    await world.add({ ...role(8022), id: 'other', service: 'other-service' })
    await other.becomes(8022)
    await world.add(role(8023))
    await becomes(8021, 8023)
  })

  it('leaves out an instance while it is not ready', async () => {
    const world = await open()
    const { setReady } = await world.add(role(8021), { ready: false })
    await world.add(role(8022))
    const { becomes } = watch(world.registry())
    await becomes(8022)
    setReady(true)
    await becomes(8021, 8022)
    setReady(false)
    await becomes(8022)
  })

  it('keeps the instances while the registry is down, and hears of changes when it is back', async () => {
    const world = await open()
    await world.add(role(8021))
    const { seen, becomes } = watch(world.registry())
    await becomes(8021)
    await world.stop()
    const late = watch(world.registry())
    await world.start()
    await world.add(role(8022))
    await becomes(8021, 8022)
    await late.becomes(8021, 8022)
    expect(seen.every((instances) => instances.some(({ port }) => port === 8021))).toBe(true)
  })

  it.each(['error', 'garbage'] as const)('keeps the instances after a response that is %s', async (how) => {
    const world = await open()
    await world.add(role(8021))
    const { seen, becomes } = watch(world.registry())
    await becomes(8021)
    world.fail(how)
    await world.add(role(8022))
    world.fail(undefined)
    await becomes(8021, 8022)
    expect(seen.every((instances) => instances.some(({ port }) => port === 8021))).toBe(true)
  })

  it('tells nothing more after the end of a watch', async () => {
    const world = await open()
    const { seen, becomes, end } = watch(world.registry())
    const other = watch(world.registry())
    await becomes()
    end()
    await world.add(role(8021))
    await other.becomes(8021)
    expect(seen).toEqual([[]])
  })

  it('has services call each other, none that has left, and also while it is down', async () => {
    vi.stubEnv('LOG_LEVEL', 'silent')
    onTestFinished(() => void vi.unstubAllEnvs())
    const roleService = contract('role-service', { port: { route: 'GET /port', returns: t.Integer() } })
    const userService = contract('user-service', { ask: { route: 'GET /ask', returns: t.Integer() } })
    const world = await open()
    const roles = [1, 2].map(() =>
      service(roleService, { handlers: { port: ({ request }) => request.socket.localPort! } }),
    )
    const ports = await Promise.all(roles.map(async (one) => Number(new URL((await one.listen()).url).port)))
    const [first] = await Promise.all(ports.map((port) => world.add(role(port))))
    const users = service(userService, {
      registry: { ...world.registry(), register: async () => async () => {} },
      clients: { roles: roleService },
      handlers: { ask: ({ clients }) => clients.roles.port() },
    })
    const { url } = await users.listen()
    onTestFinished(async () => void (await Promise.all([users, ...roles].map((one) => one.close()))))
    const ask = async () => ((await (await fetch(`${url}/ask`)).json()) as { data: number }).data
    const called = async (count = 20) => new Set(await Promise.all(Array.from({ length: count }, ask)))
    await vi.waitFor(async () => expect(await called()).toEqual(new Set(ports)), patience)
    await first!.leave()
    await vi.waitFor(async () => expect(await called()).toEqual(new Set([ports[1]])), patience)
    await world.stop()
    expect(await called(50)).toEqual(new Set([ports[1]]))
  })
})
