import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { contract, service, t } from 'tricube'
import { client, type ClientOptions } from 'tricube/client'
import { staticRegistry, type Registry } from 'tricube/discovery'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { callee, memoryRegistry, productService } from './callee.ts'

const get = { params: { id: 1 } }
const products = (registry: Registry | string, options: ClientOptions<typeof productService> = {}) =>
  client(productService, { registry: typeof registry === 'string' ? memoryRegistry(registry) : registry, ...options })

/** Starts a server that writes bytes of the test for each request. */
async function rawServer(respond: (socket: Socket, nth: number) => void): Promise<string> {
  let nth = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => respond(socket, ++nth))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ok = (from: string): string => {
  const body = JSON.stringify({ code: 0, data: { id: 1, from } })
  return `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

describe('a signal of the caller', () => {
  const reasons = [new Error('the user left'), 'a text', { code: 7 }, undefined]

  it.each(reasons)('rejects the call with its reason: %o', async (reason) => {
    const a = await callee('a', () => 'silence')
    await using caller = products(a.address)
    const controller = new AbortController()
    const call = caller.getProduct(get, { signal: controller.signal, fallback: () => ({ id: 0, from: 'fallback' }) })
    await expect.poll(() => a.requests.length).toBe(1)
    controller.abort(reason)
    await expect(call).rejects.toBe(controller.signal.reason)
    await expect(caller.getProduct(get, { signal: controller.signal })).rejects.toBe(controller.signal.reason)
    expect(a.requests).toHaveLength(1)
  })

  it('rejects the call with a TimeoutError if it is an AbortSignal.timeout', async () => {
    const a = await callee('a', () => 'silence')
    await using caller = products(a.address)
    await expect(caller.getProduct(get, { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  it('cancels a call that still waits for the registry', async () => {
    const a = await callee('a')
    const registry = memoryRegistry()
    await using caller = products(registry)
    const controller = new AbortController()
    const call = caller.getProduct(get, { signal: controller.signal })
    controller.abort()
    registry.set(a.address)
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(a.requests).toHaveLength(0)
  })

  it('counts neither for the breaker nor for ejection', async () => {
    let isSilent = true
    const a = await callee('a', () => (isSilent ? 'silence' : {}))
    const b = await callee('b', () => (isSilent ? 'silence' : {}))
    await using caller = products(memoryRegistry(a.address, b.address), { balancer: 'round-robin' })
    for (let n = 0; n < 30; n++) {
      const controller = new AbortController()
      const calls = Array.from({ length: 4 }, () => caller.getProduct(get, { signal: controller.signal }))
      await expect.poll(() => a.requests.length + b.requests.length).toBe((n + 1) * 4)
      controller.abort()
      for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected')
    }
    isSilent = false
    const responses = await Promise.all(Array.from({ length: 20 }, () => caller.getProduct(get)))
    expect(new Set(responses.map(({ from }) => from))).toEqual(new Set(['a', 'b']))
  })

  it('gives a handler its reason and lets the request of the handler continue', async () => {
    const slow = await callee('a', () => 'silence')
    const ask = contract('ask-service', { ask: { route: 'GET /ask', returns: t.String() } })
    const app = service(ask, {
      clients: { products: productService },
      handlers: {
        async ask({ clients }) {
          const controller = new AbortController()
          const call = clients.products.getProduct(get, { signal: controller.signal })
          setImmediate(() => controller.abort(new Error('enough')))
          return call.then(
            () => 'a response',
            (error: Error) => error.message,
          )
        },
      },
    })
    vi.stubEnv('TRICUBE_SERVICES', `product-service=${slow.address}`)
    const { url } = await app.listen()
    vi.unstubAllEnvs()
    onTestFinished(() => app.close())
    expect(await (await fetch(`${url}/ask`)).json()).toMatchObject({ data: 'enough' })
  })
})

describe('a time limit', () => {
  it.each([Infinity, 3e9, Number.MAX_VALUE])('may be longer than any timer: %d', async (timeoutMs) => {
    const a = await callee('a', () => ({ headers: {} }))
    await using caller = products(a.address, { timeoutMs })
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a' })
    expect(await caller.getProduct(get, { timeoutMs, hedge: { afterP: 50 } })).toEqual({ id: 1, from: 'a' })
    for (const { headers } of a.requests) expect(headers['x-request-timeout-ms']).toMatch(/^\d{1,10}$/)
  })

  it.each([0, -5, NaN])('is rejected when it is not positive: %d', async (timeoutMs) => {
    const a = await callee('a')
    await using caller = products(a.address)
    await expect(caller.getProduct(get, { timeoutMs })).rejects.toThrow(
      `product-service.getProduct: timeoutMs must be a positive number of milliseconds, got ${timeoutMs}`,
    )
    expect(() => products(a.address, { timeoutMs })).toThrow('timeoutMs must be a positive number')
    expect(a.requests).toHaveLength(0)
  })
})

describe('a response', () => {
  it.each([
    ['in one piece', (text: string) => [text]],
    ['in pieces', (text: string) => text.split(/(?<=\r\n)/)],
    ['byte by byte', (text: string) => text.split('')],
  ])('may follow an unsolicited 100 Continue: %s', async (_how, split) => {
    const interim = [
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 100 Continue\r\nx-a: b\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n',
    ]
    const address = await rawServer((socket, nth) => {
      socket.setNoDelay(true)
      const parts = split(interim.slice(0, nth % 4).join('') + ok(String(nth)))
      const next = (): void => {
        const part = parts.shift()
        if (part !== undefined) socket.write(part, () => setImmediate(next))
      }
      next()
    })
    await using caller = products(address)
    for (let n = 1; n <= 8; n++) expect(await caller.getProduct(get)).toEqual({ id: 1, from: String(n) })
  })

  it('may have a body that looks like 100 Continue', async () => {
    const body = JSON.stringify({ code: 0, data: { id: 1, from: 'HTTP/1.1 100 Continue' } })
    const at = body.indexOf('HTTP')
    const address = await rawServer((socket) => {
      socket.setNoDelay(true)
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, at)}`)
      setImmediate(() => setImmediate(() => socket.write(body.slice(at))))
    })
    await using caller = products(address)
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'HTTP/1.1 100 Continue' })
  })

  it('with endless interim responses ends at the time limit', async () => {
    const address = await rawServer((socket) => {
      const timer = setInterval(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 5)
      socket.on('close', () => clearInterval(timer))
    })
    await using caller = products(address)
    await expect(caller.getProduct(get, { timeoutMs: 200, retries: 0 })).rejects.toMatchObject({ code: 50400 })
  })

  it('with too many headers is a 502 that ejects no instance', async () => {
    const a = await callee('a', ({ url }) =>
      url === '/products/2' ? { headers: { 'x-large': 'x'.repeat(20_000) } } : {},
    )
    await using caller = products(a.address)
    for (let n = 0; n < 20; n++) {
      await expect(caller.getProduct({ params: { id: 2 } })).rejects.toMatchObject({
        code: 50200,
        error: 'product-service sent more response headers than --max-http-header-size',
      })
    }
    expect(a.requests).toHaveLength(20)
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a' })
  })

  it('may begin with a byte order mark', async () => {
    const body = `\ufeff${JSON.stringify({ code: 0, data: { id: 1, from: 'a' } })}`
    const address = await rawServer((socket) =>
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    )
    await using caller = products(staticRegistry({ 'product-service': [address] }))
    expect(await caller.getProduct(get)).toEqual({ id: 1, from: 'a' })
  })
})
