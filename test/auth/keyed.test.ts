/** Whose idempotency key it is, and whose rate limit. */
import { contract, redisStore, service, t, type AuthOptions, type RateLimitStore } from 'tricube'
import { testService } from 'tricube/testing'
import { jwt } from 'tricube/auth'
import { describe, expect, it, onTestFinished } from 'vitest'
import { realRedis, redisBinary } from '../service/realRedis.ts'
import { startIssuer } from './issuer.ts'

describe('an idempotency-key', () => {
  const orders = contract(
    'order-service',
    {
      order: {
        route: 'POST /orders',
        body: t.Object({ item: t.String() }),
        returns: t.Object({ by: t.String(), run: t.Integer() }),
        idempotent: 'by key',
      },
    },
    { auth: 'user' },
  )
  const start = async (auth: AuthOptions) => {
    let runs = 0
    const app = await testService(
      service(orders, { models: {}, auth, handlers: { order: ({ user }) => ({ by: user.id, run: ++runs }) } }),
      { http: 'real' },
    )
    onTestFinished(() => app.close())
    return app
  }

  it('belongs to its user: the same key of another one is another call', async () => {
    const app = await start({ user: jwt({ issuer: 'https://id.example.com' }) })
    const order = async (id: number) =>
      (await app.as({ id }).client.order({ body: { item: 'a' } }, { idempotencyKey: 'k' })).data
    expect([await order(7), await order(8), await order(7), await order(8)]).toEqual([
      { by: '7', run: 1 },
      { by: '8', run: 2 },
      { by: '7', run: 1 },
      { by: '8', run: 2 },
    ])
  })

  it('still belongs to a user with a renewed token, and not to the same subject of another issuer', async () => {
    const [first, second] = [await startIssuer(), await startIssuer()]
    const app = await start({
      user: jwt({ issuer: first.url, audience: 'note-service' }, { issuer: second.url, audience: 'note-service' }),
    })
    const order = async (issuer: typeof first, jti: string) => {
      const authorization = `Bearer ${await issuer.sign({ claims: { jti } })}`
      return (await app.client.order({ body: { item: 'a' } }, { idempotencyKey: 'k', headers: { authorization } })).data
        .run
    }
    expect([await order(first, 'a'), await order(first, 'b'), await order(second, 'a')]).toEqual([1, 1, 2])
  })

  it('belongs to its caller where your scope finds none', async () => {
    let runs = 0
    const app = await testService(
      service(orders, {
        models: {},
        auth: { user: jwt({ issuer: 'https://id.example.com' }) },
        idempotency: { scope: ({ headers }) => headers['x-session'] as string | undefined },
        handlers: { order: ({ user }) => ({ by: user.id, run: ++runs }) },
      }),
    )
    onTestFinished(() => app.close())
    const order = async (id: number) =>
      (await app.as({ id }).client.order({ body: { item: 'a' } }, { idempotencyKey: 'k' })).data
    expect([await order(7), await order(8), await order(7)]).toEqual([
      { by: '7', run: 1 },
      { by: '8', run: 2 },
      { by: '7', run: 1 },
    ])
  })

  it('of a public operation belongs to the credentials that a plugin may read', async () => {
    const open = contract('open-service', {
      order: { route: 'POST /orders', returns: t.Integer(), idempotent: 'by key' },
    })
    let runs = 0
    const app = await testService(service(open, { models: {}, handlers: { order: () => ++runs } }))
    onTestFinished(() => app.close())
    const order = async (headers: Record<string, string>) =>
      (await app.client.order({}, { idempotencyKey: 'k', headers })).data
    const all = [
      { 'x-api-key': 'a' },
      { 'x-api-key': 'b' },
      { authorization: 'a' },
      { cookie: 'a' },
      { 'x-api-key': 'a' },
    ]
    const results: number[] = []
    for (const headers of all) results.push(await order(headers))
    expect(results).toEqual([1, 2, 3, 4, 1])
  })

  it('is no way around a policy or a scope', async () => {
    let isAllowed = true
    const app = await testService(
      service(orders, {
        models: {},
        auth: { user: () => ({ id: 1 }) },
        policies: { order: () => isAllowed },
        handlers: { order: () => ({ by: '', run: 1 }) },
      }),
    )
    onTestFinished(() => app.close())
    const order = () => app.client.order({ body: { item: 'a' } }, { idempotencyKey: 'k' })
    await order()
    isAllowed = false
    await expect(order()).rejects.toThrow('the policy of order does not allow it')
  })
})

type StoreKind = 'memory' | 'postgres' | 'Redis' | 'a store of your own'
const kinds: StoreKind[] = ['memory', 'postgres', ...(redisBinary ? ['Redis' as const] : []), 'a store of your own']

async function storeOf(kind: StoreKind): Promise<'memory' | 'postgres' | RateLimitStore> {
  if (kind === 'memory' || kind === 'postgres') return kind
  if (kind === 'Redis') {
    const redis = await realRedis()
    return redisStore((script, keys, args) => redis.eval(script, keys, args))
  }
  const taken = new Map<string, number>()
  return {
    take(key, { intervalUs }) {
      taken.set(key, (taken.get(key) ?? 0) + intervalUs)
      return Promise.resolve(taken.get(key)!)
    },
  }
}

describe('a rate limit by caller', () => {
  const rateLimit = { key: 'caller', limit: 2, windowMs: 60_000 } as const
  const limited = contract('limited-service', {
    mine: { route: 'GET /mine', auth: 'user', rateLimit },
    open: { route: 'GET /open', auth: 'public', rateLimit },
    guarded: { route: 'GET /guarded', auth: 'user', rateLimit: { key: 'ip', limit: 2, windowMs: 60_000 } },
  })
  const start = async (kind: StoreKind) => {
    const store = await storeOf(kind)
    const app = await testService(
      service(limited, {
        models: {},
        auth: { user: jwt({ issuer: 'https://id.example.com' }) },
        rateLimits: { store },
        handlers: { mine: () => {}, open: () => {}, guarded: () => {} },
      }),
    )
    onTestFinished(() => app.close())
    return app
  }
  const statuses = async (calls: readonly (() => Promise<unknown>)[]) => {
    const all: number[] = []
    for (const call of calls)
      all.push(
        await call().then(
          () => 200,
          (error: { status: number }) => error.status,
        ),
      )
    return all
  }

  it.each(kinds)('counts each user alone, in %s', async (store) => {
    const app = await start(store)
    const as = (id: number) => () => app.as({ id }).client.mine()
    expect(await statuses([as(7), as(7), as(7), as(8), as(8), as(8)])).toEqual([200, 200, 429, 200, 200, 429])
  })

  it.each(kinds)('by a header counts the values of each caller alone, in %s', async (kind) => {
    const byHeader = contract(
      'limited-service',
      {
        list: { route: 'GET /list', rateLimit: { key: { header: 'x-list' }, limit: 2, windowMs: 60_000 } },
        open: {
          route: 'GET /open',
          auth: 'public',
          rateLimit: { key: { header: 'x-list' }, limit: 2, windowMs: 60_000 },
        },
      },
      { auth: 'user' },
    )
    const app = await testService(
      service(byHeader, {
        models: {},
        auth: { user: jwt({ issuer: 'https://id.example.com' }) },
        rateLimits: { store: await storeOf(kind) },
        handlers: { list: () => {}, open: () => {} },
      }),
    )
    onTestFinished(() => app.close())
    const of = (headers: Record<string, string>) => ({ headers })
    const list = (id: number, name: string) => () => app.as({ id }).client.list({}, of({ 'x-list': name }))
    const nobody = () => app.client.list({}, of({ 'x-list': 'a' }))
    const open = () => app.client.open({}, of({ 'x-list': 'a' }))
    expect(await statuses([nobody, nobody, nobody])).toEqual([401, 401, 401]) // strangers use up nothing
    expect(await statuses([list(8, 'a'), list(8, 'a'), list(8, 'a'), list(8, 'b')])).toEqual([200, 200, 429, 200])
    expect(await statuses([list(7, 'a'), list(7, 'a'), list(7, 'a')])).toEqual([200, 200, 429])
    expect(await statuses([open, open, open])).toEqual([200, 200, 429])
  })

  it('of your own sees the callers: a tenant has one limit, by its verified claim', async () => {
    const byTenant = contract(
      'limited-service',
      { list: { route: 'GET /list', rateLimit: { key: 'tenant', limit: 2, windowMs: 60_000 } } },
      { auth: 'user' },
    )
    const app = await testService(
      service(byTenant, {
        auth: { user: jwt({ issuer: 'https://id.example.com' }) },
        rateLimits: { keys: { tenant: (_request, { user }) => user?.tenant } },
        handlers: { list: () => {} },
      }),
    )
    onTestFinished(() => app.close())
    const list = (id: number, tenant: string) => () => app.as({ id, tenant }).client.list()
    expect(await statuses([list(1, 'a'), list(2, 'a'), list(3, 'a'), list(4, 'b')])).toEqual([200, 200, 429, 200])
  })

  it('counts the address where nobody is identified', async () => {
    const app = await start('memory')
    const open = (id: number) => () => app.as({ id }).client.open()
    expect(await statuses([open(7), open(8), open(9)])).toEqual([200, 200, 429])
  })

  it('needs no 401 to count: others cannot use up the limit of a user', async () => {
    const app = await start('memory')
    const as = () => app.as({ id: 7 }).client.mine()
    expect(await statuses([() => app.client.mine(), () => app.client.mine(), () => app.client.mine(), as, as])).toEqual(
      [401, 401, 401, 200, 200],
    )
  })

  it('by address comes before the check of credentials', async () => {
    const app = await start('memory')
    const call = () => app.client.guarded()
    expect(await statuses([call, call, call])).toEqual([401, 401, 429])
  })
})
