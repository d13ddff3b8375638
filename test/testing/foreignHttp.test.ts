import { createServer } from 'node:http'
import * as https from 'node:https'
import { BadGateway, contract, GatewayTimeout, service, t } from 'tricube'
import { testService, testSystem, TestFailure, type HttpCall, type TestApp } from 'tricube/testing'
import { Pool, request } from 'undici'
import { describe, expect, it } from 'vitest'

const psp = 'https://psp.example'
const Charge = t.Object({ id: t.String(), amount: t.Integer() })
const paymentService = contract('payment-service', {
  charge: { route: 'POST /charges', body: t.Object({ amount: t.Integer() }), returns: Charge },
  chargeByUndici: { route: 'POST /undici', body: t.Object({ amount: t.Integer() }), returns: Charge },
  chargeByNode: { route: 'POST /node', body: t.Object({ amount: t.Integer() }), returns: Charge },
  chargeByPool: { route: 'POST /pool', returns: t.String() },
  find: { route: 'GET /charges/:id', params: { id: t.String() }, returns: t.String() },
  tryCharge: { route: 'POST /tries', returns: t.String() },
})
const started: string[] = []
const payments = service(paymentService, {
  settings: { pspUrl: t.String({ format: 'uri', default: psp }) },
  hooks: {
    async afterStart({ context }) {
      started.push(await (await fetch(`${context.settings.pspUrl}/version`)).text())
    },
  },
  handlers: {
    async charge({ body, settings }) {
      const sent = await fetch(`${settings.pspUrl}/charges`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(200),
      }).catch((error: Error) => {
        if (error.name === 'TimeoutError') throw new GatewayTimeout('the provider is slow')
        throw new BadGateway((error.cause as Error).message)
      })
      if (!sent.ok) throw new BadGateway(`the provider returned ${sent.status}`)
      return (await sent.json()) as { id: string; amount: number }
    },
    async chargeByUndici({ body, settings }) {
      const sent = await request(`${settings.pspUrl}/charges?via=undici`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        headersTimeout: 1000,
      })
      return (await sent.body.json()) as { id: string; amount: number }
    },
    chargeByNode: ({ body, settings }) =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json' }
        const sent = https.request(`${settings.pspUrl}/charges`, { method: 'POST', headers }, (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => void (text += chunk.toString()))
          response.on('end', () => resolve(JSON.parse(text)))
        })
        sent.on('error', reject).end(JSON.stringify(body))
      }),
    async chargeByPool() {
      const pool = new Pool('https://psp.invalid')
      await pool.request({ path: '/', method: 'GET' }).catch(() => {})
      await pool.close()
      return 'tried'
    },
    find: async ({ params, settings }) =>
      (await fetch(`${settings.pspUrl}/v1/charges/${params.id}?expand=a&expand=b`)).text(),
    tryCharge: async ({ settings }) =>
      fetch(settings.pspUrl).then(
        () => 'charged',
        (error: Error) => (error.cause as Error).message,
      ),
  },
})
const addRequestOf = ({ prototype }: { prototype: object }): unknown => Reflect.get(prototype, 'addRequest')
type App = TestApp<typeof paymentService>
const quiet = { config: { logLevel: 'silent' } } as const
const body = { amount: 5 }

describe('a mocked host', () => {
  it.each(['charge', 'chargeByUndici', 'chargeByNode'] as const)(
    'replies to %s and records the request',
    async (name) => {
      await using app = await testService(payments, {
        ...quiet,
        http: {
          [psp]: {
            'POST /charges': ({ body }: HttpCall<{ amount: number }>) => ({
              status: 201,
              body: { id: 'ch_1', ...body },
            }),
          },
        },
      })
      expect((await app.client[name]({ body })).data).toEqual({ id: 'ch_1', amount: 5 })
      const url = name === 'chargeByUndici' ? `${psp}/charges?via=undici` : `${psp}/charges`
      expect(app.http.calls).toMatchObject([{ method: 'POST', url, params: {}, body: { amount: 5 } }])
      if (name === 'charge')
        expect(app.http.calls[0]!.headers).toMatchObject({ host: 'psp.example', authorization: 'Bearer key' })
    },
  )

  it('matches parts of a path, a base path and the most specific route', async () => {
    await using app = await testService(payments, {
      ...quiet,
      http: {
        [`${psp}/v1`]: {
          'GET /*': { status: 404 },
          'GET /charges/:id': ({ params, query }) => ({ body: `${params['id']} ${String(query['expand'])}` }),
          'GET /charges/latest': { body: 'the latest' },
        },
      },
    })
    expect((await app.client.find({ params: { id: 'ch 1' } })).data).toBe('ch 1 a,b')
    expect((await app.client.find({ params: { id: 'latest' } })).data).toBe('the latest')
  })

  it('replies with a Response, and with another one after mock()', async () => {
    await using app = await testService(payments, {
      ...quiet,
      http: { [psp]: { 'POST /charges': () => Response.json({ id: 'ch_1', amount: 5 }, { status: 201 }) } },
    })
    expect((await app.client.charge({ body })).data.id).toBe('ch_1')
    app.http.mock({ [psp]: { 'POST /charges': { status: 402 } } })
    await expect(app.client.charge({ body })).rejects.toThrow('the provider returned 402')
  })

  it('fails like the network', async () => {
    await using app = await testService(payments, {
      ...quiet,
      http: {
        [psp]: {
          'POST /charges': () => {
            throw new Error('connect ECONNREFUSED 192.0.2.1:443')
          },
        },
      },
    })
    await expect(app.client.charge({ body })).rejects.toThrow('connect ECONNREFUSED 192.0.2.1:443')
    await expect(app.client.chargeByUndici({ body })).rejects.toMatchObject({
      cause: { message: 'connect ECONNREFUSED 192.0.2.1:443' },
    })
    app.http.mock({ [psp]: { 'POST /charges': () => Response.error() } })
    await expect(app.client.charge({ body })).rejects.toThrow(BadGateway)
  })

  it('is slow, or never replies', async () => {
    await using app = await testService(payments, {
      ...quiet,
      http: { [psp]: { 'POST /charges': { body: { id: 'ch_1', amount: 5 }, delayMs: 60_000 } } },
    })
    await expect(app.client.charge({ body })).rejects.toThrow('the provider is slow')
    app.http.mock({ [psp]: { 'POST /charges': () => new Promise(() => {}) } })
    await expect(app.client.charge({ body })).rejects.toThrow(GatewayTimeout)
    await expect(app.client.chargeByUndici({ body })).rejects.toMatchObject({ cause: { name: 'HeadersTimeoutError' } })
    expect(app.http.calls).toHaveLength(3)
  })

  it('is called by the hook afterStart and by app.run', async () => {
    const http = { [psp]: { 'GET /version': { body: '3' }, 'GET /v1/charges/*': { body: 'found' } } }
    started.length = 0
    await using app = await testService(payments, { ...quiet, afterStart: true, http })
    expect(started).toEqual(['3'])
    expect(await app.run(async () => (await fetch(`${psp}/v1/charges/7`)).text())).toBe('found')
  })
})

describe('what is not mocked', () => {
  it('fails the test with the host, even if the handler catches the error', async () => {
    await using app = await testService(payments, quiet)
    const called = 'payment-service called POST https://psp.example/charges, but the test has not mocked it: '
    await expect(app.client.charge({ body })).rejects.toThrow(
      new TestFailure(`${called}add "https://psp.example" to http`),
    )
    await expect(app.client.chargeByNode({ body })).rejects.toThrow(TestFailure)
    await expect(app.client.tryCharge()).rejects.toThrow(TestFailure)
  })

  it('fails the test with the path, and lists the routes that are mocked', async () => {
    await using app = await testService(payments, {
      ...quiet,
      http: { [psp]: { 'GET /charges': {}, 'POST /refunds': {} } },
    })
    await expect(app.client.charge({ body })).rejects.toThrow(
      new TestFailure(
        'payment-service called POST https://psp.example/charges, but the test mocks only GET /charges, POST /refunds there: add the route to http',
      ),
    )
  })

  it('fails the test when it goes through a dispatcher that no mock can replace', async () => {
    await using app = await testService(payments, { ...quiet, http: { 'https://psp.invalid': {} } })
    await expect(app.client.chargeByPool()).rejects.toThrow(
      'payment-service connected to https://psp.invalid through an undici dispatcher of its own, which the test cannot mock: use the global one, or set "https://psp.invalid" to \'real\' in http',
    )
  })

  it('is really called where the test says so', async () => {
    const server = createServer((_request, response) => void response.end('real')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    try {
      for (const http of [{ [url]: 'real' }, 'real'] as const) {
        await using app = await testService(payments, { ...quiet, settings: { pspUrl: url }, http })
        expect((await app.client.find({ params: { id: '1' } })).data).toBe('real')
        expect(app.http.calls).toEqual([])
      }
    } finally {
      server.close()
    }
  })
})

describe('tests of one process', () => {
  const start = (id: string): Promise<App> =>
    testService(payments, { ...quiet, http: { [psp]: { 'POST /charges': { body: { id, amount: 5 } } } } })

  it('have their own mocks, also at the same time', async () => {
    await using first = await start('first')
    await using second = await start('second')
    const calls = [first, second, first, second].map(async (app) => (await app.client.charge({ body })).data.id)
    expect(await Promise.all(calls)).toEqual(['first', 'second', 'first', 'second'])
    expect([first.http.calls.length, second.http.calls.length]).toEqual([2, 2])
  })

  it('leave nothing to the next test, nor to the test itself', async () => {
    const dispatcher = Symbol.for('undici.globalDispatcher.1')
    const globals = globalThis as unknown as Record<symbol, unknown>
    const before = [globals[dispatcher], addRequestOf(https.Agent)]
    {
      await using app = await start('first')
      expect((await app.client.charge({ body })).data.id).toBe('first')
      await expect(fetch('http://127.0.0.1:1')).rejects.toThrow('fetch failed') // the test's own is real
      expect(app.http.calls).toHaveLength(1)
    }
    expect([globals[dispatcher], addRequestOf(https.Agent)]).toEqual(before)
    await using next = await testService(payments, quiet)
    await expect(next.client.charge({ body })).rejects.toThrow(TestFailure)
  })

  it('are systems, whose services have mocks of their own', async () => {
    const shopService = contract('shop-service', { buy: { route: 'POST /buys', returns: Charge } })
    const shop = service(shopService, {
      clients: { payments: paymentService },
      handlers: {
        async buy({ clients }) {
          const rate = (await (await fetch('https://rates.example/eur')).json()) as number
          return clients.payments.charge({ body: { amount: 5 * rate } })
        },
      },
    })
    await using system = await testSystem(
      { shop, payments },
      {
        shop: { ...quiet, http: { 'https://rates.example': { 'GET /eur': { body: 2 } } } },
        payments: {
          ...quiet,
          http: { [psp]: { 'POST /charges': ({ body }: HttpCall<object>) => ({ body: { id: 'ch_1', ...body } }) } },
        },
      },
    )
    expect((await system.shop.client.buy()).data).toEqual({ id: 'ch_1', amount: 10 })
    expect(system.shop.http.calls).toMatchObject([{ url: 'https://rates.example/eur' }])
    expect(system.payments.http.calls).toMatchObject([{ url: 'https://psp.example/charges' }])
  })
})

it.each([
  [{ 'psp.example': {} }, 'payment-service: http: expected URLs like "https://psp.example", got "psp.example"'],
  [
    { [psp]: { '/charges': {} } },
    'payment-service: http["https://psp.example"]: expected a method and a path without a query, like "POST /charges", got "/charges"',
  ],
  [{ [psp]: 'fake' }, 'payment-service: http["https://psp.example"]: expected replies by route, or "real", got "fake"'],
  [
    { [psp]: { 'GET /': 200 } },
    'payment-service: http["https://psp.example"]["GET /"]: expected a reply like { status: 200, body: {} }, or a function that returns one, got 200',
  ],
])('rejects %j', async (http, message) => {
  await expect(testService(payments, { ...quiet, http: http as never })).rejects.toThrow(new TypeError(message))
})

it('fails the test when a reply is wrong', async () => {
  await using app = await testService(payments, { ...quiet, http: { [psp]: { 'POST /charges': { status: 20 } } } })
  await expect(app.client.charge({ body })).rejects.toThrow(
    new TestFailure(
      'the mock of POST /charges at https://psp.example returned a wrong reply: status: expected a whole number from 200 to 599, got 20',
    ),
  )
})
