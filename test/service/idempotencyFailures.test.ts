/** Operations that are idempotent by key and fail: which errors are final, and what a second attempt may do. */
import {
  Conflict,
  contract,
  PaymentRequired,
  service,
  ServiceUnavailable,
  t,
  TooManyRequests,
  UnprocessableEntity,
} from 'tricube'
import { testService, testSystem } from 'tricube/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

process.env['LOG_LEVEL'] = 'silent'

const Item = t.Object({ item: t.String() })
const byKey = { idempotent: 'by key' } as const

describe('an error of the handler', () => {
  const orders = contract('order-service', {
    order: { route: 'POST /orders', body: Item, returns: t.String(), ...byKey },
  })
  let runs: number
  let error: Error
  beforeEach(() => void (runs = 0))

  async function start() {
    const app = await testService(
      service(orders, {
        models: {},
        handlers: {
          order() {
            runs += 1
            throw error
          },
        },
      }),
    )
    onTestFinished(() => app.close())
    const post = (key = 'k1', item = 'tea') =>
      app.inject({ method: 'POST', url: '/orders', payload: { item }, headers: { 'idempotency-key': key } })
    return { app, post }
  }

  it.each([
    ['its code and its detail', new PaymentRequired({ declined: 'no funds' }, { code: 40217, message: 'Declined' })],
    ['its headers', new Conflict('sold out', { headers: { 'x-left': '0' } })],
    ['nothing more than its status', new UnprocessableEntity()],
  ])('is final when it is a 4xx: a repeated call gets %s without running the handler', async (_what, thrown) => {
    error = thrown
    const { post } = await start()
    const [first, second] = [await post(), await post()]
    expect(runs).toBe(1)
    expect([second.statusCode, second.body]).toEqual([first.statusCode, first.body])
    expect(second.headers['x-left']).toBe(first.headers['x-left'])
    expect((await post('k1', 'coffee')).json()).toMatchObject({ code: 42201 })
    await post('k2')
    expect(runs).toBe(2)
  })

  it.each([
    ['a 5xx', new ServiceUnavailable()],
    ['no HttpError', new Error('bug')],
    ['a 429', new TooManyRequests()],
    ['an error with retry-after', new Conflict('soon', { headers: { 'retry-after': '1' } })],
  ])('frees the key when it is %s', async (_what, thrown) => {
    error = thrown
    const { post } = await start()
    await post()
    await post('k1', 'coffee')
    expect(runs).toBe(2)
  })

  it('is stored for a day, then the key is free', async () => {
    error = new Conflict()
    const { app, post } = await start()
    await post()
    await app.db
      .execute`UPDATE tricube.idempotency SET created_at = created_at - interval '25 h', leased_until = leased_until - interval '25 h'`
    await post('k1', 'coffee')
    expect(runs).toBe(2)
  })
})

describe('a second attempt', () => {
  const stock = contract('stock-service', {
    reserve: { route: 'POST /reservations', body: t.Object({ id: t.String() }), returns: t.Integer(), ...byKey },
    release: { route: 'POST /releases', body: t.Object({ id: t.String() }), returns: t.Null() },
  })
  const payments = contract('payment-service', {
    charge: {
      route: 'POST /charges',
      body: t.Object({ order: t.Integer() }),
      returns: t.Null(),
      errors: [PaymentRequired],
      ...byKey,
    },
  })
  const orders = contract('order-service', {
    place: { route: 'POST /orders', body: Item, returns: t.Integer(), errors: [PaymentRequired], ...byKey },
  })
  let isDeclined: boolean
  let failure: Error | undefined
  let left: number
  beforeEach(() => {
    isDeclined = false
    failure = undefined
    left = 1
  })

  async function shop(place: (id: number) => number = (id) => id) {
    const system = await testSystem({
      stock: service(stock, {
        database: {},
        handlers: {
          reserve() {
            if (left === 0) throw new Conflict('sold out')
            return (left -= 1)
          },
          release: () => ((left += 1), null),
        },
      }),
      payments: service(payments, {
        database: {},
        handlers: {
          charge() {
            if (isDeclined) throw new PaymentRequired('declined')
            return null
          },
        },
      }),
      order: service(orders, {
        database: {},
        clients: { stock, payments },
        handlers: {
          async place(ctx) {
            const id = ctx.idempotencyKey!
            attempts += 1
            await ctx.clients.stock.reserve({ body: { id } })
            try {
              await ctx.clients.payments.charge({ body: { order: place(attempts) } })
            } catch (error) {
              if (!(error instanceof PaymentRequired)) throw error
              await ctx.detached({ timeoutMs: 5000 }).clients.stock.release({ body: { id } })
              throw error
            }
            if (failure) throw failure
            return left
          },
        },
      }),
    })
    let attempts = 0
    onTestFinished(() => system.close())
    return (idempotencyKey: string) =>
      system.order.client.place({ body: { item: 'tea' } }, { idempotencyKey }).then(
        ({ data }) => data,
        (error: unknown) => error,
      )
  }

  it('does not sell what the first one has undone', async () => {
    const place = await shop(() => 1)
    isDeclined = true
    expect(await place('a')).toBeInstanceOf(PaymentRequired)
    isDeclined = false
    expect([await place('b'), left]).toEqual([0, 0])
    expect([await place('a'), left]).toMatchObject([{ code: 40200 }, 0])
  })

  it('goes on where the first one failed with a 5xx', async () => {
    const place = await shop(() => 1)
    failure = new ServiceUnavailable('for a moment')
    expect([await place('a'), left]).toMatchObject([{ status: 503 }, 0])
    failure = undefined
    expect([await place('a'), left]).toEqual([0, 0])
  })

  it('is a 500, not the fault of its caller, when it passes on another input under the same key', async () => {
    const place = await shop()
    failure = new ServiceUnavailable('for a moment')
    await place('a')
    failure = undefined
    const failed = await place('a')
    expect(failed).toMatchObject({ code: 50000 })
  })
})
