import { Conflict, ServiceUnavailable } from 'tricube'
import { client } from 'tricube/client'
import { describe, expect, it } from 'vitest'
import { callee, memoryRegistry, unusedAddress, productService, type Callee } from './callee.ts'

const get = { params: { id: 1 } }
const create = { body: { name: 'new' } }
const no = { status: 503 }
const attempts = ({ requests }: Callee) => requests.map(({ headers }) => headers['x-request-attempt'])

function products(...addresses: string[]) {
  return client(productService, { registry: memoryRegistry(...addresses) })
}

describe('a retry', () => {
  it('goes to another instance, with its number and less time', async () => {
    const [a, b] = [await callee('a', () => no), await callee('b', () => no)]
    await using caller = products(a.address, b.address)
    await expect(caller.getProduct(get, { retries: 1, timeoutMs: 7000 })).rejects.toBeInstanceOf(ServiceUnavailable)
    const requests = [...a.requests, ...b.requests]
    expect([a.requests.length, b.requests.length]).toEqual([1, 1])
    expect(
      requests.map(({ headers }) => headers['x-request-attempt']).toSorted((x, y) => Number(x) - Number(y)),
    ).toEqual(['0', '1'])
    const left = requests.map(({ headers }) => Number(headers['x-request-timeout-ms'])).sort((x, y) => y - x)
    expect(left[0]).toBeLessThanOrEqual(7000)
    expect(left[1]).toBeLessThanOrEqual(left[0]!)
  })

  it('happens at most twice or as often as the options allow, and only after a 503', async () => {
    const a = await callee('a', () => no)
    await using caller = products(a.address)
    await expect(caller.getProduct(get)).rejects.toMatchObject({ status: 503, error: 'a says no' })
    expect(attempts(a)).toEqual(['0', '1', '2'])
    await expect(caller.getProduct(get, { retries: 0 })).rejects.toMatchObject({ status: 503 })
    expect(a.requests.length).toBe(4)
    const b = await callee('b', () => ({ status: 409 }))
    await using other = products(b.address)
    await expect(other.getProduct(get)).rejects.toBeInstanceOf(Conflict)
    expect(b.requests.length).toBe(1)
  })

  it('does not follow a 429, which counts against no instance and says how long to wait', async () => {
    const over = { status: 429, headers: { 'retry-after': '7' } }
    const a = await callee('a', (_, nth) => (nth <= 100 ? over : {}))
    await using caller = products(a.address)
    for (let n = 0; n < 100; n++) {
      await expect(caller.getProduct(get)).rejects.toMatchObject({ code: 42900, headers: { 'retry-after': '7' } })
    }
    expect(new Set(attempts(a))).toEqual(new Set(['0']))
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a' }) // neither breaker nor ejection has counted them
    expect(a.requests.length).toBe(101)
  })

  it('saves a GET whose connection breaks', async () => {
    const a = await callee('a', (_, nth) => (nth < 3 ? 'break' : {}))
    await using caller = products(a.address)
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a' })
    expect(attempts(a)).toEqual(['0', '1', '2'])
  })

  it.each(['break', no] as const)('does not repeat a POST that may have run: %o', async (reply) => {
    const a = await callee('a', () => reply)
    await using caller = products(a.address)
    await expect(caller.createProduct(create)).rejects.toMatchObject({ status: 503 })
    expect(a.requests.length).toBe(1)
  })

  it('repeats a POST that cannot have run', async () => {
    const a = await callee('a', (_, nth) => (nth === 1 ? { status: 503, headers: { 'x-should-retry': 'true' } } : {}))
    await using caller = products(await unusedAddress(), a.address)
    for (let n = 0; n < 5; n++) expect(await caller.createProduct(create)).toEqual({ id: 1, from: 'a' })
    expect(a.requests.length).toBe(6)
  })

  it('repeats a POST with an idempotency key, under the same key', async () => {
    const a = await callee('a', (_, nth) => (nth === 1 ? 'break' : {}))
    await using caller = products(a.address)
    expect(await caller.createProduct(create, { idempotencyKey: 'order-7' })).toEqual({ id: 1, from: 'a' })
    expect(a.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['order-7', 'order-7'])
  })

  it('does not follow a response that forbids it, and the error forbids it to callers further up', async () => {
    const a = await callee('a', () => ({ status: 503, headers: { 'x-should-retry': 'false' } }))
    await using caller = products(a.address)
    const error = await caller.getProduct(get).catch((error: ServiceUnavailable) => error)
    expect(error).toMatchObject({ status: 503, headers: { 'x-should-retry': 'false' } })
    expect(a.requests.length).toBe(1)
    await using lost = products(await unusedAddress())
    await expect(lost.getProduct(get)).rejects.toMatchObject({ code: 50300, headers: { 'x-should-retry': 'false' } })
  })

  it('waits for retry-after, and does not happen when there is too little time', async () => {
    const busy = { status: 503, headers: { 'retry-after': '1' } }
    const a = await callee('a', (_, nth) => (nth === 1 ? busy : {}))
    await using caller = products(a.address)
    const from = performance.now()
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a' })
    expect(performance.now() - from).toBeGreaterThan(990)
    const later = { status: 503, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } }
    const b = await callee('b', () => later)
    await using hurried = products(b.address)
    await expect(hurried.getProduct(get)).rejects.toMatchObject({ status: 503, error: 'b says no' })
    expect(b.requests.length).toBe(1)
  })

  it('goes to another instance at once when one is overloaded, despite its retry-after', async () => {
    const shed = { status: 503, headers: { 'x-should-retry': 'true', 'retry-after': '60' } }
    const [a, b] = [await callee('a', () => shed), await callee('b')]
    await using caller = products(a.address, b.address)
    for (let n = 0; n < 30; n++) expect(await caller.createProduct(create)).toEqual({ id: 1, from: 'b' })
    expect(b.requests.length).toBe(30)
  })

  it('ends at the time limit of the call', async () => {
    const a = await callee('a', (_, nth) => (nth === 1 ? {} : nth === 2 ? 'break' : 'silence'))
    await using caller = products(a.address)
    await caller.getProduct(get)
    await expect(caller.getProduct(get, { timeoutMs: 1000 })).rejects.toMatchObject({
      code: 50400,
      error: expect.stringMatching(/^product-service did not respond within \d+ ms$/),
    })
    expect(attempts(a)).toEqual(['0', '0', '1'])
  })

  it('ends when the caller cancels, also during the wait', async () => {
    const a = await callee('a', () => ({ status: 503, headers: { 'retry-after': '3' } }))
    await using caller = products(a.address)
    const controller = new AbortController()
    a.server.on('request', () => setImmediate(() => controller.abort()))
    await expect(caller.getProduct(get, { signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' })
    await expect(caller.getProduct(get, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
    expect(a.requests.length).toBe(1)
  })
})

describe('a service that is down', () => {
  it('gets at most 1.1 requests per call, and soon almost none', async () => {
    const a = await callee('a', () => no)
    await using caller = client(productService, { registry: memoryRegistry(a.address), retryBudget: { perSecond: 0 } })
    const each = async () => caller.getProduct(get).catch(() => {})
    for (let n = 0; n < 50; n++) await Promise.all(Array.from({ length: 20 }, each))
    expect(a.requests.length).toBeLessThan(1000 * 0.5)
    const open = await callee('b', () => no)
    await using unthrottled = client(productService, {
      registry: memoryRegistry(open.address),
      retryBudget: { perSecond: 0 },
      breaker: false,
    })
    for (let n = 0; n < 50; n++) {
      await Promise.all(Array.from({ length: 20 }, async () => unthrottled.getProduct(get).catch(() => {})))
    }
    expect(open.requests.length).toBeGreaterThan(1000)
    expect(open.requests.length).toBeLessThanOrEqual(1100)
  })

  it('is not called when it fails too often, and the error says so', async () => {
    const a = await callee('a', () => ({ status: 500 }))
    await using caller = products(a.address)
    const errors = new Set<unknown>()
    for (let n = 0; n < 200; n++)
      await caller.getProduct(get).catch(({ error }: ServiceUnavailable) => errors.add(error))
    expect(errors).toContain('product-service fails too often, so the circuit breaker rejected the call')
    expect(a.requests.length).toBeLessThan(100)
  })

  it('still gets calls to its other operations', async () => {
    const a = await callee('a', ({ method }) => (method === 'GET' ? { status: 500 } : {}))
    await using caller = products(a.address)
    for (let n = 0; n < 100; n++) await caller.getProduct(get).catch(() => {})
    for (let n = 0; n < 20; n++) expect(await caller.createProduct(create)).toMatchObject({ id: 1 })
  })
})
