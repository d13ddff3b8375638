import { connect } from 'node:net'
import { contract, service, t } from 'tricube'
import { client } from 'tricube/client'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryRegistry } from '../client/callee.ts'
import { authority } from '../http/certificates.ts'
import { collector } from '../trace/collector.ts'
import { validSpans } from '../trace/zipkinSchema.ts'
import { withResolvers } from '../withResolvers.ts'

process.env['LOG_LEVEL'] = 'silent'

const Id = t.Object({ id: t.Integer() })
const idService = contract('id-service', {
  quick: { route: 'GET /quick/:id', params: { id: t.Integer() }, returns: Id },
  sometimesSlow: { route: 'GET /sometimes/:id', params: { id: t.Integer() }, returns: Id },
})

interface Seen {
  readonly operation: string
  readonly sequence: string | undefined
}

/** `heldUntil` has the calls that wait, and their promises. */
async function start(options: object = {}, heldUntil: (id: number) => Promise<void> | undefined = () => undefined) {
  const seen: Seen[] = []
  const app = service(idService, {
    ...options,
    handlers: {
      quick({ params: { id }, request, operation }) {
        seen.push({ operation, sequence: request.headers['x-call-lanes'] as string | undefined })
        return { id }
      },
      async sometimesSlow({ params: { id }, request, operation }) {
        seen.push({ operation, sequence: request.headers['x-call-lanes'] as string | undefined })
        await heldUntil(id)
        return { id }
      },
    },
  })
  const { url } = await app.listen()
  onTestFinished(() => app.close().catch(() => {}))
  return { app, url: new URL(url), seen, onLanes: () => seen.filter(({ sequence }) => sequence) }
}

function instanceAt({ hostname, port }: URL, more: object = {}) {
  return {
    id: port,
    service: 'id-service',
    address: hostname.replace('localhost', '127.0.0.1'),
    port: Number(port),
    ...more,
  }
}

const open = { breaker: false, ejection: false, retryBudget: false } as const

async function callUntilOnLanes(call: (id: number) => Promise<unknown>, onLanes: () => unknown[], wanted = 20) {
  for (let n = 0; onLanes().length < wanted; n++) {
    if (n > 20_000) throw new Error('no call takes a lane')
    await call(n)
  }
}

describe('a service with lanes', () => {
  it('fails none of their calls when it stops', async () => {
    const instances = [await start(), await start(), await start()]
    const registry = memoryRegistry(...instances.map(({ url }) => instanceAt(url)))
    await using caller = client(idService, { registry })
    await callUntilOnLanes(
      (id) => caller.quick({ params: { id } }),
      () => instances.flatMap(({ onLanes }) => onLanes()),
    )
    let isOver = false
    let answered = 0
    const load = Array.from({ length: 32 }, async (_, start) => {
      for (let id = start; !isOver; id += 32) {
        expect(await caller.quick({ params: { id } })).toEqual({ id })
        answered += 1
      }
    })
    for (const { app } of instances.slice(1)) {
      const before = answered
      await expect.poll(() => answered).toBeGreaterThan(before + 200)
      await app.close()
    }
    isOver = true
    await Promise.all(load)
    expect(instances[1]!.onLanes().length + instances[2]!.onLanes().length).toBeGreaterThan(50)
  }, 60_000)

  it('responds to all calls in flight on a lane when it starts to stop', async () => {
    const end = withResolvers()
    const { app, url, onLanes } = await start({ drain: { delayMs: 50 } }, (id) =>
      id === 777 ? end.promise : undefined,
    )
    await using caller = client(idService, { registry: memoryRegistry(instanceAt(url)), ...open, retries: 0 })
    await callUntilOnLanes((id) => caller.sometimesSlow({ params: { id } }), onLanes)
    const calls = [777, ...Array.from({ length: 20 }, (_, i) => i)].map((id) =>
      caller.sometimesSlow({ params: { id } }),
    )
    const before = onLanes().length
    await expect.poll(() => onLanes().length).toBeGreaterThan(before)
    const closed = app.close()
    const listens = async () =>
      fetch(url).then(
        () => true,
        () => false,
      )
    await expect.poll(listens).toBe(false)
    end.resolve()
    expect((await Promise.all(calls)).length).toBe(21)
    await closed
  })

  it('counts each request of a lane in its limits, metrics and log', async () => {
    const end = withResolvers()
    const { url } = await start({ admission: { maxConcurrency: 10 } }, () => end.promise)
    const socket = connect(Number(url.port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    const requests = Array.from(
      { length: 64 },
      (_, i) =>
        `GET /sometimes/${i} HTTP/1.1\r\nhost: a\r\nx-request-attempt: 0\r\nconnection: x-call-lanes\r\nx-call-lanes: ${i + 1}\r\n\r\n`,
    )
    socket.write(requests.join(''))
    const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    const metrics = async () => (await fetch(new URL('/metrics', url))).text()
    const shed = /^tricube_requests_shed_total\{operation="sometimesSlow",reason="concurrency"\} 54$/m
    await expect.poll(metrics).toMatch(shed)
    end.resolve()
    await expect.poll(() => statuses().length).toBe(64)
    expect(statuses().filter((status) => status === '200').length).toBe(10)
    expect(statuses().filter((status) => status === '503').length).toBe(54)
    const sequences = [...text.matchAll(/^x-call-lanes: (\d+)/gm)].map(([, sequence]) => Number(sequence))
    expect(sequences).toEqual(Array.from({ length: 64 }, (_, i) => i + 1)) // those that were rejected say theirs, too
  }, 30_000)

  it('sends no lane headers to other clients that pipeline', async () => {
    const { url } = await start()
    const socket = connect(Number(url.port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.write(Array.from({ length: 5 }, (_, i) => `GET /quick/${i} HTTP/1.1\r\nhost: a\r\n\r\n`).join(''))
    await expect.poll(() => [...text.matchAll(/"id":(\d+)/g)].map(([, id]) => id)).toEqual(['0', '1', '2', '3', '4'])
    expect(text).not.toContain('x-call-lanes')
    expect(text).toContain('x-content-type-options: nosniff')
  })

  it('offers no lanes at the edge', async () => {
    const { url } = await start({ edge: true })
    const { headers } = await fetch(new URL('/quick/1', url), {
      headers: { 'x-request-attempt': '0', 'x-call-lanes': '7' },
    })
    expect(headers.get('x-call-lanes')).toBeNull()
  })

  it('aborts handlers when a caller cancels all calls and closes the lane', async () => {
    let isHeld = false
    const { url, onLanes, app } = await start({}, () => (isHeld ? new Promise(() => {}) : undefined))
    await using caller = client(idService, { registry: memoryRegistry(instanceAt(url)), ...open })
    await callUntilOnLanes((id) => caller.sometimesSlow({ params: { id } }), onLanes)
    isHeld = true
    const before = onLanes().length
    const given = new AbortController()
    const call = caller.sometimesSlow({ params: { id: 1 } }, { signal: given.signal })
    await expect.poll(() => onLanes().length).toBe(before + 1)
    given.abort(new Error('no longer'))
    await expect(call).rejects.toThrow('no longer')
    await app.close() // waits for what is in flight, which would never end
  })
})

it('a slow handler delays short calls of its lane by less than 10 ms', async () => {
  const end = withResolvers()
  let isHeavy = false
  const { url, onLanes } = await start({}, (id) => (isHeavy && id % 10 === 0 ? end.promise : undefined))
  await using caller = client(idService, { registry: memoryRegistry(instanceAt(url)) })
  await callUntilOnLanes((id) => caller.quick({ params: { id } }), onLanes)
  await callUntilOnLanes((id) => caller.sometimesSlow({ params: { id } }), onLanes, 100)
  const p99 = async (): Promise<number> => {
    const latencies: number[] = []
    for (let round = 0; round < 200; round++) {
      void caller.sometimesSlow({ params: { id: round } }).catch(() => {})
      const calls = Array.from({ length: 5 }, async (_, id) => {
        const begun = performance.now()
        await caller.quick({ params: { id } })
        latencies.push(performance.now() - begun)
      })
      await Promise.all(calls)
      await new Promise(setImmediate)
    }
    return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)]!
  }
  const usual = await p99()
  isHeavy = true
  const beside = await p99()
  end.resolve()
  expect(beside - usual).toBeLessThan(busyMachine * 10)
}, 60_000)

/** The bound is that of an idle machine: bench/ measures it, this test finds what is blocked for good. */
const busyMachine = 5

it('lanes work over mutual TLS', async () => {
  const root = authority()
  const { url, onLanes } = await start({ tls: { ...root.sign('id'), ca: root.cert, requestCert: true } })
  const registry = memoryRegistry(instanceAt(url, { secure: true }))
  await using caller = client(idService, { registry, tls: { ...root.sign('caller'), ca: root.cert } })
  await callUntilOnLanes((id) => caller.quick({ params: { id } }), onLanes)
  expect(await caller.quick({ params: { id: 5 } })).toEqual({ id: 5 })
  await using stranger = client(idService, { registry, tls: { ca: root.cert } })
  await expect(stranger.quick({ params: { id: 5 } })).rejects.toMatchObject({ code: 50300 })
})

it('spans and metrics show which calls took a lane', async () => {
  const { url, onLanes } = await start()
  await using zipkin = await collector((response) => void response.writeHead(202).end())
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', zipkin.url)
  vi.stubEnv('TRICUBE_SERVICES', `id-service=${url.host}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  const askService = contract('ask-service', { ask: { route: 'GET /ask', returns: Id } })
  const app = service(askService, {
    clients: { ids: idService },
    handlers: { ask: ({ clients }) => clients.ids.quick({ params: { id: 1 } }) },
  })
  onTestFinished(() => app.close().catch(() => {}))
  const own = await app.listen()
  await callUntilOnLanes(() => fetch(`${own.url}/ask`), onLanes)
  const metrics = await (await fetch(`${own.url}/metrics`)).text()
  expect(Number(/^tricube_client_lane_calls_total\{target="id-service"\} (\d+)$/m.exec(metrics)![1])).toBeGreaterThan(0)
  expect(metrics).toMatch(/^tricube_client_lanes\{target="id-service"\} [1-4]$/m)
  await app.close()
  const spans = zipkin.received.flatMap(({ body }) => validSpans(body.toString()))
  const connections = spans.filter(({ kind }) => kind === 'CLIENT').map(({ tags }) => tags['tricube.connection'])
  expect(new Set(connections)).toEqual(new Set(['pool', 'lane']))
})
