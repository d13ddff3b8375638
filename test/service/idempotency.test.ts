/** Operations that are idempotent by key: whose key it is, what is done with it, and what is held meanwhile. */
import { contract, service, t, type Context } from 'tricube'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withResolvers } from '../withResolvers.ts'

const payments = contract('payment-service', {
  charge: {
    route: 'POST /charges',
    body: t.Object({ amount: t.Integer() }),
    returns: t.Object({ id: t.Integer(), key: t.String() }),
    idempotent: 'by key',
  },
  note: { route: 'POST /notes', body: t.Object({ text: t.String() }), returns: t.String() },
})
const Order = t.Object({ id: t.Integer(), item: t.String() })
const orders = contract('order-service', {
  order: {
    route: 'POST /orders',
    body: t.Object({ item: t.String() }),
    returns: Order,
    idempotent: 'by key',
    timeoutMs: 20_000,
  },
  quick: {
    route: 'POST /quick',
    body: t.Object({ item: t.String() }),
    returns: Order,
    idempotent: 'by key',
    timeoutMs: 400,
  },
})
type OrderContext = Context<typeof orders.operations.order, { payments: typeof payments }>
type Handler = (context: OrderContext) => Promise<{ id: number; item: string }>

const insert: Handler = ({ db, body }) => db.one`INSERT INTO orders (item) VALUES (${body.item}) RETURNING id, item`
let handler: Handler
let runs: number

type Options = Pick<Parameters<typeof service>[1], 'database' | 'idempotency'>
const orderService = (options: Options = {}) =>
  service(orders, {
    models: {},
    clients: { payments },
    admission: false,
    ...options,
    handlers: {
      order: (context) => (runs++, handler(context)),
      quick: (context) => (runs++, handler(context as unknown as OrderContext)),
    },
  })
const start = async (options?: Options, databaseUrl?: string) => {
  const started = await testService(orderService(options), {
    config: { logLevel: 'silent', ...(databaseUrl !== undefined && { databaseUrl }) },
  })
  await started.db.script('CREATE TABLE IF NOT EXISTS orders (id serial PRIMARY KEY, item text NOT NULL)')
  return started
}
type App = Awaited<ReturnType<typeof start>>

let app: App
beforeEach(async () => {
  handler = insert
  runs = 0
  app = await start()
})
afterEach(() => app.close())

const post = (key: string, { item = 'tea', url = '/orders', on = app, headers = {} } = {}) =>
  on.inject({ method: 'POST', url, payload: { item }, headers: { 'idempotency-key': key, ...headers } })
const items = () => app.db.value<string[]>`SELECT coalesce(array_agg(item ORDER BY id), '{}') FROM orders`
const keys = () => app.db.value<number>`SELECT count(*) FROM tricube.idempotency`

describe('the scope of a key', () => {
  it.each(['authorization', 'cookie'])('is the caller, by its %s', async (header) => {
    const alice = await post('k1', { headers: { [header]: 'session=alice' } })
    const bob = await post('k1', { headers: { [header]: 'session=bob' } })
    expect([alice.json().data.id, bob.json().data.id, runs]).toEqual([1, 2, 2])
    expect((await post('k1', { headers: { [header]: 'session=alice' } })).body).toBe(alice.body)
    // A rejection does not show that another caller has the key either.
    expect((await post('k1', { item: 'coffee', headers: { [header]: 'session=eve' } })).statusCode).toBe(200)
    expect((await post('k1')).json().data.id).toBe(4)
    const stored = await app.db.many<object>`SELECT * FROM tricube.idempotency`
    expect(JSON.stringify(stored)).not.toMatch(/alice|bob|session/)
  })

  it('is the result of the scope option, across renewed tokens', async () => {
    await using scoped = await start({ idempotency: { scope: ({ headers }) => headers['x-user'] as string } })
    const ask = (user: string, token: string) =>
      post('k1', { on: scoped, headers: { 'x-user': user, authorization: token } })
    const [first, renewed, other] = [await ask('1', 'old'), await ask('1', 'new'), await ask('2', 'old')]
    expect([renewed.body, other.json().data.id, runs]).toEqual([first.body, 2, 2])
  })

  it('is one operation', async () => {
    await post('k1')
    await post('k1', { url: '/quick' })
    expect(runs).toBe(2)
  })

  it('gives the handler a key for that caller, operation and input', async () => {
    const names = new Set<string | undefined>()
    const named: string[] = []
    handler = async (context) => {
      names.add(context.idempotencyKey)
      named.push(context.idempotencyKey!)
      if (named.length === 1) throw new Error('once')
      return insert(context)
    }
    for (const more of [{}, {}, { headers: { cookie: 'other' } }, { url: '/quick' }]) await post('k1', more)
    expect([named[0] === named[1], names.size]).toEqual([true, 3])
    await app.inject({ method: 'POST', url: '/orders', payload: { item: 'tea' } })
    expect(named.at(-1)).toBeUndefined()
  })
})

describe('the stored result', () => {
  it('has only the fields that the contract returns', async () => {
    handler = async (context) => ({ ...(await insert(context)), secret: 'hunter2' })
    const first = await post('k1')
    expect((await post('k1')).body).toBe(first.body)
    expect(await app.db.value`SELECT result FROM tricube.idempotency`).toBe('{"id":1,"item":"tea"}')
  })

  it('is committed with the last writes of the handler, in one transaction', async () => {
    handler = async (context) => {
      await context.db.execute`INSERT INTO orders (item) VALUES ('before')`
      await context.db.transaction((tx) => tx.execute`INSERT INTO orders (item) VALUES ('inside')`)
      return insert(context)
    }
    await post('k1')
    expect(
      await app.db.value`SELECT count(DISTINCT xid) FROM (
        SELECT xmin::text AS xid FROM orders WHERE item = 'tea' UNION ALL SELECT xmin::text FROM tricube.idempotency) AS x`,
    ).toBe(1)
    expect(await items()).toEqual(['before', 'inside', 'tea'])
  })

  it('and all writes are missing when the response does not match its contract', async () => {
    handler = async (context) => {
      await context.db.transaction((tx) => tx.execute`INSERT INTO orders (item) VALUES ('half')`)
      return { id: 'none' } as never
    }
    expect((await post('k1')).statusCode).toBe(500)
    expect([await items(), await keys()]).toEqual([[], 0])
    handler = insert
    expect((await post('k1')).statusCode).toBe(200)
  })

  it('is missing when COMMIT fails', async () => {
    await app.db.script('ALTER TABLE orders ADD CONSTRAINT one UNIQUE (item) DEFERRABLE INITIALLY DEFERRED')
    await post('k1')
    expect((await post('k2')).statusCode).toBe(409)
    expect([await items(), await keys()]).toEqual([['tea'], 1])
  })

  it('exists for a handler without writes', async () => {
    handler = async ({ body }) => ({ id: runs, item: body.item })
    expect((await post('k1')).body).toBe((await post('k1')).body)
    expect(runs).toBe(1)
  })
})

describe('while a handler waits for other services', () => {
  it('no connection is held, and earlier writes are committed', async () => {
    await using small = await start({ database: { lanes: 1, pool: 1 } })
    const charged = withResolvers<{ id: number; key: string }>()
    small.mock(payments).charge.implement(() => charged.promise)
    handler = async (context) => {
      const order = await insert(context)
      const paid = await context.clients.payments.charge({ body: { amount: 1 } })
      await context.db.execute`UPDATE orders SET item = item || ' paid' WHERE id = ${order.id} AND ${paid.id} = 7`
      return order
    }
    const responses = Array.from({ length: 20 }, (_, n) => post(`k${n}`, { on: small }))
    const pending = () => small.db.value<number>`SELECT count(*) FROM orders`
    await expect.poll(pending, { timeout: 5000, interval: 10 }).toBe(20)
    await expect.poll(() => small.db.stats().pool, { timeout: 5000 }).toMatchObject({ waiting: 0, idle: 1 })
    expect(await small.db.transaction((tx) => tx.value`SELECT 1`)).toBe(1)
    charged.resolve({ id: 7, key: '' })
    expect(new Set((await Promise.all(responses)).map(({ statusCode }) => statusCode))).toEqual(new Set([200]))
    expect(await small.db.value`SELECT count(*) FROM orders WHERE item = 'tea paid'`).toBe(20)
  })

  it('no connection is held for concurrent statements', async () => {
    const charged = withResolvers<{ id: number; key: string }>()
    app.mock(payments).charge.implement(() => charged.promise)
    handler = async (context) => {
      const [order] = await Promise.all([
        insert(context),
        context.clients.payments.charge({ body: { amount: 1 } }),
        context.db.transaction((tx) => tx.execute`INSERT INTO orders (item) VALUES ('beside')`),
      ])
      return order
    }
    const response = post('k1')
    await expect.poll(items, { timeout: 5000, interval: 10 }).toHaveLength(2)
    await expect.poll(() => app.db.stats().pool.idle, { timeout: 5000 }).toBe(app.db.stats().pool.size)
    charged.resolve({ id: 7, key: '' })
    expect((await response).statusCode).toBe(200)
  })

  it('a call is not made when earlier writes cannot be committed', async () => {
    await app.db.script('ALTER TABLE orders ADD CONSTRAINT one UNIQUE (item) DEFERRABLE INITIALLY DEFERRED')
    await app.db.execute`INSERT INTO orders (item) VALUES ('tea')`
    const { charge } = app.mock(payments)
    charge.returns({ id: 1, key: '' })
    handler = async (context) => {
      const order = await insert(context)
      await context.clients.payments.charge({ body: { amount: 1 } }).catch(() => {})
      await context.db.execute`INSERT INTO orders (item) VALUES ('after')`.catch(() => {})
      return order
    }
    expect((await post('k1')).statusCode).toBe(409)
    expect([charge.calls, await items()]).toEqual([[], ['tea']])
  })

  it('a call inside a transaction does not split the transaction', async () => {
    app.mock(payments).charge.throws(new Error('declined'))
    handler = async (context) =>
      context.db.transaction(async () => {
        const order = await insert(context)
        await context.clients.payments.charge({ body: { amount: 1 } })
        return order
      })
    expect((await post('k1')).statusCode).toBe(500)
    expect(await items()).toEqual([])
  })
})

describe('a handler that does not finish', () => {
  it('releases its key at the deadline, and leaves no writes', async () => {
    const back = withResolvers()
    const after = withResolvers<unknown>()
    handler = async (context) => {
      const order = await insert(context)
      await back.promise
      await insert(context).catch(after.resolve)
      return order
    }
    expect((await post('k1', { url: '/quick' })).statusCode).toBe(504)
    handler = insert
    expect((await post('k1', { url: '/quick' })).json().data.item).toBe('tea')
    back.resolve()
    expect(await after.promise).toBeInstanceOf(Error)
    expect([await items(), runs]).toEqual([['tea'], 2])
  })

  it('loses its key when the lease ends, and can then commit nothing', async () => {
    const back = withResolvers()
    handler = async (context) => {
      await insert(context)
      await back.promise
      return { id: 0, item: 'from the dead' }
    }
    const dead = post('k1')
    await expect.poll(() => runs).toBe(1)
    const waiting = post('k1')
    handler = insert
    await app.db.execute`UPDATE tricube.idempotency SET leased_until = now() - interval '1 second'`
    expect((await waiting).json().data).toMatchObject({ item: 'tea' })
    back.resolve()
    expect((await dead).json()).toMatchObject({ code: 40900 })
    expect([await items(), (await post('k1')).body]).toEqual([['tea'], (await waiting).body])
  })

  it('keeps its key while it runs', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    try {
      const back = withResolvers()
      handler = async (context) => {
        await back.promise
        return insert(context)
      }
      const long = post('k1')
      await expect.poll(() => runs).toBe(1)
      const isTaken = () => app.db.value<boolean>`SELECT leased_until > now() FROM tricube.idempotency`
      for (let i = 0; i < 3; i++) {
        await app.db.execute`UPDATE tricube.idempotency SET leased_until = now() - interval '1 second'`
        vi.advanceTimersByTime(10_000)
        await expect.poll(isTaken, { timeout: 5000, interval: 10 }).toBe(true)
      }
      back.resolve()
      expect((await long).json().data.item).toBe('tea')
    } finally {
      vi.useRealTimers()
    }
  })

  it('leaves writes that came before a call, and finds them when it is retried', async () => {
    await app.db.script('CREATE TABLE named (id text PRIMARY KEY, state text NOT NULL)')
    const { charge } = app.mock(payments)
    handler = async ({ db, body, idempotencyKey, clients: { payments: other } }) => {
      await db.execute`INSERT INTO named VALUES (${idempotencyKey}, 'new') ON CONFLICT (id) DO NOTHING`
      await other.charge({ body: { amount: 1 } })
      await db.execute`UPDATE named SET state = 'paid' WHERE id = ${idempotencyKey}`
      return { id: 1, item: body.item }
    }
    charge.throws(new Error('no answer'))
    expect((await post('k1')).statusCode).toBe(500)
    expect(await app.db.many`SELECT state FROM named`).toEqual([{ state: 'new' }])
    charge.returns({ id: 1, key: '' })
    expect((await post('k1')).statusCode).toBe(200)
    expect(await app.db.many`SELECT state FROM named`).toEqual([{ state: 'paid' }])
    const sent = (charge.calls as readonly { idempotencyKey?: string }[]).map(({ idempotencyKey }) => idempotencyKey)
    expect([sent.length, new Set(sent).size, typeof sent[0]]).toEqual([2, 1, 'string'])
  })

  it('loses its key to another process, even with another input', async () => {
    await post('k1')
    await app.db.execute`UPDATE tricube.idempotency SET result = NULL, leased_until = now() - interval '1 second'`
    expect((await post('k1', { item: 'coffee' })).json().data.item).toBe('coffee')
  })
})

describe('the handler’s database', () => {
  it('keeps the options of db.with', async () => {
    const late = (sqlstate: string) => expect.objectContaining({ sqlstate })
    handler = async (context) => {
      const hasty = context.db.with({ timeoutMs: 50 })
      await expect(hasty.transaction((tx) => tx.execute`SELECT pg_sleep(10)`)).rejects.toEqual(late('57014'))
      await expect(hasty.transaction(() => new Promise(() => {}))).rejects.toEqual(late('57014'))
      const given = context.db.with({ signal: AbortSignal.abort('given up') })
      await expect(given.transaction(async () => {})).rejects.toBe('given up')
      return insert(context)
    }
    expect((await post('k1')).json()).toMatchObject({ code: 0 })
    handler = async (context) => {
      await insert(context)
      await context.db.with({ timeoutMs: 50 }).execute`SELECT pg_sleep(10)`
      return insert(context)
    }
    expect((await post('k2')).statusCode).toBe(504)
    expect(await items()).toEqual(['tea'])
  })

  it('keeps the options while it waits for a connection', async () => {
    await using small = await start({ database: { lanes: 1, pool: 1 } })
    await post('k0', { on: small, item: 'first' }) // creates the table, for which it needs a connection
    const [begun, end] = [withResolvers(), withResolvers()]
    const held = small.db.transaction(async (tx) => {
      await tx.execute`SELECT 1`
      begun.resolve()
      await end.promise
    })
    await begun.promise
    handler = async (context) => {
      const hasty = context.db.with({ timeoutMs: 50 })
      await expect(hasty.execute`INSERT INTO orders (item) VALUES ('hasty')`).rejects.toMatchObject({
        sqlstate: '57014',
      })
      const given = context.db.with({ signal: AbortSignal.timeout(50) })
      await expect(given.transaction(() => insert(context))).rejects.toMatchObject({ name: 'TimeoutError' })
      end.resolve()
      await held
      return insert(context)
    }
    expect((await post('k1', { on: small })).statusCode).toBe(200)
    expect(await small.db.many`SELECT item FROM orders ORDER BY id`).toEqual([{ item: 'first' }, { item: 'tea' }])
  })

  it('keeps the options of a transaction', async () => {
    handler = async (context) => {
      await expect(
        context.db.transaction((tx) => tx.execute`DELETE FROM orders`, { readOnly: true }),
      ).rejects.toMatchObject({ sqlstate: '25006' })
      const level = await context.db.transaction(
        (tx) => tx.value<string>`SELECT current_setting('transaction_isolation')`,
        { isolation: 'serializable' },
      )
      await expect(
        context.db.transaction((tx) => tx.execute`DELETE FROM orders`, { readOnly: true }),
      ).rejects.toMatchObject({ sqlstate: '25006' })
      await expect(context.db.transaction(async () => {}, { isolation: 'repeatable read' })).rejects.toThrow(
        'a transaction with isolation repeatable read must come before all other writes',
      )
      await insert(context)
      return { id: 1, item: level }
    }
    expect((await post('k1')).json().data.item).toBe('serializable')
    await expect(items()).resolves.toEqual(['tea'])
  })

  it('retries a transaction after a serialization failure', async () => {
    let attempts = 0
    handler = (context) =>
      context.db.transaction(
        async (tx) => {
          await tx.value`SELECT count(*) FROM orders`
          if (++attempts === 1) {
            const options = { isolation: 'serializable' } as const
            await app.db.transaction(async (other) => {
              await other.value`SELECT count(*) FROM orders`
              await other.execute`INSERT INTO orders (item) VALUES ('other')`
            }, options)
          }
          return tx.one`INSERT INTO orders (item) VALUES ('mine') RETURNING id, item`
        },
        { isolation: 'serializable', retries: 3 },
      )
    expect((await post('k1')).json().data.item).toBe('mine')
    expect([attempts, await items()]).toEqual([2, ['other', 'mine']])
  })

  it('does not deadlock with nested transactions on a pool of one', async () => {
    await using small = await start({ database: { lanes: 0, pool: 1 } })
    handler = (context) =>
      context.db.transaction(() => context.db.transaction((tx) => tx.transaction(() => insert(context))))
    expect((await post('k1', { on: small })).json().data.item).toBe('tea')
  })

  it('runs streams, batches, scripts and Drizzle in the same transaction', async () => {
    handler = async (context) => {
      const { db } = context
      await db.batch(['a', 'b'])`INSERT INTO orders (item) VALUES (${(item) => item})`
      await db.script("INSERT INTO orders (item) VALUES ('c'); INSERT INTO orders (item) VALUES ('d')")
      const seen: string[] = []
      for await (const { item } of db.stream<{ item: string }>`SELECT item FROM orders ORDER BY id`) seen.push(item)
      for await (const { item } of db.stream<{ item: string }>`INSERT INTO orders (item) VALUES ('e') RETURNING item`)
        seen.push(item)
      await db.drizzle.execute(`INSERT INTO orders (item) VALUES ('f')`)
      await expect(db.execute`SET TimeZone = 'UTC'`).rejects.toMatchObject({ sqlstate: '25001' })
      expect(await app.db.value`SELECT count(*) FROM orders`).toBe(0)
      return { id: 1, item: seen.join('') }
    }
    expect((await post('k1')).json().data.item).toBe('abcde')
    expect(await items()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  })

  it('ends with the call', async () => {
    let leaked: OrderContext['db'] | undefined
    handler = (context) => {
      leaked = context.db
      return insert(context)
    }
    await post('k1')
    await expect(leaked!.execute`DELETE FROM orders`).rejects.toMatchObject({ sqlstate: '25000' })
  })
})

describe('calls of a retried handler', () => {
  /** What the payment service was asked for, and how often it has done it. */
  let asked: (string | undefined)[]
  let charges: number
  const paymentService = service(payments, {
    models: {},
    handlers: {
      charge: ({ body, request }) => (
        (charges += body.amount),
        { id: charges, key: String(request.headers['idempotency-key']) }
      ),
      note: ({ request }) => (asked.push(request.headers['idempotency-key'] as string | undefined), 'noted'),
    },
  })
  afterEach(() => vi.unstubAllEnvs())

  it('carry their own keys, so that no customer is charged twice', async () => {
    asked = []
    charges = 0
    const url = new URL(process.env['TRICUBE_TEST_DATABASE_URL']!)
    url.pathname = await app.db.value<string>`SELECT current_database()`
    vi.stubEnv('LOG_LEVEL', 'silent')
    vi.stubEnv('DATABASE_URL', url.href)
    vi.stubEnv('TRICUBE_SERVICES', `payment-service=${new URL((await paymentService.listen()).url).host}`)
    const real = orderService()
    const address = (await real.listen()).url
    try {
      const seen: string[] = []
      handler = async (context) => {
        const { payments: other } = context.clients
        const paid = await Promise.all([other.charge({ body: { amount: 1 } }), other.charge({ body: { amount: 10 } })])
        const own = await other.charge({ body: { amount: 100 } }, { idempotencyKey: `mine ${context.body.item}` })
        await other.note({ body: { text: 'hello' } })
        seen.push([...paid, own].map(({ key }) => key).join())
        if (runs === 1) throw new Error('after the charges')
        return insert(context)
      }
      const ask = (key: string, authorization: string) =>
        fetch(`${address}/orders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': key, authorization },
          body: JSON.stringify({ item: 'tea' }),
        }).then(({ status }) => status)
      expect([await ask('k1', 'alice'), charges]).toEqual([500, 111])
      expect([await ask('k1', 'alice'), charges]).toEqual([200, 111])
      expect([await ask('k1', 'alice'), charges, runs]).toEqual([200, 111, 2])
      expect([await ask('k1', 'bob'), charges]).toEqual([200, 122]) // but for the key that the handler gave
      expect(new Set(seen).size).toBe(2)
      expect(new Set(seen.join().split(',')).size).toBe(5)
      expect(asked).toEqual([undefined, undefined, undefined]) // it would not know what to do with one
    } finally {
      await real.close()
      await paymentService.close()
    }
  })
})

describe('a service without a database', () => {
  it.each(['order', 'quick'])('cannot have an operation that is idempotent by key, like %s', (name) => {
    const one = contract('order-service', { [name]: orders.operations[name as 'order'] })
    expect(() => service(one, { handlers: { [name]: async () => ({ id: 1, item: '' }) } })).toThrow(
      `order-service: ${name} is idempotent 'by key', which needs a database: give the service models, migrations, or database: {}`,
    )
  })

  it('can have one with each of these options', () => {
    const handlers = { order: insert, quick: insert } as never
    for (const has of [{ models: {} }, { migrations: new URL('./', import.meta.url) }, { database: {} }]) {
      expect(() => service(orders, { ...has, handlers })).not.toThrow()
    }
  })
})
