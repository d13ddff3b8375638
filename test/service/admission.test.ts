import { contract, service, t, type AdmissionOptions, type CorsOptions, type Service } from 'tricube'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const shop = contract('shop-service', {
  compute: { route: 'GET /compute', returns: t.String() },
  wait: { route: 'GET /wait', returns: t.String() },
  order: { route: 'POST /orders', body: t.Object({ id: t.Integer() }), returns: t.Integer(), priority: 'critical' },
})

let ran: string[]
let release: () => void
let app: Service
let url: string

beforeEach(() => {
  process.env['LOG_LEVEL'] = 'silent'
  ran = []
})
afterEach(async () => {
  release()
  await app.close()
})

async function listen(admission?: AdmissionOptions | false, cors?: CorsOptions): Promise<void> {
  const released = new Promise<void>((resolve) => (release = resolve))
  app = service(shop, {
    ...(admission !== undefined && { admission }),
    ...(cors && { cors }),
    handlers: {
      compute() {
        ran.push('compute')
        const end = performance.now() + 5
        while (performance.now() < end);
        return 'done'
      },
      async wait() {
        ran.push('wait')
        await released
        return 'done'
      },
      order({ body }) {
        ran.push('order')
        return body.id
      },
    },
  })
  ;({ url } = await app.listen())
}

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> => fetch(url + path, { headers })

/** Returns the number of rejected requests in `/metrics`. */
async function shed(operation: string, reason: string): Promise<number> {
  const text = await (await get('/metrics')).text()
  const line = `tricube_requests_shed_total{operation="${operation}",reason="${reason}"} `
  return Number(
    text
      .split('\n')
      .find((one) => one.startsWith(line))
      ?.slice(line.length),
  )
}

describe('a request whose deadline is past', () => {
  it('gets 504 before its body is read, and never runs', async () => {
    await listen()
    const headers = { 'content-type': 'application/json', 'x-request-timeout-ms': '0' }
    const response = await fetch(`${url}/orders`, { method: 'POST', headers, body: '{not even JSON' })
    expect(response.status).toBe(504)
    expect(await response.json()).toEqual({
      code: 50400,
      message: 'Gateway Timeout',
      error: 'the deadline was past on arrival',
    })
    expect(ran).toEqual([])
    expect(await shed('order', 'deadline')).toBe(1)
  })

  it('runs while time is left, and without a deadline', async () => {
    await listen()
    expect((await get('/compute', { 'x-request-timeout-ms': '1000' })).status).toBe(200)
    expect((await get('/compute', { 'x-request-timeout-ms': 'soon' })).status).toBe(200)
    expect(await shed('compute', 'deadline')).toBe(0)
  })

  it('is rejected even if admission is off', async () => {
    await listen(false)
    expect((await get('/compute', { 'x-request-timeout-ms': '0' })).status).toBe(504)
    expect(ran).toEqual([])
  })
})

describe('requests beyond maxConcurrency', () => {
  it('get 503 and may be retried elsewhere, unlike health, metrics and documentation', async () => {
    await listen({ maxConcurrency: 2 })
    const waiting = [get('/wait'), get('/wait')]
    await vi.waitFor(() => expect(ran).toHaveLength(2))
    const rejected = await get('/compute')
    expect([rejected.status, rejected.headers.get('x-should-retry'), rejected.headers.get('retry-after')]).toEqual([
      503,
      'true',
      '1',
    ])
    expect(await rejected.json()).toEqual({
      code: 50302,
      message: 'Service Unavailable',
      error: 'too many requests in flight',
    })
    for (const path of ['/health/live', '/health/ready', '/metrics', '/openapi/spec.json', '/docs']) {
      expect((await get(path)).status, path).toBe(200)
    }
    expect(await shed('compute', 'concurrency')).toBe(1)
    release()
    for (const response of await Promise.all(waiting)) expect(response.status).toBe(200)
    await vi.waitFor(async () => expect((await get('/compute')).status).toBe(200))
  })

  it('get CORS headers for allowed origins only', async () => {
    const page = 'https://app.example.com'
    await listen({ maxConcurrency: 1 }, { origins: [page], credentials: true, exposedHeaders: ['x-total'] })
    const waiting = get('/wait')
    await vi.waitFor(() => expect(ran).toHaveLength(1))
    const corsOf = async (origin: string, path: string): Promise<object> => {
      const { headers } = await get(path, { origin })
      return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))
    }
    const rejected = await corsOf(page, '/compute')
    expect(rejected).toEqual({
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': page,
      'access-control-expose-headers': 'retry-after, x-total',
      vary: 'Origin',
    })
    const { 'access-control-allow-origin': _allowed, ...others } = rejected as Record<string, string>
    expect(await corsOf('https://evil.example', '/compute')).toEqual(others)
    release()
    await waiting
    expect(await corsOf(page, '/compute')).toEqual(rejected)
  })

  it('are more than 1,000 by default', async () => {
    await listen()
    const waiting = Array.from({ length: 500 }, () => get('/wait'))
    await vi.waitFor(() => expect(ran).toHaveLength(500), { timeout: 20_000 })
    expect((await get('/compute')).status).toBe(200)
    release()
    for (const response of await Promise.all(waiting)) expect(response.status).toBe(200)
  }, 30_000)
})

describe('a saturated event loop', () => {
  /** Keeps the loop busy until a request is rejected. */
  async function refusals(): Promise<Response[]> {
    for (let wave = 0; wave < 60; wave++) {
      const responses = await Promise.all(Array.from({ length: 60 }, () => get('/compute')))
      const rejected = responses.filter(({ status }) => status === 503)
      if (rejected.length > 0) return rejected
    }
    return []
  }

  it('rejects requests that would wait too long, serves the rest, and recovers', async () => {
    await listen({ targetDelayMs: 10 })
    const rejected = await refusals()
    expect(await rejected[0]?.json()).toEqual({ code: 50302, message: 'Service Unavailable', error: 'overloaded' })
    expect(rejected[0]!.headers.get('x-should-retry')).toBe('true')
    expect(ran.length).toBeGreaterThan(0)
    expect(await shed('compute', 'overload')).toBe(rejected.length)
    expect((await get('/health/ready')).status).toBe(200)
    await vi.waitFor(async () => {
      const responses = await Promise.all([get('/compute'), get('/compute'), get('/compute')])
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200])
    })
  }, 60_000)

  it('rejects nothing when admission is off', async () => {
    await listen(false)
    for (let wave = 0; wave < 3; wave++) {
      const responses = await Promise.all(Array.from({ length: 100 }, () => get('/compute')))
      expect(responses.every(({ status }) => status === 200)).toBe(true)
    }
  }, 60_000)
})
