import { once } from 'node:events'
import { contract, service, t, type HttpError } from 'tricube'
import { client } from 'tricube/client'
import { staticRegistry } from 'tricube/discovery'
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { at, callee, memoryRegistry, unusedAddress, productService } from './callee.ts'

const get = { params: { id: 1 } }
afterEach(() => vi.unstubAllEnvs())

describe('options', () => {
  it('of a call override those of its operation, which override those of the service', async () => {
    const a = await callee('a')
    await using caller = client(productService, {
      registry: memoryRegistry(a.address),
      timeoutMs: 9000,
      operations: { createProduct: { timeoutMs: 8000 } },
    })
    await caller.getProduct(get) // the first call waits for undici to load
    await caller.getProduct(get)
    await caller.createProduct({ body: { name: 'x' } })
    await caller.createProduct({ body: { name: 'x' } }, { timeoutMs: 7000 })
    expect(a.requests.slice(1).map(({ headers }) => headers['x-request-timeout-ms'])).toEqual(['9000', '8000', '7000'])
  })

  it('of a service are set under the names of its clients', async () => {
    const a = await callee('a')
    const asking = contract('asking-service', { ask: { route: 'GET /ask', returns: t.Unknown() } })
    vi.stubEnv('TRICUBE_SERVICES', `product-service=${a.address}`)
    vi.stubEnv('LOG_LEVEL', 'silent')
    const app = service(asking, {
      clients: { products: productService },
      calls: { products: { timeoutMs: 6000, operations: { getProduct: { retries: 1 } } } },
      handlers: { ask: ({ clients: { products } }) => products.getProduct(get) },
    })
    const response = await app.inject({
      url: '/ask',
      headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'x-region': 'r1' },
    })
    expect(response.json()).toEqual({ code: 0, data: { id: 1, from: 'a' } })
    expect(Number(a.requests[0]!.headers['x-request-timeout-ms'])).toBeLessThanOrEqual(6000)
    expect(a.requests[0]!.headers).toMatchObject({
      'x-region': 'r1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    })
    await app.close()
    const unknown = { calls: { roles: {} }, clients: {}, handlers: { ask: () => 1 } }
    expect(() => service(asking, unknown as never)).toThrow(
      'asking-service: calls.roles belongs to none of the clients',
    )
  })
})

describe('a fallback', () => {
  it('replaces a 5xx, but neither a 4xx nor a cancelled call', async () => {
    const a = await callee('a', ({ url }) => ({ status: url === '/products/404' ? 404 : 500 }))
    await using caller = client(productService, {
      registry: memoryRegistry(a.address),
      operations: {
        getProduct: {
          fallback(error, { params }) {
            expectTypeOf(error).toEqualTypeOf<HttpError>()
            expectTypeOf(params.id).toEqualTypeOf<number>()
            return { id: params.id, from: `${error.status}` }
          },
        },
      },
    })
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: '500' })
    expect(await caller.getProduct(get, { fallback: () => ({ id: 0, from: 'call' }) })).toEqual({ id: 0, from: 'call' })
    await expect(caller.getProduct({ params: { id: 404 } })).rejects.toMatchObject({ status: 404 })
    await expect(caller.getProduct(get, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('a hedge', () => {
  it('goes to a second instance when the first is slower than usual, and cancels the slower one', async () => {
    let isSlow = false
    const reply = () => (isSlow ? ('silence' as const) : {})
    const [a, b] = [await callee('a', reply), await callee('b', () => ({}))]
    await using caller = client(productService, {
      registry: memoryRegistry(a.address, b.address),
      balancer: 'round-robin',
      operations: { getProduct: { hedge: { afterP: 95 } } },
    })
    for (let n = 0; n < 40; n++) await caller.getProduct(get)
    isSlow = true
    const stopped = new Promise<void>((resolve) => {
      a.server.on('request', ({ socket }) => socket.on('close', resolve))
    })
    const responses = await Promise.all(Array.from({ length: 4 }, () => caller.getProduct(get, { timeoutMs: 9000 })))
    expect(responses.map(({ from }) => from)).toEqual(['b', 'b', 'b', 'b'])
    await stopped
  })

  it('can be enabled for a single call', async () => {
    let isSlow = false
    const [a, b] = [await callee('a', () => (isSlow ? 'silence' : {})), await callee('b')]
    await using caller = client(productService, {
      registry: memoryRegistry(a.address, b.address),
      balancer: 'round-robin',
    })
    for (let n = 0; n < 40; n++) await caller.getProduct(get)
    isSlow = true
    const call = () => caller.getProduct(get, { timeoutMs: 9000, hedge: { afterP: 95 } })
    expect((await Promise.all([call(), call()])).map(({ from }) => from)).toEqual(['b', 'b'])
  })

  it('is not sent for an operation that is not idempotent', async () => {
    const a = await callee('a', (_, nth) => (nth > 30 ? 'silence' : {}))
    await using caller = client(productService, {
      registry: memoryRegistry(a.address, (await callee('b')).address),
      balancer: 'round-robin',
      hedge: { afterP: 50 },
    })
    const create = () => caller.createProduct({ body: { name: 'x' } }, { timeoutMs: 1500 })
    for (let n = 0; n < 60; n++) await create()
    const results = await Promise.allSettled([create(), create()])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('regions and keys', () => {
  it('a call goes to the region of its caller, or to the region in its options', async () => {
    const [a, b] = [await callee('a'), await callee('b')]
    await using caller = client(productService, {
      registry: memoryRegistry(at(a.address, { region: 'east' }), at(b.address, { region: 'west' })),
      region: 'west',
    })
    for (let n = 0; n < 10; n++) expect((await caller.getProduct(get)).from).toBe('b')
    for (let n = 0; n < 10; n++) expect((await caller.getProduct(get, { region: 'east' })).from).toBe('a')
    expect(a.requests[0]!.headers['x-region']).toBe('east')
  })

  it('a call to a partitioned service never leaves its region', async () => {
    const partitioned = contract('product-service', productService.operations, { partitioned: true })
    const b = await callee('b')
    const registry = memoryRegistry(at(await unusedAddress(), { region: 'east' }), at(b.address, { region: 'west' }))
    await using caller = client(partitioned, { registry })
    await expect(caller.getProduct(get, { region: 'east' })).rejects.toMatchObject({ code: 50300 })
    await expect(caller.getProduct(get, { region: 'north' })).rejects.toMatchObject({
      error: 'product-service has no instance in the region "north"',
    })
    await expect(caller.getProduct(get)).rejects.toThrow(
      new TypeError('product-service.getProduct: a call to a partitioned service needs a region'),
    )
    expect(b.requests.length).toBe(0)
    expect(() => contract('x', {}, { partitioned: 'yes' } as never)).toThrow('partitioned must be true or false')
  })

  it('calls with the same key go to the same instance', async () => {
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((name) => callee(name)))
    await using caller = client(productService, {
      registry: memoryRegistry(...all.map(({ address }) => address)),
      balancer: 'consistent-hash',
    })
    const owners = new Set<string>()
    for (let key = 0; key < 30; key++) {
      const [first, second] = [
        await caller.getProduct(get, { hashKey: `k${key}` }),
        await caller.getProduct(get, { hashKey: `k${key}` }),
      ]
      expect(first).toEqual(second)
      owners.add(first.from)
    }
    expect(owners.size).toBeGreaterThan(2)
  })
})

describe('a response', () => {
  const wrong = { body: { code: 0, data: { id: 'one', from: 'a' } } }

  it('is checked against the contract, except in production', async () => {
    const a = await callee('a', ({ url }) =>
      url === '/products'
        ? { body: { code: 0, data: [{ id: 1 }], pagination: { page: 1, size: 20, total: 1 } } }
        : wrong,
    )
    const registry = memoryRegistry(a.address)
    await using checked = client(productService, { registry })
    await expect(checked.getProduct(get)).rejects.toMatchObject({
      code: 50200,
      error: 'product-service.getProduct broke its contract: id must be integer',
    })
    await expect(checked.listProducts()).rejects.toMatchObject({
      error: 'product-service.listProducts broke its contract: items.0.from is required',
    })
    await using unchecked = client(productService, { registry, checkResponses: false })
    expect(await unchecked.getProduct(get)).toEqual({ id: 'one', from: 'a' })
    vi.stubEnv('NODE_ENV', 'production')
    await using production = client(productService, { registry })
    expect(await production.getProduct(get)).toEqual({ id: 'one', from: 'a' })
  })

  it.each([
    ['a price of two decimals', t.Number({ multipleOf: 0.01 }), 19.99, 19.999],
    ['a record of any names', t.Record(t.String(), t.Integer()), { 'a\nb': 1 }, { 'a\nb': 'x' }],
    ['an object with a field that has a default', t.Object({ a: t.String({ default: 'b' }) }), { a: 'x' }, {}],
    ['a list of more items than a request may have', t.Array(t.Integer()), Array(150_000).fill(1), ['x']],
  ])('is checked by the rules of its callee: %s', async (_, returns, right, broken) => {
    const values: unknown[] = [right, broken]
    const a = await callee('a', () => ({ body: { code: 0, data: values.shift() } }))
    const one = contract('one-service', { get: { route: 'GET /', returns } })
    await using asking = client(one, { registry: memoryRegistry(a.address) })
    expect(await asking.get()).toEqual(right)
    await expect(asking.get()).rejects.toMatchObject({ status: 502 })
  })

  it('may have fields that the contract does not name', async () => {
    const a = await callee('a', () => ({ body: { code: 0, data: { id: 1, from: 'a', more: true } } }))
    await using caller = client(productService, { registry: memoryRegistry(a.address) })
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a', more: true })
  })

  it('that is a redirect is rejected, not followed', async () => {
    const b = await callee('b')
    const a = await callee('a', () => ({
      status: 302,
      headers: { location: `http://${b.address}/products/1` },
      body: {},
    }))
    await using caller = client(productService, { registry: memoryRegistry(a.address) })
    await expect(caller.getProduct(get)).rejects.toMatchObject({
      code: 50200,
      error: 'product-service responded with 302, but calls follow no redirects',
    })
    expect(b.requests.length).toBe(0)
  })

  it('that is too large is neither read nor retried', async () => {
    const a = await callee('a', () => ({ body: { code: 0, data: { id: 1, from: 'x'.repeat(100_000) } } }))
    await using caller = client(productService, { registry: memoryRegistry(a.address), maxResponseBytes: 50_000 })
    await expect(caller.getProduct(get)).rejects.toMatchObject({
      code: 50200,
      error: 'product-service sent a response larger than maxResponseBytes',
    })
    expect(a.requests.length).toBe(1)
  })
})

describe('instances', () => {
  it('that leave have their connections closed after the calls in flight', async () => {
    const [a, b] = [await callee('a'), await callee('b')]
    const registry = memoryRegistry(a.address)
    await using caller = client(productService, { registry })
    const connected = once(a.server, 'connection') as Promise<[import('node:net').Socket]>
    const last = caller.getProduct(get)
    const [socket] = await connected
    registry.set(b.address)
    expect((await last).from).toBe('a')
    await once(socket, 'close')
    expect((await caller.getProduct(get)).from).toBe('b')
  })

  it('are awaited until the registry responds', async () => {
    const registry = memoryRegistry()
    await using caller = client(productService, { registry })
    const early = caller.getProduct(get)
    registry.set((await callee('a')).address)
    expect((await early).from).toBe('a')
  })

  it('can be listed without a registry', async () => {
    const a = await callee('a')
    await using caller = client(productService, { registry: staticRegistry({ 'product-service': [a.address] }) })
    expect((await caller.getProduct(get)).from).toBe('a')
  })
})
