import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const orders = contract('order-service', {
  createOrder: {
    route: 'POST /orders',
    body: t.Object({ item: t.String() }),
    returns: t.Object({ id: t.Integer(), item: t.String() }),
    idempotent: 'by key',
  },
})

let runs = 0
let fails = false
const orderService = () =>
  service(orders, {
    models: {},
    handlers: {
      async createOrder({ body, db }) {
        runs += 1
        await db.transaction((tx) => tx.execute`INSERT INTO orders ${tx.values({ item: `audit of ${body.item}` })}`)
        if (fails) throw new Error('after the effect')
        return db.one<{ id: number; item: string }>`INSERT INTO orders ${db.values(body)} RETURNING id, item`
      },
    },
  })
const start = (databaseUrl?: string) =>
  testService(orderService(), { config: { logLevel: 'silent', ...(databaseUrl !== undefined && { databaseUrl }) } })

let app: Awaited<ReturnType<typeof start>>
beforeEach(async () => {
  runs = 0
  fails = false
  app = await start()
  await app.db.execute`CREATE TABLE orders (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, item text NOT NULL)`
})
afterEach(() => app.close())

const post = (item: string, key?: string) =>
  app.inject({
    method: 'POST',
    url: '/orders',
    payload: { item },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })
const count = () => app.db.value<number>`SELECT count(*) FROM orders WHERE item NOT LIKE 'audit%'`

describe('an operation that is idempotent by key', () => {
  it('returns the result of the first call to the second', async () => {
    const [first, second] = [await post('tea', 'k1'), await post('tea', 'k1')]
    expect(first.json()).toEqual({ code: 0, data: { id: 2, item: 'tea' } })
    expect(second.body).toBe(first.body)
    expect([runs, await count()]).toEqual([1, 1])
    expect((await post('tea', 'k2')).json().data.id).toBe(4)
  })

  it('runs each call without a key', async () => {
    await post('tea')
    await post('tea')
    expect([runs, await count()]).toEqual([2, 2])
  })

  it('runs once for concurrent calls with one key', async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => post('tea', 'k1')))
    expect(new Set(responses.map(({ body }) => body)).size).toBe(1)
    expect([runs, await count()]).toEqual([1, 1])
  })

  it('rolls back when it fails, and runs again', async () => {
    fails = true
    expect((await post('tea', 'k1')).statusCode).toBe(500)
    expect(await app.db.value`SELECT count(*) FROM orders`).toBe(0)
    fails = false
    expect((await post('tea', 'k1')).statusCode).toBe(200)
    expect(await count()).toBe(1)
  })

  it('rejects a key that was used with another input, and an invalid key', async () => {
    await post('tea', 'k1')
    expect((await post('coffee', 'k1')).json()).toMatchObject({
      code: 42201,
      error: 'the idempotency-key was used with another input',
    })
    expect((await post('tea', 'ä'.repeat(300))).json()).toMatchObject({ code: 40000 })
    expect(await count()).toBe(1)
  })

  it('deletes results after a day', async () => {
    await post('tea', 'k1')
    await app.db
      .execute`UPDATE tricube.idempotency SET created_at = now() - interval '25 hours', leased_until = now() - interval '25 hours'`
    const url = new URL(process.env['TRICUBE_TEST_DATABASE_URL']!)
    url.pathname = await app.db.value<string>`SELECT current_database()`
    await using another = await start(url.href)
    await another.inject({
      method: 'POST',
      url: '/orders',
      payload: { item: 'tea' },
      headers: { 'idempotency-key': 'k2' },
    })
    expect(await app.db.many`SELECT key FROM tricube.idempotency`).toEqual([{ key: 'k2' }])
  })

  it('rejects a GET', () => {
    expect(() => contract('x', { a: { route: 'GET /a', idempotent: 'by key' } })).toThrow(
      "x.a: a GET needs no key, remove idempotent: 'by key'",
    )
  })
})
