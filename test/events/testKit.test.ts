/** Events of services under test: what was published, and what a subscription does with an event. */
import { contract, service, t } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const Order = t.Object({ order_id: t.Integer(), note: t.Optional(t.String()) })
const orderService = contract(
  'order-service',
  { placeOrder: { route: 'POST /orders', body: Order, returns: t.Null() } },
  { events: { orderPlaced: { payload: Order, key: 'order_id' }, orderShipped: { payload: Order } } },
)
const { orderPlaced, orderShipped } = orderService.events
const orders = service(orderService, {
  models: {},
  handlers: {
    placeOrder: ({ body, db }) =>
      db.transaction(async (tx) => {
        await tx.publish(orderPlaced, body)
        if (body.note === 'fails') throw new Error('no')
        return null
      }),
  },
})

const mailContract = contract('mail-service', {})
let fails = 0
const seen: [number, number, string][] = []
const mails = service(mailContract, {
  models: {},
  handlers: {},
  subscriptions: {
    thank: {
      event: orderPlaced,
      retries: 1,
      onDead: 'hold',
      async handler({ event, db, attempt, idempotencyKey }) {
        await db.execute`INSERT INTO mails VALUES (${event.order_id})`
        seen.push([event.order_id, attempt, idempotencyKey])
        if (fails-- > 0) throw new Error('the post office is closed')
      },
    },
    ship: { event: orderShipped, retries: 0, handler() {} },
  },
})

describe('a publisher', () => {
  let app: TestApp<typeof orderService>
  beforeEach(async () => {
    app = await testService(orders, { config: { logLevel: 'silent' } })
  })
  afterEach(() => app.close())

  it('publishes with its transaction, or not at all', async () => {
    await app.client.placeOrder({ body: { order_id: 1 } })
    await expect(app.client.placeOrder({ body: { order_id: 2, note: 'fails' } })).rejects.toThrow()
    await app.db.publish(orderPlaced, { order_id: 3 })
    expect(await app.published(orderPlaced)).toEqual([{ order_id: 1 }, { order_id: 3 }])
    expect(await app.published(orderShipped)).toEqual([])
  })

  it.each([
    [
      'a field of another type',
      orderPlaced,
      { order_id: 'one' },
      'event orderPlaced: payload.order_id must be integer',
    ],
    ['an unknown field', orderPlaced, { order_id: 1, orderid: 2 }, 'event orderPlaced: payload.orderid'],
    [
      'a large payload',
      orderPlaced,
      { order_id: 1, note: 'x'.repeat(300_000) },
      'expected at most 262144: publish an id instead',
    ],
    [
      'an event of another contract',
      contract('stock-service', {}, { events: { stockArrived: { payload: Order } } }).events.stockArrived,
      { order_id: 1 },
      'order-service cannot publish stockArrived, an event of stock-service: expected one of its own, orderPlaced, orderShipped',
    ],
    [
      'an unknown event',
      { ...orderPlaced, name: 'orderLost' },
      { order_id: 1 },
      'order-service has no event orderLost',
    ],
  ])('rejects %s, and stores nothing', async (_, event, payload, message) => {
    await expect(app.db.publish(event, payload as never)).rejects.toThrow(message)
    expect(await app.published(orderPlaced)).toEqual([])
  })
})

describe('a subscriber', () => {
  let app: TestApp<typeof mailContract>
  beforeEach(async () => {
    fails = 0
    seen.length = 0
    app = await testService(mails, { config: { logLevel: 'silent' } })
    await app.db.script('CREATE TABLE mails (order_id int)')
  })
  afterEach(() => app.close())
  const sent = () => app.db.many`SELECT order_id FROM mails`

  it('does its work once, with the event', async () => {
    expect(await app.deliver(orderPlaced, { order_id: 7 })).toMatchObject([{ job: 'on thank', outcome: 'done' }])
    expect(seen).toEqual([[7, 1, expect.stringContaining('mail-service.thank.order-service.')]])
    expect(await sent()).toEqual([{ order_id: 7 }])
  })

  it('rolls back what failed, and does it again', async () => {
    fails = 1
    await app.deliver(orderPlaced, { order_id: 7 })
    expect(await sent()).toEqual([])
    await app.runJobs({ forMs: 60_000 })
    expect(seen.map(([, attempt]) => attempt)).toEqual([1, 2])
    expect(seen[0]![2]).toBe(seen[1]![2])
    expect(await sent()).toEqual([{ order_id: 7 }])
  })

  it('has later events of a key wait for one that is dead, when it holds them, and no others', async () => {
    fails = 2
    await app.deliver(orderPlaced, { order_id: 7 })
    await app.runJobs({ forMs: 60_000 })
    expect(await app.deliver(orderPlaced, { order_id: 7 })).toMatchObject([
      { job: 'on thank', attempt: 0, outcome: 'waiting' },
    ])
    await app.deliver(orderPlaced, { order_id: 8 })
    expect(await sent()).toEqual([{ order_id: 8 }])
  })

  it('fails an event whose payload is not what its contract says', async () => {
    const runs = await app.deliver(orderShipped, { order_id: 'one' } as never)
    expect(runs).toMatchObject([
      { outcome: 'dead', error: { message: expect.stringContaining('order_id must be integer') } },
    ])
  })

  it('is an event of a contract, not its name or a misspelt one', async () => {
    await expect(app.deliver('orderPlaced' as never, {} as never)).rejects.toThrow(
      'app.deliver: expected an event of a contract, like orderService.events.orderPlaced, got "orderPlaced"',
    )
    await expect(app.published(undefined as never)).rejects.toThrow('app.published: expected an event of a contract')
  })

  it('takes fields that a newer publisher has added', async () => {
    expect(await app.deliver(orderPlaced, { order_id: 7, colour: 'red' } as never)).toMatchObject([{ outcome: 'done' }])
  })
})

it('has the clients and resources of the service typed in a subscription', () => {
  const catalog = contract('catalog-service', {
    getItem: { route: 'GET /items/:id', params: { id: t.Integer() }, returns: Order },
  })
  const define = () =>
    service(mailContract, {
      models: {},
      handlers: {},
      clients: { catalog },
      subscriptions: {
        look: {
          event: orderPlaced,
          async handler({ event, clients, publishedAt }) {
            const item = await clients.catalog.getItem({ params: { id: event.order_id } })
            // @ts-expect-error -- an item has no such field
            const a: unknown = item.price
            // @ts-expect-error -- nor has the event
            const b: unknown = event.price
            // @ts-expect-error -- it is no client of this service
            const c: unknown = clients.mails
            return [item.order_id.toFixed(), publishedAt.getTime(), a, b, c]
          },
        },
        ship: { event: orderShipped, handler: ({ event }) => event.note?.length },
      },
    })
  expect(define).not.toThrow()
})

describe('wrong definitions', () => {
  const handler = (): void => {}

  it.each([
    [{ Order: { payload: Order } }, ''],
    [{ orderPlaced: { payload: Order, key: 'id' } }, 'key: payload has no field "id", expected one of order_id, note'],
    [{ orderPlaced: {} }, 'order-service: event orderPlaced: payload is required, like payload: t.Object({ … })'],
    [{ orderPlaced: { payload: Order, topic: 'orders' } }, 'unknown field "topic"'],
    [{ 'order placed': { payload: Order } }, 'the name of an event must be a JavaScript identifier, like orderPlaced'],
  ])('contract %#', (events, message) => {
    const define = () => contract('order-service', {}, { events: events as never })
    if (message) expect(define).toThrow(message)
    else expect(define).not.toThrow()
  })

  it.each([
    [
      'no database',
      { subscriptions: { a: { event: orderPlaced, handler } } },
      'mail-service: subscriptions: events need a database',
    ],
    ['no subscription', { models: {}, subscriptions: { a: orderPlaced } }, 'subscriptions.a: unknown option'],
    [
      'no event',
      { models: {}, subscriptions: { a: { event: {}, handler } } },
      'expected an event of a contract, such as orderService.events.orderPlaced',
    ],
    [
      'an unknown option',
      { models: {}, subscriptions: { a: { event: orderPlaced, handler, form: 'now' } } },
      'subscriptions.a: unknown option form',
    ],
    [
      'a wrong start',
      { models: {}, subscriptions: { a: { event: orderPlaced, handler, from: 'later' } } },
      "from: expected 'now', 'beginning' or a Date, got \"later\"",
    ],
    [
      'a rate without its window',
      { models: {}, subscriptions: { a: { event: orderPlaced, handler, rateLimit: { limit: 5 } } } },
      'subscriptions.a: rateLimit needs limit and windowMs, like { limit: 100, windowMs: 60_000 }',
    ],
    [
      'a limit that is none',
      { models: {}, subscriptions: { a: { event: orderPlaced, handler, globalConcurrency: 0 } } },
      'subscriptions.a: globalConcurrency: expected a whole number from 1, got 0',
    ],
    [
      'hold without a key',
      { models: {}, subscriptions: { a: { event: orderShipped, handler, onDead: 'hold' } } },
      "onDead 'hold' needs events with a key, and orderShipped has none",
    ],
  ])('rejects %s', (_, options: object, message) => {
    expect(() => service(mailContract, { handlers: {}, ...options })).toThrow(message)
  })

  it('rejects a subscription to an event of its own', () => {
    const define = () =>
      service(orderService, {
        models: {},
        handlers: { placeOrder: () => null },
        subscriptions: { a: { event: orderPlaced, handler } },
      })
    expect(define).toThrow(
      'order-service: subscriptions.a: orderPlaced is an event of order-service itself: enqueue a job instead',
    )
  })
})
