import { contract, jobs, NotFound, service, t } from 'tricube'
import { testSystem } from 'tricube/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'

const Product = t.Object({ sku: t.String(), price: t.Integer() })
const catalogContract = contract('catalog-service', {
  getProduct: { route: 'GET /products/:sku', returns: Product, errors: [NotFound] },
})
const pspContract = contract('psp-service', {
  charge: { route: 'POST /charges', body: t.Object({ amount: t.Integer() }), returns: t.Object({ id: t.String() }) },
})
const orderContract = contract('order-service', {
  placeOrder: {
    route: 'POST /orders',
    body: t.Object({ sku: t.String() }),
    returns: t.Object({ charge: t.String(), tenant: t.String() }),
  },
})
const catalog = service(catalogContract, {
  handlers: {
    getProduct({ params, request }) {
      if (params.sku === 'none') throw new NotFound('no such product')
      return {
        sku: `${params.sku} ${String(request.headers['x-tenant'])}`,
        price: params.sku === 'wrong' ? 0.5 : 5,
      }
    },
  },
})
const orders = service(orderContract, {
  clients: { catalog: catalogContract, psp: pspContract },
  calls: { catalog: { forward: ['x-tenant'] } },
  handlers: {
    async placeOrder({ body, clients }) {
      const product = await clients.catalog.getProduct({ params: { sku: body.sku } })
      const { id } = await clients.psp.charge({ body: { amount: product.price } })
      return { charge: id, tenant: product.sku }
    },
  },
})

describe('testSystem', () => {
  it('lets services call each other, and mocks of all other services', async () => {
    await using system = await testSystem({ orders, catalog }) // the one that calls may come first
    system.orders.mock(pspContract).charge.implement(({ body }) => ({ id: `ch_${body.amount}` }))
    const { data } = await system.orders.client.placeOrder({ body: { sku: 'a' } }, { headers: { 'x-tenant': 't1' } })
    expectTypeOf(data).toEqualTypeOf<{ charge: string; tenant: string }>()
    expect(data).toEqual({ charge: 'ch_5', tenant: 'a t1' })
    expect(system.orders.mock(pspContract).charge.calls).toEqual([{ body: { amount: 5 } }])
    expect(system.catalog.spans.map(({ name }) => name)).toContain('getProduct')
    const [span] = system.catalog.spans
    expect(system.orders.spans.map(({ traceId }) => traceId)).toContain(span!.traceId)
    expect((await system.catalog.client.getProduct({ params: { sku: 'b' } })).data.price).toBe(5)
  })

  it('keeps the classes of errors between services', async () => {
    await using system = await testSystem({ catalog, orders })
    await expect(system.orders.client.placeOrder({ body: { sku: 'none' } })).rejects.toThrow(NotFound)
  })

  it('fails the test if one service breaks its contract', async () => {
    const system = await testSystem({ catalog, orders })
    await expect(system.orders.client.placeOrder({ body: { sku: 'wrong' } })).rejects.toThrow(
      'catalog-service.getProduct: the handler returned what the contract does not allow: price',
    )
    await system.close()
  })

  it('rejects a mock of a service of the system', async () => {
    await using system = await testSystem({ catalog, orders })
    expect(() => system.orders.mock(catalogContract)).toThrow(
      'order-service calls the real catalog-service in this test, mock a service outside the system',
    )
  })

  it('gives each service its own database, and runs afterStart once all have started', async () => {
    const counter = contract('counter-service', { count: { route: 'GET /count', returns: t.Integer() } })
    const made: string[] = []
    const withDatabase = (name: string) =>
      service(contract(`${name}-service`, { name: { route: 'GET /name', returns: t.String() } }), {
        migrations: new URL('../../examples/role-service/migrations/', import.meta.url),
        clients: { counter },
        hooks: {
          afterStart: (app) =>
            app.run(async ({ clients }) => void made.push(`${name} ${await clients.counter.count()}`)),
        },
        handlers: { name: ({ db }) => db.value<string>`SELECT current_database()` },
      })
    await using system = await testSystem(
      { a: withDatabase('a'), b: withDatabase('b'), counter: service(counter, { handlers: { count: () => 7 } }) },
      { a: { afterStart: true }, b: { afterStart: true } },
    )
    expect(made).toEqual(['a 7', 'b 7'])
    expect((await system.a.client.name()).data).toMatch(/^test_a_service_/)
    expect((await system.b.client.name()).data).toMatch(/^test_b_service_/)
  })

  it.each([
    [[catalog], {}, 'expected services by name, like { orders: orderService }, got a list of 1'],
    [{ catalog: catalogContract }, {}, 'catalog: expected a service, got an object (Object)'],
    [{ close: catalog }, {}, 'a service cannot be named close, which stops the system'],
    [{ deliverEvents: catalog }, {}, 'a service cannot be named deliverEvents, which delivers events'],
    [{ a: catalog, b: catalog }, {}, 'a and b are the same service, catalog-service'],
    [{ catalog }, { orders: {} }, 'unknown service "orders" in options, expected catalog'],
  ])('are rejected when they cannot be: %#', async (services, options, problem) => {
    await expect(testSystem(services as never, options as never)).rejects.toThrow(`testSystem: ${problem}`)
  })
})

describe('events between services', () => {
  const Order = t.Object({ order_id: t.Integer() })
  const ordersContract = contract(
    'order-service',
    { placeOrder: { route: 'POST /orders', body: Order, returns: t.Null() } },
    { events: { placed: { payload: Order, key: 'order_id' }, paid: { payload: Order } } },
  )
  const stockContract = contract(
    'stock-service',
    {},
    { events: { reserved: { payload: Order }, again: { payload: Order } } },
  )
  const { placed, paid } = ordersContract.events
  const { reserved, again } = stockContract.events
  let seen: string[] = []
  const shop = {
    orders: service(ordersContract, {
      models: {},
      handlers: {
        async placeOrder({ body, db }) {
          await db.publish(placed, body)
          return null
        },
      },
      subscriptions: { pay: { event: reserved, handler: ({ event, db }) => db.publish(paid, event) } },
    }),
    stock: service(stockContract, {
      models: {},
      handlers: {},
      subscriptions: {
        reserve: {
          event: placed,
          retries: 1,
          async handler({ event, db, attempt }) {
            seen.push(`reserve ${event.order_id}`)
            if (event.order_id === 13 && attempt === 1) throw new Error('out of stock')
            await db.publish(reserved, event)
          },
        },
      },
    }),
    mails: service(contract('mail-service', {}), {
      models: {},
      handlers: {},
      subscriptions: {
        thank: { event: paid, handler: ({ event, eventId }) => void seen.push(`thank ${event.order_id} ${eventId}`) },
        note: { event: placed, handler: ({ event }) => void seen.push(`note ${event.order_id}`) },
      },
    }),
  }

  it('travel to every subscription, with those that they cause, once', async () => {
    seen = []
    await using system = await testSystem(shop)
    await system.orders.client.placeOrder({ body: { order_id: 7 } })
    expect(seen).toEqual([])
    expect(await system.deliverEvents()).toMatchObject([
      { service: 'stock', job: 'on reserve', outcome: 'done' },
      { service: 'mails', job: 'on note', outcome: 'done' },
      { service: 'orders', job: 'on pay', outcome: 'done' },
      { service: 'mails', job: 'on thank', outcome: 'done' },
    ])
    expect(seen).toEqual(['reserve 7', 'note 7', expect.stringMatching(/^thank 7 order-service\.\.2\.\d{13}$/)])
    expect(await system.deliverEvents()).toEqual([])
  })

  it('run with the jobs that are due in each service, also in one without subscriptions', async () => {
    const receipts = jobs({ send: { input: Order } })
    const orders = service(ordersContract, {
      models: {},
      jobs: receipts,
      jobHandlers: { send: ({ input }) => void seen.push(`send ${input.order_id}`) },
      handlers: {
        async placeOrder({ body, db }) {
          await db.publish(placed, body)
          await db.enqueue(receipts.send, body)
          return null
        },
      },
    })
    seen = []
    await using system = await testSystem({ orders, mails: shop.mails })
    await system.orders.client.placeOrder({ body: { order_id: 7 } })
    expect(await system.deliverEvents()).toMatchObject([
      { service: 'orders', job: 'send', outcome: 'done' },
      { service: 'mails', job: 'on note', outcome: 'done' },
    ])
    expect(seen).toEqual(['send 7', 'note 7'])
  })

  it('are retried by runJobs, and what they cause then travels with the next delivery', async () => {
    seen = []
    await using system = await testSystem(shop)
    await system.orders.client.placeOrder({ body: { order_id: 13 } })
    expect(await system.deliverEvents()).toMatchObject([{ job: 'on reserve', outcome: 'failed' }, { job: 'on note' }])
    await system.stock.runJobs({ forMs: 60_000 })
    await system.deliverEvents()
    expect(seen.at(-1)).toContain('thank 13')
  })

  it('fail the test when services answer each other for ever', async () => {
    const echoContract = contract('echo-service', {}, { events: { echoed: { payload: Order } } })
    const { echoed } = echoContract.events
    const echo = service(echoContract, {
      models: {},
      handlers: {},
      subscriptions: { echo: { event: again, handler: ({ event, db }) => db.publish(echoed, event) } },
    })
    const stock = service(stockContract, {
      models: {},
      handlers: {},
      subscriptions: { call: { event: echoed, handler: ({ event, db }) => db.publish(again, event) } },
    })
    await using system = await testSystem({ echo, stock })
    await system.stock.db.publish(again, { order_id: 1 })
    await expect(system.deliverEvents()).rejects.toThrow(
      'deliverEvents: after 30 rounds, events still cause other events',
    )
  }, 30_000)
})
