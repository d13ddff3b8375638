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

/** How many requests were refused, as `/metrics` has it. */
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
  it('is a 504 before its body is looked at, and never runs', async () => {
    await listen()
    const headers = { 'content-type': 'application/json', 'x-request-timeout-ms': '0' }
    const answer = await fetch(`${url}/orders`, { method: 'POST', headers, body: '{not even JSON' })
    expect(answer.status).toBe(504)
    expect(await answer.json()).toEqual({
      code: 50400,
      message: 'Gateway Timeout',
      error: 'the deadline was past on arrival',
    })
    expect(ran).toEqual([])
    expect(await shed('order', 'deadline')).toBe(1)
  })

  it('runs while there is time left, and where nobody said anything', async () => {
    await listen()
    expect((await get('/compute', { 'x-request-timeout-ms': '1000' })).status).toBe(200)
    expect((await get('/compute', { 'x-request-timeout-ms': 'soon' })).status).toBe(200)
    expect(await shed('compute', 'deadline')).toBe(0)
  })

  it('is refused also where admission is off', async () => {
    await listen(false)
    expect((await get('/compute', { 'x-request-timeout-ms': '0' })).status).toBe(504)
    expect(ran).toEqual([])
  })
})

describe('more requests in flight than may be', () => {
  it('are a 503 that may be tried elsewhere; health, metrics and documentation answer', async () => {
    await listen({ maxConcurrency: 2 })
    const waiting = [get('/wait'), get('/wait')]
    await vi.waitFor(() => expect(ran).toHaveLength(2))
    const refused = await get('/compute')
    expect([refused.status, refused.headers.get('x-should-retry'), refused.headers.get('retry-after')]).toEqual([
      503,
      'true',
      '1',
    ])
    expect(await refused.json()).toEqual({
      code: 50302,
      message: 'Service Unavailable',
      error: 'too many requests in flight',
    })
    for (const path of ['/health/live', '/health/ready', '/metrics', '/openapi/spec.json', '/docs']) {
      expect((await get(path)).status, path).toBe(200)
    }
    expect(await shed('compute', 'concurrency')).toBe(1)
    release()
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(200)
    await vi.waitFor(async () => expect((await get('/compute')).status).toBe(200))
  })

  it('are refused so that the pages which may call can read it, and no others', async () => {
    const page = 'https://app.example.com'
    await listen({ maxConcurrency: 1 }, { origins: [page], credentials: true, exposedHeaders: ['x-total'] })
    const waiting = get('/wait')
    await vi.waitFor(() => expect(ran).toHaveLength(1))
    const corsOf = async (origin: string, path: string): Promise<object> => {
      const { headers } = await get(path, { origin })
      return Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'))
    }
    const refused = await corsOf(page, '/compute')
    expect(refused).toEqual({
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': page,
      'access-control-expose-headers': 'retry-after, x-total',
      vary: 'Origin',
    })
    const { 'access-control-allow-origin': _allowed, ...others } = refused as Record<string, string>
    expect(await corsOf('https://evil.example', '/compute')).toEqual(others)
    release()
    await waiting
    expect(await corsOf(page, '/compute')).toEqual(refused)
  })

  it('are many by default', async () => {
    await listen()
    const waiting = Array.from({ length: 500 }, () => get('/wait'))
    await vi.waitFor(() => expect(ran).toHaveLength(500), { timeout: 20_000 })
    expect((await get('/compute')).status).toBe(200)
    release()
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(200)
  }, 30_000)
})

describe('a saturated event loop', () => {
  /** Keeps the loop busy until somebody is refused. */
  async function refusals(): Promise<Response[]> {
    for (let wave = 0; wave < 60; wave++) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => get('/compute')))
      const refused = answers.filter(({ status }) => status === 503)
      if (refused.length > 0) return refused
    }
    return []
  }

  it('refuses what would wait for too long, answers the rest, and recovers by itself', async () => {
    await listen({ targetDelayMs: 10 })
    const refused = await refusals()
    expect(await refused[0]?.json()).toEqual({ code: 50302, message: 'Service Unavailable', error: 'overloaded' })
    expect(refused[0]!.headers.get('x-should-retry')).toBe('true')
    expect(ran.length).toBeGreaterThan(0)
    expect(await shed('compute', 'overload')).toBe(refused.length)
    expect((await get('/health/ready')).status).toBe(200)
    await vi.waitFor(async () => {
      const answers = await Promise.all([get('/compute'), get('/compute'), get('/compute')])
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    })
  }, 60_000)

  it('is left to itself when admission is off', async () => {
    await listen(false)
    for (let wave = 0; wave < 3; wave++) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => get('/compute')))
      expect(answers.every(({ status }) => status === 200)).toBe(true)
    }
  }, 60_000)
})
