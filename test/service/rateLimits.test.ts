import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { contract, service, t, type Config } from 'tricube'
import { Application } from '../../src/service/application.ts'
import { networkOf } from '../../src/service/parts/rateLimits/key.ts'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'

const Note = t.Object({ id: t.Integer() })
const notes = contract('note-service', {
  createNote: {
    route: 'POST /notes',
    rateLimit: { key: 'ip', limit: 3, windowMs: 60_000 },
    body: t.Object({ text: t.String() }),
    returns: Note,
  },
  getNote: {
    route: 'GET /notes/:id',
    rateLimit: { key: { header: 'x-api-key' }, limit: 2, windowMs: 1000 },
    returns: Note,
  },
  shareNote: { route: 'POST /notes/:id/share', rateLimit: { key: 'user', limit: 1, windowMs: 1500 } },
  listNotes: { route: 'GET /notes', returns: t.Array(Note) },
})

let handled = 0
const page = 'https://app.example.com'
const noteService = () =>
  service(notes, {
    cors: { origins: [page], exposedHeaders: ['retry-after', 'x-total'] },
    rateLimits: {
      keys: {
        user: ({ headers }) => {
          if (headers['x-user'] === 'broken') throw new Error('no such user')
          return headers['x-user'] as string | undefined
        },
      },
    },
    handlers: {
      createNote: () => ({ id: ++handled }),
      getNote: ({ params }) => ({ id: Number(params.id) }),
      shareNote: () => {},
      listNotes: () => [],
    },
  })

async function start(config: Partial<Config> = {}): Promise<string> {
  const app = new Application(noteService().definition, { config: { logLevel: 'silent', port: 0, ...config } })
  onTestFinished(() => app.close())
  const { url } = await app.listen()
  return url
}

const create = (url: string, body = '{"text":"milk"}') =>
  fetch(`${url}/notes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
const times = async (count: number, ask: () => Promise<Response>): Promise<number[]> => {
  const statuses: number[] = []
  while (statuses.length < count) statuses.push((await ask()).status)
  return statuses
}
const limits = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.includes('ratelimit') || name === 'retry-after'))

// Only the clock of the limits stands still: sockets and timers are real.
beforeEach(() => {
  handled = 0
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => void vi.useRealTimers())
const later = (ms: number): void => void vi.advanceTimersByTime(ms)

describe('an operation with a limit', () => {
  it('shows its headers to pages of allowed origins', async () => {
    const url = await start()
    const ask = () => fetch(`${url}/notes/1`, { headers: { 'x-api-key': 'a', origin: page } })
    for (const status of [200, 200, 429]) {
      const response = await ask()
      expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([status, page])
      expect(response.headers.get('access-control-expose-headers')).toBe(
        'retry-after, ratelimit-policy, ratelimit, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-total',
      )
    }
  })

  it('sends the remaining quota with each response, and rejects requests over the limit', async () => {
    const url = await start()
    const first = await create(url)
    expect([first.status, limits(first)]).toEqual([
      200,
      {
        'ratelimit-policy': '"default";q=3;w=60',
        ratelimit: '"default";r=2;t=20',
        'ratelimit-limit': '3',
        'ratelimit-remaining': '2',
        'ratelimit-reset': '20',
      },
    ])
    expect(limits(await create(url))).toMatchObject({ 'ratelimit-remaining': '1', 'ratelimit-reset': '40' })
    expect(limits(await create(url))).toMatchObject({ ratelimit: '"default";r=0;t=60' })

    later(5000)
    const rejected = await create(url)
    expect([rejected.status, await rejected.json(), limits(rejected)]).toEqual([
      429,
      { code: 42900, message: 'Too Many Requests', error: 'more than 3 requests in 60000 ms' },
      {
        'ratelimit-policy': '"default";q=3;w=60',
        ratelimit: '"default";r=0;t=15',
        'ratelimit-limit': '3',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '15',
        'retry-after': '15',
      },
    ])
    expect(handled).toBe(3)
  })

  it('accepts one request after `retry-after`, and all of them after a window', async () => {
    const url = await start()
    expect(await times(3, () => create(url))).toEqual([200, 200, 200])
    expect((await create(url)).status).toBe(429)
    later(19_999)
    expect((await create(url)).status).toBe(429)
    later(1)
    expect(await times(2, () => create(url))).toEqual([200, 429])
    later(60_000)
    expect(await times(5, () => create(url))).toEqual([200, 200, 200, 429, 429])
  })

  it('counts responses with an error, and does not count other operations', async () => {
    const url = await start()
    const wrong = await create(url, '{"text":7}')
    expect([wrong.status, limits(wrong)['ratelimit-remaining']]).toEqual([400, '2'])
    expect(await times(3, () => create(url))).toEqual([200, 200, 429])
    const other = await fetch(`${url}/notes`)
    expect([other.status, limits(other)]).toEqual([200, {}])
    expect(limits(await fetch(`${url}/health/live`))).toEqual({})
  })

  it('is counted in /metrics', async () => {
    const url = await start()
    await times(5, () => create(url))
    const text = await fetch(`${url}/metrics`).then((response) => response.text())
    expect(text).toContain('tricube_rate_limited_total{operation="createNote"} 2\n')
    expect(text).toContain('tricube_rate_limited_total{operation="getNote"} 0\n')
  })
})

describe('the key of a limit', () => {
  const get = (url: string, headers: Record<string, string> = {}) => fetch(`${url}/notes/1`, { headers })

  it('is the value of a header, or the address without the header', async () => {
    const url = await start()
    const [a, b] = [{ 'x-api-key': 'a' }, { 'x-api-key': 'b' }]
    expect(await times(3, () => get(url, a))).toEqual([200, 200, 429])
    expect(await times(3, () => get(url, b))).toEqual([200, 200, 429])
    expect(await times(3, () => get(url))).toEqual([200, 200, 429])
  })

  it('cannot use up the quota of an address by naming it in the header', async () => {
    const url = await start()
    for (const key of ['127.0.0.1', 'ip 127.0.0.1']) {
      const forged = { 'x-api-key': key }
      await times(3, () => get(url, forged))
    }
    expect((await get(url)).status).toBe(200)
  })

  it('is the same for HEAD and GET', async () => {
    const url = await start()
    const head = () => fetch(`${url}/notes/1`, { method: 'HEAD' })
    expect([...(await times(1, head)), ...(await times(2, () => get(url)))]).toEqual([200, 200, 429])
    expect((await head()).status).toBe(429)
  })

  it('may be a header of the maximum length', async () => {
    const url = await start()
    const [a, b] = ['a', 'b'].map((end) => ({ 'x-api-key': 'k'.repeat(8000) + end }))
    expect(await times(3, () => get(url, a))).toEqual([200, 200, 429])
    expect((await get(url, b)).status).toBe(200)
  })

  it("is the result of the service's function, or the address when that is undefined", async () => {
    const url = await start()
    const share = (headers: Record<string, string> = {}) => fetch(`${url}/notes/1/share`, { method: 'POST', headers })
    const [ann, bob] = [{ 'x-user': 'ann' }, { 'x-user': 'bob' }]
    expect([...(await times(2, () => share(ann))), ...(await times(1, () => share(bob)))]).toEqual([200, 429, 200])
    expect(await times(2, () => share())).toEqual([200, 429])
    expect(limits(await share())).toMatchObject({ 'ratelimit-policy': '"default";q=1', 'retry-after': '2' })
    expect((await share({ 'x-user': 'broken' })).status).toBe(500)
  })

  it('may use what a plugin knows of the caller', async () => {
    const { definition } = noteService()
    const app = new Application(
      {
        ...definition,
        rateLimits: { keys: { user: (request) => (request as { user?: string }).user } },
        hooks: {
          beforeStart({ fastify }) {
            fastify.addHook('onRequest', async (request) => {
              Object.assign(request, { user: request.headers.authorization })
            })
          },
        },
      },
      { config: { logLevel: 'silent' } },
    )
    onTestFinished(() => app.close())
    const share = (authorization: string) =>
      app.inject({ method: 'POST', url: '/notes/1/share', headers: { authorization } })
    const statuses: number[] = []
    for (const caller of ['ann', 'ann', 'bob']) statuses.push((await share(caller)).statusCode)
    expect(statuses).toEqual([200, 429, 200])
  })

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8::2:3:4:5:6', '2001:db8:0:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['fe80::', 'fe80:0:0:0::/64'],
    [undefined, 'unknown'],
  ])('uses the network of %s: %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('a caller over its limit', () => {
  it('is rejected before its body is read', async () => {
    const url = await start()
    await times(3, () => create(url))
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': '1000000' }
      const unfinished = httpRequest(`${url}/notes`, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode)
        unfinished.destroy()
      })
      unfinished.on('error', reject).flushHeaders()
    })
    expect(status).toBe(429)
  })

  it('keeps its connection for the next request', async () => {
    const url = await start()
    await times(3, () => create(url))
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    const body = '{"text":"milk"}'
    const post = `POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    socket.write(`${post}GET /notes HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`)
    let received = ''
    for await (const chunk of socket) received += chunk
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 429', 'HTTP/1.1 200'])
  })
})

describe('a service does not start', () => {
  it('without the function of a key, with an unused function, or without its database', async () => {
    const { definition } = noteService()
    const of = (rateLimits: object | undefined) => () =>
      new Application({ ...definition, rateLimits } as typeof definition)
    expect(of(undefined)).toThrow('note-service: rateLimits.keys.user is missing, a rateLimit of its contract has that')
    const keys = { user: () => 'a', account: () => 'b' }
    expect(of({ keys })).toThrow('note-service: rateLimits.keys.account belongs to no rateLimit of its contract')
    const app = of({ keys: { user: () => 'a' }, store: 'postgres' })()
    await expect(app.start()).rejects.toThrow(
      "DATABASE_URL in the environment: note-service has rateLimits.store 'postgres', expected",
    )
  })
})
