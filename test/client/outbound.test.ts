import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { BadGateway, contract, external, form, PaymentRequired, secret, service, t } from 'tricube'
import { client } from 'tricube/client'
import { testService } from 'tricube/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { unusedAddress } from './callee.ts'

const api = contract('api-service', {
  call: { route: 'POST /call', body: t.Object({ url: t.String(), init: t.Optional(t.Any()) }), returns: t.Any() },
  slow: { route: 'POST /slow', body: t.Object({ url: t.String() }), returns: t.Any(), timeoutMs: 300 },
})
const apiService = service(api, {
  admission: false,
  fetch: { timeoutMs: 2000 },
  handlers: {
    async call({ body, fetch }) {
      const response = await fetch(body.url, body.init)
      return { status: response.status, text: await response.text() }
    },
    async slow({ body, fetch }) {
      const response = await fetch(body.url)
      return response.text()
    },
  },
})

/** Starts a foreign server. */
async function foreign(reply: (request: IncomingMessage, response: ServerResponse, nth: number) => void) {
  let nth = 0
  const server = createServer((request, response) => reply(request, response, ++nth)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls: () => nth }
}

describe('ctx.fetch', () => {
  it('calls what a test mocks, in a span of the request', async () => {
    await using app = await testService(apiService, {
      http: { 'https://api.example': { 'GET /v1/items/:id': ({ params }) => ({ body: { id: params['id'] } }) } },
    })
    const { data } = await app.client.call({ body: { url: 'https://api.example/v1/items/7?token=secret' } })
    expect(data).toEqual({ status: 200, text: '{"id":"7"}' })
    const { headers } = app.http.calls[0]!
    expect(Object.keys(headers).filter((name) => /^x-|traceparent|baggage|b3/.test(name))).toEqual([])
    const span = app.spans.find(({ name }) => name === 'GET api.example')!
    expect(span).toMatchObject({
      kind: 'client',
      attributes: { 'http.response.status_code': 200, 'server.address': 'api.example' },
    })
    expect(JSON.stringify(span)).not.toContain('secret')
    const server = app.spans.find(({ kind }) => kind === 'server')!
    expect(span.parentId).toBe(server.id)
  })

  it('retries what is safe, and waits as long as it is told', async () => {
    const { url, calls } = await foreign((_request, response, nth) => {
      response.writeHead(nth < 3 ? 503 : 200, { 'retry-after': '0' }).end(`${nth}`)
    })
    await using app = await testService(apiService, { http: 'real' })
    expect((await app.client.call({ body: { url } })).data).toEqual({ status: 200, text: '3' })
    expect(calls()).toBe(3)
  })

  it.each<[string, object, number]>([
    ['a POST', { method: 'POST', body: 'x' }, 1],
    ['a POST with a key', { method: 'POST', body: 'x', headers: { 'idempotency-key': 'k' } }, 3],
    ['a PUT', { method: 'PUT', body: 'x' }, 3],
    ['no retries', { retries: 0 }, 1],
  ])('sends %s as often as it may', async (_, init, count) => {
    const { url, calls } = await foreign((_request, response) => void response.writeHead(503).end())
    await using app = await testService(apiService, { http: 'real' })
    expect((await app.client.call({ body: { url, init } })).data).toEqual({ status: 503, text: '' })
    expect(calls()).toBe(count)
  })

  it('returns other errors as they are, at once', async () => {
    const { url, calls } = await foreign((_request, response) => void response.writeHead(404).end('no'))
    await using app = await testService(apiService, { http: 'real' })
    expect((await app.client.call({ body: { url } })).data).toEqual({ status: 404, text: 'no' })
    expect(calls()).toBe(1)
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ['never responds', () => {}],
    ['stops in the middle of the body', (response) => response.writeHead(200, { 'content-length': '9' }).write('half')],
  ])('is a 504 when the service %s', async (_, reply) => {
    const { url } = await foreign((_request, response) => reply(response))
    await using app = await testService(apiService, { http: 'real' })
    await expect(app.client.call({ body: { url, init: { timeoutMs: 200 } } })).rejects.toMatchObject({ status: 504 })
    await expect(app.client.slow({ body: { url } })).rejects.toMatchObject({ status: 504 }) // the deadline of the operation
  })

  it('is a 503 when the connection breaks in the middle of the body, however it is read', async () => {
    const { url } = await foreign((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy())
    })
    await using app = await testService(apiService, { http: 'real' })
    const { host } = new URL(url)
    const broken = { status: 503, code: 50300, error: `${host} broke the connection in the middle of its response` }
    await expect(app.client.call({ body: { url } })).rejects.toMatchObject(broken)
    const reads: ((response: Response) => unknown)[] = [
      (response) => response.json(),
      (response) => response.clone().arrayBuffer(),
      (response) => buffer(response.body!),
      (response) => new Response(response.body).text(),
    ]
    for (const read of reads) {
      await expect(app.run(async (ctx) => read(await ctx.fetch(url)))).rejects.toMatchObject(broken)
    }
  })

  it('returns all of a response: its URL, its cookies, its bytes', async () => {
    const { url } = await foreign((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end()
      else response.writeHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2']).end('bytes')
    })
    await using app = await testService(apiService, { http: 'real' })
    await app.run(async (ctx) => {
      const response = await ctx.fetch(`${url}/old`)
      expect([response.url, response.redirected, response.clone().url]).toEqual([`${url}/new`, true, `${url}/new`])
      expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
      expect([await response.text(), response.bodyUsed]).toEqual(['bytes', true])
      const reader = (await ctx.fetch(url)).body!.getReader({ mode: 'byob' })
      expect((await reader.read(new Uint8Array(9))).value).toEqual(new TextEncoder().encode('bytes'))
      expect((await reader.read(new Uint8Array(9))).done).toBe(true)
    })
  })

  it('is a 503 when nothing listens, and the breaker spares a host that is down', async () => {
    const address = await unusedAddress()
    await using app = await testService(apiService, { http: 'real' })
    const call = () => app.client.call({ body: { url: `http://${address}`, init: { retries: 0 } } })
    await expect(call()).rejects.toMatchObject({ status: 503, code: 50300, error: `${address} is unavailable` })
    const failures: string[] = []
    for (let i = 0; i < 60; i++) await call().catch(({ error }: { error: string }) => failures.push(error))
    expect(failures).toContain(`${address} fails too often, so the circuit breaker rejected the call`)
  })

  it('ends with the request of a caller who hangs up', async () => {
    const closed = vi.fn()
    const controller = new AbortController()
    const { url } = await foreign((request) => {
      request.socket.once('close', closed)
      controller.abort()
    })
    const { url: own } = await apiService.listen()
    onTestFinished(() => apiService.close())
    const body = JSON.stringify({ url })
    const sent = fetch(`${own}/call`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
      signal: controller.signal,
    })
    await expect(sent).rejects.toThrow()
    await expect.poll(() => closed.mock.calls.length).toBe(1)
  })

  it('is counted under the name of the host', async () => {
    await using app = await testService(apiService, { http: { 'https://api.example': { 'GET /': {} } } })
    await app.client.call({ body: { url: 'https://api.example/' } })
    const { body } = await app.inject('/metrics')
    expect(body).toMatch(
      /http_client_request_duration_seconds_count\{server_address="api.example",operation="fetch",http_request_method="GET",http_response_status_code="200",error_type=""\} 1/,
    )
    expect(body).toContain('tricube_client_retries_total{target="api.example"} 0')
  })

  it.each(['/relative', 'file:///etc/passwd', 'data:text/plain,x', 'not a url'])('rejects %s', async (url) => {
    await using app = await testService(apiService)
    await expect(app.client.call({ body: { url } })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('expected an absolute URL of HTTP') },
    })
  })

  it('works in jobs and hooks', async () => {
    await using app = await testService(apiService, { http: { 'https://api.example': { 'GET /': { body: 'ok' } } } })
    expect(await app.run(async ({ fetch }) => (await fetch('https://api.example/')).text())).toBe('ok')
  })
})

const stripe = external('stripe', {
  url: 'https://api.stripe.example/v1',
  operations: {
    charge: {
      route: 'POST /charges',
      body: form({ amount: t.Integer(), currency: t.String() }),
      returns: t.Object({ id: t.String(), amount: t.Integer() }),
      errors: [PaymentRequired],
    },
    find: {
      route: 'GET /charges/:id',
      query: { expand: t.Optional(t.Array(t.String())) },
      returns: t.Object({ id: t.String() }),
    },
    health: { route: 'GET /health', returns: t.Any() }, // tricube's own path, but not of this API
  },
})
const shop = contract('shop-service', {
  pay: { route: 'POST /pay', returns: t.Any(), errors: [PaymentRequired] },
  find: { route: 'GET /find', returns: t.Any() },
})
const shopService = service(shop, {
  settings: { stripeKey: secret(), stripeUrl: t.String({ default: 'http://127.0.0.1:1/sandbox' }) },
  clients: { stripe },
  calls: {
    stripe: {
      url: (settings) => settings.stripeUrl,
      headers: (settings) => ({ authorization: `Bearer ${settings.stripeKey}` }),
    },
  },
  handlers: {
    pay: ({ clients }) => clients.stripe.charge({ body: { amount: 700, currency: 'eur' } }),
    find: ({ clients }) => clients.stripe.find({ params: { id: 'a/b' }, query: { expand: ['x', 'y'] } }),
  },
})

describe('external', () => {
  async function started(reply: (request: IncomingMessage, response: ServerResponse) => void) {
    const { url } = await foreign(reply)
    vi.stubEnv('STRIPE_KEY', 'sk_1')
    vi.stubEnv('STRIPE_URL', `${url}/sandbox/`)
    const running = service(shop, { ...shopService.definition } as never)
    const { url: own } = await running.listen()
    vi.unstubAllEnvs()
    onTestFinished(() => running.close())
    const json = async (method: string, path: string) => {
      const response = await fetch(own + path, { method })
      return {
        status: response.status,
        ...((await response.json()) as { data?: unknown; message?: string; error?: unknown; code: number }),
      }
    }
    return json
  }

  it('sends forms, and nothing that only services of your own may see', async () => {
    const seen: { url: string; headers: IncomingMessage['headers']; body: string }[] = []
    const call = await started((request, response) => {
      let body = ''
      request.on('data', (data: Buffer) => (body += data.toString()))
      request.on('end', () => {
        seen.push({ url: request.url!, headers: request.headers, body })
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"ch_1","amount":700,"new":true}')
      })
    })
    expect(await call('POST', '/pay')).toMatchObject({ status: 200, data: { id: 'ch_1', amount: 700 } })
    expect(await call('GET', '/find')).toMatchObject({ status: 200, data: { id: 'ch_1' } })
    expect(seen.map(({ url, body }) => [url, body])).toEqual([
      ['/sandbox/charges', 'amount=700&currency=eur'],
      ['/sandbox/charges/a%2Fb?expand=x&expand=y', ''],
    ])
    for (const { headers } of seen) {
      expect(headers).toMatchObject({ authorization: 'Bearer sk_1', accept: 'application/json' })
      expect(Object.keys(headers).filter((name) => /^x-|traceparent|tracestate|baggage|b3/.test(name))).toEqual([])
    }
    expect(seen[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded')
  })

  it('gets the defaults of its contract, which only this side knows', async () => {
    const seen: string[] = []
    const { url } = await foreign((request, response) => {
      let body = ''
      request.on('data', (data: Buffer) => (body += data.toString()))
      request.on('end', () => {
        seen.push(`${request.url} ${body} ${String(request.headers['x-version'])}`)
        response.end('1')
      })
    })
    const Line = z.object({ sku: z.string(), count: z.int().default(1), at: z.string().optional() })
    const bank = external('bank', {
      url,
      operations: {
        form: {
          route: 'POST /form',
          query: { live: t.Boolean({ default: false }) },
          headers: { 'x-version': t.String({ default: 'v2' }) },
          body: form({ amount: z.int(), currency: z.string().default('eur') }),
          returns: t.Integer(),
        },
        json: {
          route: 'POST /json',
          body: z.object({ lines: z.array(Line), by: z.object({ way: z.string().default('card') }).prefault({}) }),
          returns: t.Integer(),
        },
        all: { route: 'POST /all', body: form({ page: t.Integer({ default: 1 }) }), returns: t.Integer() },
      },
    })
    await using api = client(bank, { url })
    await api.form({ body: { amount: 5 } })
    await api.form({ query: { live: true }, headers: { 'x-version': 'v3' }, body: { amount: 5, currency: 'usd' } })
    const lines = [{ sku: 'a' }, { sku: 'b', count: 2 }]
    await api.json({ body: { lines } })
    await api.all({ body: {} })
    expect(seen).toEqual([
      '/form?live=false amount=5&currency=eur v2',
      '/form?live=true amount=5&currency=usd v3',
      '/json {"lines":[{"sku":"a","count":1},{"sku":"b","count":2}],"by":{"way":"card"}} undefined',
      '/all page=1 undefined',
    ])
    expect(lines).toEqual([{ sku: 'a' }, { sku: 'b', count: 2 }]) // what you pass stays as it is
  })

  it('throws a declared error as its class, and is a 502 for any other', async () => {
    let status = 402
    const call = await started((request, response) => {
      request.resume()
      response.writeHead(status, { allow: 'GET' }).end('{"error":{"code":"card_declined"}}')
    })
    expect(await call('POST', '/pay')).toMatchObject({
      status: 402,
      code: 40200,
      message: 'Payment Required',
      error: { error: { code: 'card_declined' } },
    })
    for (status of [400, 401, 404, 405, 500]) {
      expect(await call('POST', '/pay')).toMatchObject({
        status: 502,
        code: 50200,
        error: `stripe responded with ${status}`,
      })
    }
  })

  it('is a 502 when the API breaks its contract', async () => {
    const call = await started((request, response) => {
      request.resume()
      response.end('{"id":7}')
    })
    expect(await call('POST', '/pay')).toMatchObject({
      status: 502,
      error: expect.stringContaining('stripe.charge broke its contract'),
    })
  })

  it('is mocked like a service', async () => {
    await using app = await testService(shopService, { settings: { stripeKey: 'k' } })
    const mock = app.mock(stripe)
    mock.charge.returns({ id: 'ch_2', amount: 700 })
    expect((await app.client.pay()).data).toEqual({ id: 'ch_2', amount: 700 })
    expect(mock.charge.calls[0]!.body).toEqual({ amount: 700, currency: 'eur' })
    mock.charge.throws(new PaymentRequired('declined'))
    await expect(app.client.pay()).rejects.toBeInstanceOf(PaymentRequired)
    mock.charge.throws(new BadGateway())
    await expect(app.client.pay()).rejects.toBeInstanceOf(BadGateway)
  })

  it.each([['api.stripe.com'], ['ftp://x.example'], ['https://x.example/?a=1'], ['https://user@x.example'], [7]])(
    'rejects the URL %j',
    (url) => {
      expect(() => external('x', { url: url as string, operations: {} })).toThrow('external "x": url must be like')
    },
  )

  it('is the only kind of callee with a URL', () => {
    const own = contract('own-service', { a: { route: 'GET /' } })
    const define = () =>
      service(shop, {
        clients: { own },
        calls: { own: { url: 'https://x.example' } },
        handlers: { pay: () => 0, find: () => 0 },
      })
    expect(define).toThrow('calls.own.url: own-service is found by discovery')
  })
})
