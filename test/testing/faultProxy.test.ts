import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type FaultProxy, faultProxy, type Toxic } from 'tricube/testing'

let server: Server
let proxy: FaultProxy
/** What the server does with a connection; it echoes unless a test says otherwise. */
let serve: (socket: Socket) => void
let accepted: Socket[]

beforeEach(async () => {
  serve = (socket) => socket.pipe(socket)
  accepted = []
  server = createServer({ allowHalfOpen: true }, (socket) => {
    accepted.push(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  proxy = await faultProxy({ target: `127.0.0.1:${(server.address() as AddressInfo).port}` })
})
afterEach(async () => {
  vi.useRealTimers()
  await proxy.close()
  for (const socket of accepted) socket.destroy()
  await new Promise((resolve) => server.close(resolve))
})

describe('without toxics', () => {
  test('passes every byte in both directions, and keeps one direction open when the other ends', async () => {
    const sent = randomBytes(5_000_000)
    serve = (socket) => {
      const received = collect(socket)
      socket.on('end', () => socket.end(hash(received.bytes())))
    }
    const client = await open()
    client.end(sent)
    expect((await buffer(client)).toString()).toBe(hash(sent))
    await vi.waitFor(() => expect(proxy.connections).toBe(0))
  })

  test('applies backpressure to a fast sender', async () => {
    serve = (socket) => socket.pause()
    const client = await open()
    const chunk = Buffer.alloc(64 * 1024, 'x')
    let taken = 0
    for (let i = 0; i < 1024; i++) client.write(chunk, () => taken++)
    client.end()
    let before = -1
    for (let still = 0; still < 200; still = taken === before ? still + 1 : 0) {
      before = taken
      await turn()
    }
    expect(taken).toBeLessThan(700) // of 64 MiB: what the system's buffers take, and the proxy's 1 MiB
    serve(accepted[0]!)
    expect((await buffer(accepted[0]!)).length).toBe(1024 * chunk.length)
  })

  test('resets the connection if the target is down', async () => {
    await new Promise((resolve) => server.close(resolve))
    const client = connect(proxy.port)
    expect(await codeOf(client)).toBe('ECONNRESET')
    server.listen(0)
  })

  test('passes a reset on', async () => {
    const client = await open()
    await vi.waitFor(() => expect(accepted).toHaveLength(1))
    const reset = codeOf(client)
    accepted[0]!.resetAndDestroy()
    expect(await reset).toBe('ECONNRESET')
  })
})

describe('in virtual time', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))

  test('latency delays each byte by the same time', async () => {
    proxy.add({ type: 'latency', latencyMs: 10_000 })
    const client = await open()
    const received = collect(client)
    for (let i = 0; i < 10; i++) {
      client.write('x')
      await turn()
    }
    const tookMs = await untilVirtually(() => received.length === 10)
    expect(tookMs).toBeGreaterThanOrEqual(10_000)
    expect(tookMs).toBeLessThan(15_000)
  })

  test('latency adds up over both directions, and ends when the toxic is removed', async () => {
    const removes = [
      proxy.add({ type: 'latency', latencyMs: 5000, stream: 'upstream' }),
      proxy.add({ type: 'latency', latencyMs: 10_000, stream: 'downstream' }),
    ]
    const client = await open()
    const received = collect(client)
    client.write('one')
    expect(await untilVirtually(() => received.length === 3)).toBeGreaterThanOrEqual(15_000)
    client.write('two')
    await turn()
    for (const remove of removes) await remove()
    while (received.length < 6) await turn() // the clock stands still
  })

  test('jitter keeps the order of bytes', async () => {
    proxy.add({ type: 'latency', latencyMs: 100, jitterMs: 100 })
    const client = await open()
    const received = collect(client)
    const sent = Array.from({ length: 200 }, (_, i) => String(i).padStart(4))
    for (const text of sent) {
      client.write(text)
      await turn()
    }
    await untilVirtually(() => received.length === 800)
    expect(received.toString()).toBe(sent.join(''))
  })

  test('bandwidth limits the bytes per second', async () => {
    proxy.add({ type: 'bandwidth', bytesPerSecond: 10_000 })
    const client = await open()
    const received = collect(client)
    client.write(Buffer.alloc(50_000))
    const halfMs = await untilVirtually(() => received.length >= 25_000)
    expect(halfMs).toBeGreaterThan(2400)
    expect(received.length).toBeLessThan(30_000)
    expect(halfMs + (await untilVirtually(() => received.length === 50_000))).toBeGreaterThan(4900)
  })

  test('slicer sends small pieces with pauses', async () => {
    proxy.add({ type: 'slicer', averageBytes: 100, variationBytes: 20, delayMs: 10 })
    const client = await open()
    const sent = randomBytes(10_000)
    const received = collect(client)
    client.write(sent)
    expect(await untilVirtually(() => received.length === sent.length)).toBeGreaterThan((10_000 / 120 - 1) * 10)
    expect(received.bytes().equals(sent)).toBe(true)
  })

  test('timeout is a black hole in one direction, and closes the connection at its end', async () => {
    serve = (socket) => collect(socket)
    const client = await open()
    await vi.waitFor(() => expect(accepted).toHaveLength(1))
    const received = collect(client)
    const atServer = collect(accepted[0]!)
    const closed = once(client, 'close')
    proxy.add({ type: 'timeout', timeoutMs: 60_000 })
    client.write('heard')
    accepted[0]!.write('unheard')
    await untilVirtually(() => atServer.length === 5)
    vi.advanceTimersByTime(50_000)
    expect(received.length).toBe(0)
    vi.advanceTimersByTime(10_000)
    await closed
    expect(received.length).toBe(0)
  })

  test('reset_peer resets the connection after its delay', async () => {
    proxy.add({ type: 'reset_peer', timeoutMs: 60_000 })
    const client = await open()
    const code = codeOf(client)
    client.write('x')
    await once(client, 'data')
    vi.advanceTimersByTime(60_000)
    expect(await code).toBe('ECONNRESET')
  })

  test('no byte is lost, changed or reordered while toxics come and go', async () => {
    const stream = fc.constantFrom('upstream' as const, 'downstream' as const)
    const toxic = fc.oneof(
      fc.record({
        type: fc.constant('latency' as const),
        latencyMs: fc.nat(500),
        jitterMs: fc.nat(500),
        stream,
      }),
      fc.record({
        type: fc.constant('bandwidth' as const),
        bytesPerSecond: fc.integer({ min: 10_000, max: 1_000_000 }),
        stream,
      }),
      fc.record({
        type: fc.constant('slicer' as const),
        averageBytes: fc.integer({ min: 50, max: 5000 }),
        variationBytes: fc.nat(100),
        delayMs: fc.nat(5),
        stream,
      }),
    ) satisfies fc.Arbitrary<Toxic>
    const step = fc.record({ toxic, bytes: fc.nat(5000), removes: fc.boolean(), passesMs: fc.nat(200) })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
        const client = await open()
        const received = collect(client)
        const sent: Buffer[] = []
        const removes: (() => Promise<void>)[] = []
        for (const { toxic, bytes, removes: isRemoved, passesMs } of steps) {
          removes.push(proxy.add(toxic))
          sent.push(randomBytes(bytes))
          client.write(sent.at(-1)!)
          await turn()
          vi.advanceTimersByTime(passesMs)
          if (isRemoved) await removes.shift()!()
        }
        client.end()
        await untilVirtually(() => client.readableEnded)
        expect(received.bytes().equals(Buffer.concat(sent))).toBe(true)
        for (const remove of removes) await remove()
      }),
      { numRuns: 60 },
    )
    while (proxy.connections > 0) await turn()
  })
})

describe('a black hole', () => {
  test('drops bytes and the end of the stream, and closes the connections when it is removed', async () => {
    const client = await open()
    client.write('before')
    await once(client, 'data')
    const heal = [
      proxy.add({ type: 'timeout', stream: 'upstream' }),
      proxy.add({ type: 'timeout', stream: 'downstream' }),
    ]
    const atServer = collect(accepted[0]!)
    client.end('swallowed')
    const another = await open() // connections are taken, and hear nothing either
    another.write('swallowed')
    for (let i = 0; i < 100; i++) await turn()
    expect(atServer.length).toBe(0)
    expect(accepted[0]!.readableEnded).toBe(false)
    const closed = [once(client, 'close'), once(another, 'close')]
    for (const remove of heal) await remove()
    await Promise.all(closed)
    expect(atServer.length).toBe(0)
    expect(await echo('after')).toBe('after')
  })
})

describe('reset_peer', () => {
  test('resets both ends of open and new connections until it is removed', async () => {
    const client = await open()
    client.write('x')
    await once(client, 'data')
    const codes = [codeOf(client), codeOf(accepted[0]!)]
    const remove = proxy.add({ type: 'reset_peer' })
    expect(await Promise.all(codes)).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(await codeOf(connect(proxy.port))).toBe('ECONNRESET')
    await remove()
    expect(await echo('again')).toBe('again')
    expect(accepted).toHaveLength(2)
  })
})

describe('down', () => {
  test('rejects new connections, resets open ones, and keeps its port for later', async () => {
    const client = await open()
    client.write('x')
    await once(client, 'data')
    const code = codeOf(client)
    const removes = [proxy.add({ type: 'down' }), proxy.add({ type: 'down' })]
    expect(await code).toBe('ECONNRESET')
    expect(await codeOf(connect(proxy.port))).toBe('ECONNREFUSED')
    await removes[0]!()
    expect(await codeOf(connect(proxy.port))).toBe('ECONNREFUSED')
    await removes[1]!()
    expect(await echo('up')).toBe('up')
    const up = proxy.add({ type: 'down' })()
    const last = proxy.add({ type: 'down' })
    await up
    expect(await codeOf(connect(proxy.port))).toBe('ECONNREFUSED')
    await Promise.all([last(), last()])
    expect(await echo('up')).toBe('up')
  })

  test('a closed proxy stays closed', async () => {
    const up = proxy.add({ type: 'down' })
    await proxy.close()
    await up()
    expect(await codeOf(connect(proxy.port))).toBe('ECONNREFUSED')
  })
})

test('has the URL of the target, with the address of the proxy', async () => {
  const urlFor = async (target: string) => {
    await using other = await faultProxy({ target })
    return other.url.replace(String(other.port), 'PORT')
  }
  expect(await urlFor('localhost:8020')).toBe('127.0.0.1:PORT')
  expect(await urlFor('postgres://u:p@db.local/users?x=1')).toBe('postgres://u:p@127.0.0.1:PORT/users?x=1')
  expect(await urlFor('http://[::1]:80/v1')).toBe('http://127.0.0.1:PORT/v1')
  await expect(faultProxy({ target: 'localhost' })).rejects.toThrow(
    'the target "localhost" has no port: expected host:port or a URL with a port',
  )
})

test('rejects an invalid toxic in one line', () => {
  const adding = (toxic: object) => () => proxy.add(toxic as Toxic)
  expect(adding({ type: 'slow_close' })).toThrow(
    'unknown toxic "slow_close": expected one of latency, bandwidth, slicer, timeout, reset_peer, down',
  )
  expect(adding({ type: 'latency' })).toThrow('latency: latencyMs must be a number of at least 0, got undefined')
  expect(adding({ type: 'bandwidth', bytesPerSecond: 0 })).toThrow(TypeError)
  expect(adding({ type: 'timeout', timeoutMs: Number.NaN })).toThrow(TypeError)
})

async function open(): Promise<Socket> {
  const client = connect({ port: proxy.port, host: '127.0.0.1' })
  client.on('error', () => {})
  await once(client, 'connect')
  return client
}

async function echo(text: string): Promise<string> {
  const client = await open()
  client.end(text)
  return (await buffer(client)).toString()
}

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** With what a socket fails. */
async function codeOf(socket: Socket): Promise<string | undefined> {
  socket.resume()
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

function collect(socket: Socket) {
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  return {
    get length() {
      return chunks.reduce((sum, { length }) => sum + length, 0)
    },
    bytes: () => Buffer.concat(chunks),
    toString: () => Buffer.concat(chunks).toString(),
  }
}

/** Lets virtual time pass, slowly enough for sockets, until something holds; resolves to how long that took. */
async function untilVirtually(holds: () => boolean): Promise<number> {
  const from = performance.now()
  while (!holds()) {
    if (performance.now() - from > 300_000) throw new Error('nothing comes any more')
    vi.advanceTimersByTime(5)
    await turn()
  }
  return performance.now() - from
}
