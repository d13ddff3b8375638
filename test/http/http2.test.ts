import { readFileSync } from 'node:fs'
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2'
import { once } from 'node:events'
import { get } from 'node:https'
import { contract, service, t, type Hooks, type ServerLimits, type Service } from 'tricube'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { authority } from './certificates.ts'

const things = contract('thing-service', {
  getThing: { route: 'GET /things/:id', returns: t.String() },
  addThing: { route: 'POST /things', body: t.Object({ name: t.String() }), returns: t.String() },
  wait: { route: 'GET /wait', returns: t.String() },
  large: { route: 'GET /large', returns: t.String() },
})
const root = authority()
const files = root.sign('server')
const ca = readFileSync(root.cert)

let app: Service<typeof things>
let session: ClientHttp2Session
let url: URL
let release: (() => void) | undefined
let left: Promise<void>
let leave: () => void
beforeEach(() => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  left = new Promise((resolve) => (leave = resolve))
})
afterEach(async () => {
  leave()
  session.destroy()
  await app.close()
  release = undefined
})

async function start(limits: ServerLimits = {}, hooks: Hooks = {}): Promise<void> {
  app = makeThings(limits, hooks)
  url = new URL((await app.listen()).url)
  session = open(url)
}

function makeThings(limits: ServerLimits = {}, hooks: Hooks = {}): Service<typeof things> {
  return service(things, {
    tls: { ...files, http2: true },
    limits,
    admission: false, // the machine may be busy
    hooks,
    handlers: {
      getThing: ({ params }) => params.id,
      addThing: ({ body }) => body.name,
      wait: () => new Promise((resolve) => (release = () => resolve('waited'))),
      large: () => 'a'.repeat(1024 * 1024),
    },
  })
}

function open(to: URL): ClientHttp2Session {
  const opened = connect(to, { ca })
  opened.on('error', () => {})
  return opened
}

async function readResponse(stream: ClientHttp2Stream): Promise<{ status: number; headers: object; body: string }> {
  const [headers] = await once(stream, 'response')
  let body = ''
  for await (const part of stream) body += part
  return { status: headers[':status'], headers, body }
}
const send = (path: string, headers: OutgoingHttpHeaders = {}, by = session) =>
  readResponse(by.request({ ':path': path, ...headers }))
const reset = async (stream: ClientHttp2Stream): Promise<number> => {
  stream.on('error', () => {})
  if (!stream.closed) await once(stream, 'close')
  return stream.rstCode
}
const cancel = 8

describe('a service with http2', () => {
  it('serves HTTP/2, and HTTP/1.1 for clients that cannot', async () => {
    await start()
    expect(await send('/things/1')).toMatchObject({
      status: 200,
      body: '{"code":0,"data":"1"}',
      headers: { 'x-frame-options': 'DENY', 'strict-transport-security': expect.any(String) },
    })
    const stream = session.request({ ':method': 'POST', ':path': '/things', 'content-type': 'application/json' })
    stream.end('{"name":"a"}')
    expect((await readResponse(stream)).body).toBe('{"code":0,"data":"a"}')
    const [old] = await once(get(new URL('/things/1', url), { ca, agent: false }), 'response')
    expect([old.httpVersion, old.statusCode]).toEqual(['1.1', 200])
    old.resume()
  })

  it.each<[string, string, OutgoingHttpHeaders, number]>([
    ['a second host', '/things/1', { ':authority': 'a', host: 'b' }, 400],
    ['no valid host', '/things/1', { ':authority': 'a,b' }, 400],
    ['a fragment', '/things/1#2', {}, 400],
    ['a wrong escape', '/things/%zz', {}, 400],
    ['a header constructor', '/things/1', { constructor: '1' }, 400],
    ['a long URL', `/things/1?${'a'.repeat(8200)}`, {}, 414],
    ['many headers', '/things/1', Object.fromEntries(Array.from({ length: 97 }, (_, i) => [`x-${i}`, '1'])), 431],
  ])('rejects %s', async (_title, path, headers, status) => {
    await start()
    expect((await send(path, headers)).status).toBe(status)
    expect((await send('/things/1')).status).toBe(200)
  })

  it('rejects a body over the limit', async () => {
    await start({ bodyLimit: 1000 })
    const stream = session.request({ ':method': 'POST', ':path': '/things', 'content-type': 'application/json' })
    stream.on('error', () => {})
    stream.write('a'.repeat(2000))
    expect((await readResponse(stream)).status).toBe(413)
  })

  it('resets requests that do not arrive and responses that are not read', async () => {
    await start({ requestTimeoutMs: 50, readTimeoutMs: 50 })
    const slow = session.request({ ':method': 'POST', ':path': '/things', 'content-type': 'application/json' })
    slow.write('{')
    expect(await reset(slow)).toBe(cancel)
    expect(await reset(session.request({ ':path': '/large' }))).toBe(cancel)
  })

  it('lets a handler run for longer than the read timeout', async () => {
    await start({ readTimeoutMs: 20 })
    const waiting = send('/wait')
    await expect.poll(() => release).toBeDefined()
    await reset(session.request({ ':path': '/large' })) // by then the timeout has passed
    release!()
    expect((await waiting).status).toBe(200)
  })

  it('closes a session without requests', async () => {
    await start({ headersTimeoutMs: 50 })
    await expect.poll(() => session.destroyed).toBe(true)
  })

  it('finishes the requests in flight when it stops', async () => {
    await start()
    const waiting = send('/wait')
    await expect.poll(() => release).toBeDefined()
    const goAway = once(session, 'goaway')
    const stopped = app.close()
    await goAway
    release!()
    expect((await waiting).body).toBe('{"code":0,"data":"waited"}')
    await stopped
  })

  it('sends GOAWAY with the next requests of a session before it stops', async () => {
    await start({}, { beforeStop: () => left })
    const waiting = send('/wait')
    await expect.poll(() => release).toBeDefined()
    const stopped = app.close()
    const late = open(url)
    for (const used of [session, late]) {
      const events: string[] = []
      used.once('goaway', () => events.push('goaway'))
      await vi.waitFor(async () => {
        const together = await Promise.all([1, 2, 3].map((id) => send(`/things/${id}`, {}, used)))
        expect(together.map(({ status }) => status)).toEqual([200, 200, 200])
        events.push('responses')
        expect(used.closed).toBe(true)
      })
      expect(events.slice(-2)).toEqual(['goaway', 'responses'])
    }
    release!()
    expect((await waiting).body).toBe('{"code":0,"data":"waited"}')
    leave()
    await stopped
  })

  it('fails no request of callers that follow GOAWAY', async () => {
    await start({}, { beforeStop: () => left })
    const other = makeThings()
    onTestFinished(() => other.close())
    const otherUrl = new URL((await other.listen()).url)
    let count = 0
    let gone = 0
    let isOver = false
    const callers = 10
    const call = async (): Promise<void> => {
      let own = open(url)
      for (; !isOver; count++) {
        if (own.closed) {
          own = open(otherUrl)
          gone++
        }
        const stream = own.request({ ':method': 'POST', ':path': '/things', 'content-type': 'application/json' })
        stream.end('{"name":"a"}')
        expect((await readResponse(stream)).status).toBe(200)
      }
      own.close()
    }
    const called = Promise.all(Array.from({ length: callers }, call))
    await vi.waitFor(() => expect(count).toBeGreaterThan(100), 10_000)
    const stopped = app.close()
    await vi.waitFor(() => expect(gone).toBe(callers), 10_000)
    leave()
    await stopped
    isOver = true
    await called
  })
})
