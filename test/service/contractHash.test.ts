import { contract, service, t, versions, inVersion, type Contract } from 'tricube'
import { client } from 'tricube/client'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { contractHash } from '../../src/compatibility/hash.ts'
import { CallerVersions } from '../../src/metrics/callerVersions.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { logging } from '../log/logFile.ts'

process.env['LOG_LEVEL'] = 'silent'

const getRole = {
  route: 'GET /roles/:id',
  params: { id: t.Integer() },
  returns: t.Object({ id: t.Integer() }),
} as const
const roleService = contract('role-service', {
  getRole: { ...getRole, returns: t.Object({ id: t.Integer(), name: t.String() }) },
  countRoles: { route: 'GET /roles', returns: t.Integer() },
  newest: { route: 'GET /newest', returns: t.Integer() },
})
const handlers = { getRole: () => ({ id: 1, name: 'admin' }), countRoles: () => 1, newest: () => 1 }

/** What a caller has that was deployed before `name` and `newest` were added. */
const oldRoleService = contract('role-service', {
  countRoles: { route: 'GET /roles', returns: t.Integer(), summary: 'How many there are.' },
  getRole,
})

const running: { close(): unknown }[] = []
afterEach(async () => {
  delete process.env['TRICUBE_SERVICES']
  for (const one of running.splice(0).reverse()) await one.close()
})

async function hashOf(one: Contract): Promise<unknown> {
  const app = service(one, {
    handlers: Object.fromEntries(Object.keys(one.operations).map((name) => [name, () => 1])) as never,
  })
  running.push(app)
  return (await app.inject('/health/ready')).json().contract
}

async function mismatches(url: string): Promise<readonly string[]> {
  return (await (await fetch(`${url}/metrics`)).text()).split('\n').filter((one) => one.startsWith('tricube_contract_'))
}

describe('the hash in /health/ready', () => {
  it('is of what callers depend on, and of nothing else', async () => {
    const hash = await hashOf(roleService)
    expect(hash).toMatch(/^[0-9a-f]{16}$/)
    const { countRoles, ...others } = roleService.operations
    const documented = contract(
      'role-service',
      { countRoles: { ...countRoles, summary: 'x', tags: ['y'] }, ...others },
      { version: '2.0.0', title: 'Roles', description: 'All roles.' },
    )
    expect(await hashOf(documented)).toBe(hash)
    const changed = contract('role-service', { ...others, countRoles: { ...countRoles, etag: true } })
    expect(await hashOf(changed)).not.toBe(hash)
    const sold = { payload: t.Object({ id: t.Integer() }) }
    expect(contractHash(contract('role-service', { ...others, countRoles }, { events: { sold } }))).not.toBe(hash)
  })

  it('is hidden with the other details', async () => {
    const app = service(roleService, { handlers, health: { details: false } })
    running.push(app)
    expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ready' })
  })
})

describe('a caller with another version of the contract', () => {
  it('is counted and logged once, by the operations that differ', async () => {
    vi.stubEnv('LOG_LEVEL', 'info')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { app, lines } = await logging(roleService, { handlers })
    running.push(app)
    const { url } = await app.listen()
    process.env['TRICUBE_SERVICES'] = `role-service=${new URL(url).host}`
    const web = service(contract('web-service', { ask: { route: 'GET /ask', returns: t.Integer() } }), {
      clients: { roles: oldRoleService },
      handlers: {
        async ask({ clients: { roles } }) {
          await roles.getRole({ params: { id: 1 } })
          return roles.countRoles()
        },
      },
    })
    running.push(web)
    for (let i = 0; i < 3; i++) expect((await web.inject('/ask')).statusCode).toBe(200)

    expect(await mismatches(url)).toEqual(['tricube_contract_mismatch{operation="getRole",caller="web-service"} 1'])
    const told = (await lines()).filter(({ caller }) => caller !== undefined)
    expect(told).toMatchObject([{ level: 'info', operation: 'getRole', caller: 'web-service' }])
  })

  it('is told by one call in ten seconds, so that calls carry no further header', async () => {
    const seen: unknown[] = []
    const countRoles = ({ request }: { request: { headers: object } }): number =>
      seen.push((request.headers as Record<string, unknown>)['x-call-contract'])
    const app = service(roleService, { handlers: { ...handlers, countRoles } })
    running.push(app)
    const { url } = await app.listen()
    await using roles = client(oldRoleService, { url })
    for (let i = 0; i < 5; i++) await roles.countRoles()
    await roles.getRole({ params: { id: 1 } })
    expect(seen).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), undefined, undefined, undefined, undefined])
    expect(await mismatches(url)).toEqual(['tricube_contract_mismatch{operation="getRole",caller="(unknown)"} 1'])
  })

  it('is not one that calls an older version which the service still has', async () => {
    const v1 = contract(
      'role-service',
      { getRole: { ...getRole, deprecated: { since: '2026-01-01' } } },
      { prefix: '/v1' },
    )
    const v2 = contract('role-service', { getRole: roleService.operations.getRole }, { prefix: '/v2' })
    const { getRole: find } = handlers
    const app = service(versions({ v1, v2 }), {
      handlers: { ...inVersion('v1', { getRole: find }), ...inVersion('v2', { getRole: find }) },
    })
    running.push(app)
    const { url } = await app.listen()
    for (const version of [v1, v2]) {
      await using roles = client(version, { url })
      await roles.getRole({ params: { id: 1 } })
    }
    expect(await mismatches(url)).toEqual([])
  })

  it('is not believed when it is a stranger, or says nonsense', async () => {
    for (const edge of [true, false]) {
      const app = service(roleService, { handlers, edge })
      running.push(app)
      const { url } = await app.listen()
      const told = edge ? '0123456789abcdef evil' : 'everything is broken'
      expect((await fetch(`${url}/roles`, { headers: { 'x-call-contract': told } })).status).toBe(200)
      expect(await mismatches(url)).toEqual([])
    }
  })

  it('is forgotten ten minutes after its last call, and is one of many beyond fifty', () => {
    let now = 0
    const metrics = new Metrics()
    const others: string[] = []
    const versionsOf = new CallerVersions(metrics, { now: () => now, onOther: ({ caller }) => others.push(caller) })
    const compare = versionsOf.compile('getRole', () => '0123456789abcdef')
    for (let i = 0; i < 60; i++) compare(`fedcba9876543210 caller-${i}`)
    compare('0123456789abcdef up-to-date')
    expect(others).toHaveLength(51)
    expect(others.at(-1)).toBe('(other)')
    const active = (): number => metrics.text().body.match(/^tricube_contract_mismatch\{.*\} 1$/gm)?.length ?? 0
    expect(active()).toBe(51)
    now = 400_000
    compare('fedcba9876543210 caller-0')
    now = 700_000
    expect(active()).toBe(1)
  })
})
