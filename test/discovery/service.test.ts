// Services that find each other: registered when they listen, removed when they stop, called by services that watch.
import { contract, service, t, type LiveConfig, type Service } from 'tricube'
import { fakeConsul, type FakeConsul } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const roleContract = contract('role-service', {
  whoAreYou: { route: 'GET /who', returns: t.Integer() },
})
const askContract = contract('ask-service', {
  ask: { route: 'GET /ask', returns: t.Integer() },
})

const roles = (onStart: (config: LiveConfig) => void = () => {}): Service<typeof roleContract> =>
  service(roleContract, {
    hooks: { afterStart: ({ config }) => onStart(config) },
    handlers: { whoAreYou: ({ request }) => request.socket.localPort! },
  })

const asking = (): Service<typeof askContract> =>
  service(askContract, {
    clients: { roles: roleContract },
    handlers: { ask: ({ clients }) => clients.roles.whoAreYou() },
  })

async function start(app: Pick<Service, 'listen' | 'close'>): Promise<string> {
  onTestFinished(() => app.close())
  return (await app.listen()).url
}

async function ask(url: string): Promise<number> {
  const response = await fetch(`${url}/ask`)
  const { data } = (await response.json()) as { data: number }
  return response.ok ? data : -response.status
}

const portOf = (url: string): number => Number(new URL(url).port)

let consul: FakeConsul
beforeEach(async () => {
  consul = await fakeConsul()
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('CONSUL_HTTP_ADDR', consul.url)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await consul[Symbol.asyncDispose]()
})

/** The instances of a service as Consul knows them. */
async function known(
  name: string,
): Promise<{ Service: { ID: string; Address: string; Port: number; Meta: object } }[]> {
  const response = await fetch(`${consul.url}/v1/health/service/${name}?passing=true`)
  return response.json() as Promise<never>
}

describe('services with a Consul', () => {
  it('find each other in any start order and notice changes', async () => {
    const caller = await start(asking())
    expect(await ask(caller)).toBe(-503)
    const first = roles()
    const ports = [portOf(await start(first)), portOf(await start(roles()))]
    await vi.waitFor(async () => {
      const responses = await Promise.all(Array.from({ length: 20 }, () => ask(caller)))
      expect(new Set(responses)).toEqual(new Set(ports))
    }, 20_000)
    await first.close()
    expect(await known('role-service')).toHaveLength(1)
  })

  it('are still called while Consul is down, and register again after it returns empty', async () => {
    const port = portOf(await start(roles()))
    const caller = await start(asking())
    expect(await ask(caller)).toBe(port)
    await consul.stop()
    for (let i = 0; i < 50; i += 1) expect(await ask(caller)).toBe(port)
    consul.forget()
    await consul.start()
    await vi.waitFor(async () => expect(await known('role-service')).toHaveLength(1), 16_000)
    for (let i = 0; i < 50; i += 1) expect(await ask(caller)).toBe(port)
  })

  it('start and stop while Consul is down', async () => {
    await consul.stop()
    const alone = roles()
    expect((await fetch(`${await start(alone)}/who`)).status).toBe(200)
    await alone.close()
  })

  it('register their region, zone and version', async () => {
    vi.stubEnv('HOST', '0.0.0.0')
    vi.stubEnv('TRICUBE_REGION', 'sichuan')
    vi.stubEnv('TRICUBE_ZONE', 'sichuan-a')
    vi.stubEnv('TRICUBE_VERSION', '1.2.3')
    vi.stubEnv('TRICUBE_WEIGHT', '2')
    await start(roles())
    const [{ Service }] = (await known('role-service')) as [never]
    expect(Service).toMatchObject({
      Address: '', // the agent's own
      Meta: { region: 'sichuan', zone: 'sichuan-a', version: '1.2.3', weight: '2' },
      Weights: { Passing: 2 },
    })
    vi.stubEnv('ADVERTISE_ADDRESS', 'roles.internal')
    await start(roles())
    expect((await known('role-service')).map((entry) => entry.Service.Address).sort()).toEqual(['', 'roles.internal'])
  })

  it('prefer an address in TRICUBE_SERVICES to Consul', async () => {
    const [here, there] = [await start(roles()), await start(roles())]
    vi.stubEnv('TRICUBE_SERVICES', `role-service=127.0.0.1:${portOf(there)}`)
    const caller = await start(asking())
    const responses = await Promise.all(Array.from({ length: 20 }, () => ask(caller)))
    expect(new Set(responses)).toEqual(new Set([portOf(there)]))
    expect(responses).not.toContain(portOf(here))
  })

  it('follow a changing value until they stop', async () => {
    const seen: (string | undefined)[] = []
    const following = roles((config) => config.watch('role-service/greeting', (value) => seen.push(value)))
    await start(following)
    await vi.waitFor(() => expect(seen).toEqual([undefined]))
    consul.setKey('role-service/greeting', 'Hello')
    await vi.waitFor(() => expect(seen).toEqual([undefined, 'Hello']))
    await following.close()
    consul.setKey('role-service/greeting', 'Bye')
    expect(await fetch(`${consul.url}/v1/kv/role-service/greeting`).then((r) => r.status)).toBe(200)
    expect(seen).toHaveLength(2)
  })
})

it('gives a service without Consul no value', async () => {
  vi.stubEnv('CONSUL_HTTP_ADDR', '')
  const seen: (string | undefined)[] = []
  await start(roles((config) => config.watch('role-service/greeting', (value) => seen.push(value))))
  expect(seen).toEqual([undefined])
})

it.each([
  ['CONSUL_HTTP_ADDR', 'ftp://consul', 'expected an address like 127.0.0.1:8500', 'got "ftp://consul"'],
  ['CONSUL_HTTP_TOKEN', 'one two', 'expected a token without spaces', ''],
  ['CONSUL_CHECK', 'grpc', 'expected one of ttl, http', 'got "grpc"'],
  ['CONSUL_HTTP_SSL', 'yes', 'expected true or false', 'got "yes"'],
  ['TRICUBE_DNS', 'svc.cluster.local', 'expected {service}.prod', 'got "svc.cluster.local"'],
  ['TRICUBE_WEIGHT', '-1', 'expected a number above 0', 'got -1'],
  ['ADVERTISE_ADDRESS', 'http://a', 'expected an address or a hostname', 'got "http://a"'],
])('%s=%s is rejected at the start', async (variable, value, expected, got) => {
  vi.stubEnv(variable, value)
  const rejected = roles()
  const error = (await rejected.listen().catch((thrown: unknown) => thrown)) as Error
  expect(error.message).toMatch(new RegExp(`^${variable} in the environment: ${expected.replace(/[{}.]/g, '\\$&')}`))
  expect(error.message.endsWith(got)).toBe(true)
  expect(error.message.includes(value)).toBe(variable !== 'CONSUL_HTTP_TOKEN')
})
