import { contract, NotFound, service, t } from 'tricube'
import { client } from 'tricube/client'
import { testService } from 'tricube/testing'
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import { callee, memoryRegistry, productService } from './callee.ts'

const get = { params: { id: 1 } }

describe('headers of a call', () => {
  it('are sent in lower case, and the last of equal names wins', async () => {
    const a = await callee()
    await using products = client(productService, { registry: memoryRegistry(a.address) })
    const headers = { Authorization: 'one', authorization: 'two', 'X-Tenant': 't', 'x-none': undefined }
    await products.getProduct(get, { headers })
    expect(a.requests[0]!.headers).toMatchObject({ authorization: 'two', 'x-tenant': 't' })
    expect(a.requests[0]!.rawHeaders.filter((name) => /authorization/i.test(name))).toHaveLength(1)
    expect(a.requests[0]!.headers).not.toHaveProperty('x-none')
  })

  it.each([
    ['connection', 'close', 'headers.connection is set by the call itself'],
    ['Content-Length', '7', 'headers.content-length is set by the call itself'],
    ['content-type', 'text/plain', 'headers.content-type is set by the call itself'],
    ['transfer-encoding', 'chunked', 'headers.transfer-encoding is set by the call itself'],
    ['X-Request-Timeout-Ms', '7', 'headers.x-request-timeout-ms is set by the call itself'],
    ['a b', 'x', 'headers: "a b" is not a valid name'],
    ['', 'x', 'headers: "" is not a valid name'],
    ['x-a', 'a\r\nb: c', 'headers.x-a must not have the character U+000D'],
    ['x-a', '你好', 'headers.x-a must not have the character U+4F60'],
  ])('that would break the connection are rejected before anything is sent: %s: %j', async (name, value, message) => {
    const a = await callee()
    await using products = client(productService, { registry: memoryRegistry(a.address) })
    await expect(products.getProduct(get, { headers: { [name]: value } })).rejects.toThrow(
      new TypeError(`product-service.getProduct: ${message}`),
    )
    expect(a.requests).toHaveLength(0)
    expect(await products.getProduct(get)).toEqual({ id: 1, from: 'a' })
  })
})

it('raw() also returns the status and the headers, and rejects with the same errors', async () => {
  const a = await callee('a', ({ url }) =>
    url === '/products/404' ? { status: 404 } : { status: 201, headers: { 'set-cookie': 'a=b', 'X-Page': '7' } },
  )
  await using products = client(productService, { registry: memoryRegistry(a.address) })
  const response = await products.getProduct.raw(get, { headers: { 'x-tenant': 't' } })
  expectTypeOf(response.value).toEqualTypeOf<{ id: number; from: string }>()
  expect(response).toMatchObject({ status: 201, value: { id: 1, from: 'a' } })
  expect(response.headers).toMatchObject({ 'set-cookie': 'a=b', 'x-page': '7' })
  expect(a.requests[0]!.headers['x-tenant']).toBe('t')
  const fallback = () => ({ id: 0, from: 'fallback' })
  await expect(products.getProduct.raw({ params: { id: 404 } }, { fallback })).rejects.toBeInstanceOf(NotFound)
  const { getProduct } = products
  expect(await getProduct(get)).toEqual({ id: 1, from: 'a' })
})

const front = contract('front-service', {
  show: { route: 'GET /show', returns: t.Unknown() },
  make: {
    route: 'POST /make',
    body: t.Object({ name: t.String() }),
    headers: { 'x-page': t.Optional(t.Integer()) },
    returns: t.Unknown(),
  },
})
const frontService = service(front, {
  clients: { products: productService },
  calls: { products: { forward: ['X-Tenant', 'authorization'] } },
  handlers: {
    show: ({ clients }) => clients.products.getProduct(get),
    async make({ clients, body, headers, request }) {
      const {
        status,
        headers: received,
        value,
      } = await clients.products.createProduct.raw(
        { body },
        { headers: { 'x-own': 'own' }, idempotencyKey: String(request.headers['idempotency-key']) },
      )
      return { status, page: headers['x-page'], received: received['x-page'] ?? null, value }
    },
  },
})

describe('forwarded headers', () => {
  it('come from the request that makes the call, and from no other', async () => {
    const a = await callee()
    vi.stubEnv('TRICUBE_SERVICES', `product-service=${a.address}`)
    const { url } = await frontService.listen()
    vi.unstubAllEnvs()
    onTestFinished(() => frontService.close())
    const tenants = Array.from({ length: 20 }, (_, n) => `tenant-${n}`)
    await Promise.all(
      tenants.map((tenant) => fetch(`${url}/show`, { headers: { 'x-tenant': tenant, 'x-other': 'x', cookie: 'a=b' } })),
    )
    await fetch(`${url}/show`)
    const sent = a.requests.map(({ headers }) => headers['x-tenant'])
    expect(new Set(sent.slice(0, -1))).toEqual(new Set(tenants))
    expect(sent.at(-1)).toBeUndefined()
    for (const { headers } of a.requests) {
      expect(headers).not.toHaveProperty('x-other')
      expect(headers).not.toHaveProperty('cookie')
    }
  })

  it('are checked when the service is defined', () => {
    const make = (forward: string[]) => () =>
      service(front, {
        clients: { products: productService },
        calls: { products: { forward } },
        handlers: { show: () => null, make: () => null },
      })
    expect(make(['x-tenant'])).not.toThrow()
    expect(make(['content-length'])).toThrow('calls.products.forward: headers.content-length is set by the call itself')
    expect(make(['a b'])).toThrow('calls.products.forward: headers: "a b" is not a valid name')
  })
})

describe('in tests', () => {
  it('the client takes headers and a key, and mocks record them', async () => {
    await using app = await testService(frontService)
    const products = app.mock(productService)
    products.getProduct.returns({ id: 1, from: 'mock' })
    products.createProduct.implement(({ body, headers, idempotencyKey }) => ({
      id: 2,
      from: `${body.name} ${String(headers?.['x-tenant'])} ${idempotencyKey}`,
    }))
    await app.client.show({}, { headers: { 'x-tenant': 'a', authorization: 'Bearer x', 'x-other': 'no' } })
    await app.client.show()
    expect(products.getProduct.calls).toEqual([
      { params: { id: 1 }, headers: { 'x-tenant': 'a', authorization: 'Bearer x' } },
      { params: { id: 1 } },
    ])
    const { data } = await app.client.make(
      { body: { name: 'n' }, headers: { 'x-page': 7 } },
      { headers: { 'X-Tenant': 'b' }, idempotencyKey: 'key-1' },
    )
    expect(data).toEqual({ status: 200, page: 7, received: null, value: { id: 2, from: 'n b key-1' } })
    expect(products.createProduct.calls).toEqual([
      { body: { name: 'n' }, headers: { 'x-tenant': 'b', 'x-own': 'own' }, idempotencyKey: 'key-1' },
    ])
  })

  it('a key creates one order', async () => {
    const orders = contract('order-service', {
      order: { route: 'POST /orders', idempotent: 'by key', body: t.Object({ n: t.Integer() }), returns: t.Integer() },
    })
    let made = 0
    const shop = service(orders, {
      migrations: new URL('../service/', import.meta.url),
      handlers: { order: () => ++made },
    })
    await using app = await testService(shop)
    const order = (idempotencyKey: string) => app.client.order({ body: { n: 1 } }, { idempotencyKey })
    expect([(await order('a')).data, (await order('a')).data, (await order('b')).data]).toEqual([1, 1, 2])
  })
})
