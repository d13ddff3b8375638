import type { Socket } from 'node:net'
import { service } from 'tricube'
import { describe, expect, it, onTestFinished } from 'vitest'
import { at, callee as plainCallee, memoryRegistry, productService } from '../callee.ts'
import { client } from 'tricube/client'
import { echoClient, echoService, good, rawCallee, warmUp, type RawRequest } from './laneCallee.ts'

process.env['LOG_LEVEL'] = 'silent'

const ids = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('a lane', () => {
  it('pipelines calls, and writes all calls of one turn at once', async () => {
    const held: RawRequest[] = []
    let isHeld = false
    const callee = await rawCallee((request) => (isHeld ? held.push(request) : request.respond()))
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    const onLane = () => held.filter(({ sequence }) => sequence !== undefined)
    let chunks = 0
    callee.onLanes.at(-1)!.socket.on('data', () => (chunks += 1))
    // On a busy machine, some calls may use the pool because their operation was slow. Then they are made again.
    for (let isShared = false; !isShared;) {
      await warmUp(caller, callee)
      isHeld = true
      chunks = 0
      const calls = ids(20).map((id) => caller.echo({ params: { id } }))
      await expect.poll(() => new Set(held.map(({ id }) => id)).size).toBe(20)
      isShared = onLane().length === 20 && chunks === 1
      isHeld = false
      for (const request of held.splice(0).toReversed()) request.respond()
      expect(await Promise.all(calls)).toEqual(ids(20).map((id) => ({ id })))
    }
  })

  it('carries a body in UTF-8', async () => {
    const callee = await rawCallee((request) => request.respond())
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    const sentOnLane = () => callee.onLanes.find(({ method }) => method === 'PUT')
    while (!sentOnLane()) await caller.put({ params: { id: 1 }, body: { text: '李雷 é' } })
    const sent = sentOnLane()!
    expect(JSON.parse(Buffer.from(sent.body, 'latin1').toString())).toEqual({ text: '李雷 é' })
  })

  it.each([
    ['is not idempotent', (caller: ReturnType<typeof echoClient>) => caller.post({ params: { id: 1 } })],
    [
      'has an idempotency key, which the callee may ignore',
      (caller: ReturnType<typeof echoClient>) => caller.post({ params: { id: 1 } }, { idempotencyKey: 'k' }),
    ],
    [
      'has a large body',
      (caller: ReturnType<typeof echoClient>) => caller.put({ params: { id: 1 }, body: { text: 'x'.repeat(70_000) } }),
    ],
  ])('is not used by a call that %s', async (_what, call) => {
    const callee = await rawCallee((request) => request.respond())
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    await call(caller)
    await call(caller)
    expect(callee.requests.slice(-2).map(({ sequence }) => sequence)).toEqual([undefined, undefined])
  })

  it('is opened neither to a callee that does not announce lanes, nor through a proxy that removes the header from connection', async () => {
    const plain = await plainCallee('a')
    const proxied = await plainCallee('a', () => ({ headers: { 'x-call-lanes': '72' } }))
    for (const { address, requests } of [plain, proxied]) {
      await using caller = client(productService, { registry: memoryRegistry(address) })
      for (const id of ids(30)) await caller.getProduct({ params: { id } })
      expect(requests.filter(({ headers }) => headers['x-call-lanes'])).toEqual([])
    }
  })

  it('is not opened with lanes: false', async () => {
    const callee = await rawCallee((request) => request.respond())
    await using caller = echoClient(callee.address, { lanes: false })
    for (const id of ids(50)) await caller.echo({ params: { id } })
    expect(callee.onLanes).toEqual([])
  })

  it('has at most 64 calls, and an instance has at most four lanes', async () => {
    const held: RawRequest[] = []
    let isHeld = false
    const callee = await rawCallee((request) => (isHeld ? held.push(request) : request.respond()))
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    isHeld = true
    const calls = ids(400).map((id) => caller.echo({ params: { id } }))
    await expect.poll(() => new Set(held.map(({ id }) => id)).size).toBeGreaterThan(128)
    const onLanes = held.filter(({ sequence }) => sequence !== undefined)
    const lanes = new Set(onLanes.map(({ socket }) => socket))
    expect(lanes.size).toBeLessThanOrEqual(4)
    for (const lane of lanes) expect(onLanes.filter(({ socket }) => socket === lane).length).toBeLessThanOrEqual(64)
    isHeld = false
    for (const request of held) request.respond()
    expect(await Promise.all(calls)).toEqual(ids(400).map((id) => ({ id })))
  })
})

describe('a late response', () => {
  it('delays no call behind it: these are sent over another connection, and the first response counts', async () => {
    let isHeld = false
    const late: RawRequest[] = []
    const callee = await rawCallee((request) => (isHeld && request.id === 7 ? late.push(request) : request.respond()))
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    isHeld = true
    const first = caller.echo({ params: { id: 7 } })
    const others = ids(6).map((id) => caller.echo({ params: { id } }))
    expect(await Promise.all(others)).toEqual(ids(6).map((id) => ({ id }))) // while the first call still waits
    isHeld = false
    expect(late).toHaveLength(1)
    late[0]!.respond()
    expect(await first).toEqual({ id: 7 })
    expect(await caller.echo({ params: { id: 8 } })).toEqual({ id: 8 })
  })

  it('is dropped when its caller has cancelled, and other callers get theirs', async () => {
    let isHeld = false
    const held: RawRequest[] = []
    const callee = await rawCallee((request) => (isHeld ? held.push(request) : request.respond()))
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    isHeld = true
    const controller = new AbortController()
    const cancelled = caller.echo({ params: { id: 1 } }, { signal: controller.signal })
    const other = caller.echo({ params: { id: 2 } })
    await expect.poll(() => held.length).toBeGreaterThanOrEqual(2)
    controller.abort(new Error('no longer'))
    await expect(cancelled).rejects.toThrow('no longer')
    isHeld = false
    for (const request of held) request.respond()
    expect(await other).toEqual({ id: 2 })
  })

  it('closes the lane when no caller waits for it, which tells the callee to stop', async () => {
    let isHeld = false
    const held: RawRequest[] = []
    const callee = await rawCallee((request) => (isHeld ? held.push(request) : request.respond()))
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    isHeld = true
    await expect(caller.echo({ params: { id: 1 } }, { timeoutMs: 50, retries: 0 })).rejects.toMatchObject({
      status: 504,
    })
    await expect.poll(() => held.every(({ socket }) => socket.destroyed)).toBe(true)
    isHeld = false
    expect(await caller.echo({ params: { id: 2 } })).toEqual({ id: 2 })
  })

  it('of an operation that is usually slow never occurs on a lane', async () => {
    const callee = await rawCallee((request) => {
      if (request.head.includes('/slow/')) setTimeout(() => request.respond(), 60)
      else request.respond()
    })
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    for (const id of ids(10)) await caller.echo({ params: { id } })
    await caller.slow({ params: { id: 1 } })
    await caller.slow({ params: { id: 2 } })
    expect(callee.requests.filter(({ head, sequence }) => head.includes('/slow/') && sequence)).toEqual([])
    await warmUp(caller, callee) // the other operation does
  })
})

describe('the end of a lane', () => {
  it.each([
    ['is reset', ({ socket }: RawRequest) => void socket.resetAndDestroy()],
    ['comes in the middle of a response', (one: RawRequest) => void one.socket.end(good(one).slice(0, -5))],
    ['comes with connection: close', (one: RawRequest) => one.respond(good(one, 'connection: close\r\n'))],
    [
      'comes with a 408 of the connection',
      ({ socket, laneHeaders }: RawRequest) =>
        void socket.end(`HTTP/1.1 408 Request Timeout\r\n${laneHeaders}connection: close\r\ncontent-length: 0\r\n\r\n`),
    ],
    [
      'comes with a 421',
      ({ socket, laneHeaders }: RawRequest) =>
        void socket.write(`HTTP/1.1 421 Misdirected Request\r\n${laneHeaders}content-length: 0\r\n\r\n`),
    ],
  ])('that %s fails no call: calls without a response are retried', async (_what, end) => {
    let ends = 0
    const callee = await rawCallee((request) => {
      if (request.sequence === undefined || ends !== 1) return request.respond()
      ends += 1
      end(request)
    })
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    ends = 1
    const calls = ids(10).map((id) => caller.echo({ params: { id } }))
    expect(await Promise.all(calls)).toEqual(ids(10).map((id) => ({ id })))
    expect(ends).toBe(2)
  })

  it('is one failure of its instance, which is not ejected for it', async () => {
    // From then on a lane is reset with all requests that have arrived together, until one had enough of them.
    let isEnding = false
    let lost = 0
    let ending: Socket | undefined
    const callees = [
      await rawCallee((request) => {
        if (!isEnding || request.sequence === undefined) return request.respond()
        ending ??= request.socket
        if (request.socket !== ending) return request.respond()
        lost += 1
        setImmediate(() => {
          if (request.socket !== ending) return
          ending = undefined
          if (lost < 5) lost = 0
          else isEnding = false
          request.socket.resetAndDestroy()
        })
      }),
      await rawCallee((request) => request.respond()),
    ] as const
    const registry = memoryRegistry(...callees.map(({ address }) => ({ ...at(address), service: 'echo-service' })))
    await using caller = client(echoService, { registry, balancer: 'round-robin' })
    const [first] = callees
    for (let n = 0; first.onLanes.length < 50; n++) await caller.echo({ params: { id: 100 + (n % 100) } })
    isEnding = true
    while (isEnding) await Promise.all(ids(40).map((id) => caller.echo({ params: { id } })))
    expect(lost).toBeGreaterThanOrEqual(5) // as many failures in a row would eject it
    const before = first.requests.length
    for (const id of ids(20)) await caller.echo({ params: { id } })
    expect(first.requests.length).toBeGreaterThanOrEqual(before + 9)
  })

  it('loses no call when its callee is about to stop, and the lane gets no more calls', async () => {
    let isLeaving = false
    const callee = await rawCallee((request) => {
      const isOnLane = request.sequence !== undefined
      if (isLeaving && isOnLane)
        request.respond(good({ ...request, laneHeaders: request.laneHeaders.replace(/\r\n$/, ';leaving\r\n') }))
      else request.respond()
    })
    await using caller = echoClient(callee.address, { retries: 0 })
    await warmUp(caller, callee)
    isLeaving = true
    const calls = ids(10).map((id) => caller.echo({ params: { id } }))
    expect(await Promise.all(calls)).toEqual(ids(10).map((id) => ({ id })))
    await expect.poll(() => callee.onLanes.every(({ socket }) => socket.destroyed)).toBe(true)
  })
})

describe('a response that cannot be trusted', () => {
  const withLength = (one: RawRequest, lines: string): string =>
    good(one).replace(/content-length: \d+\r\n/, lines.replaceAll('N', String(good(one).split('\r\n\r\n')[1]!.length)))
  it.each<[string, (one: RawRequest) => string]>([
    ['two lengths', (one) => withLength(one, 'content-length: N\r\ncontent-length: 2\r\n')],
    ['the same length twice', (one) => withLength(one, 'content-length: N\r\nContent-Length: N\r\n')],
    ['a list of lengths', (one) => withLength(one, 'content-length: N, N\r\n')],
    ['a signed length', (one) => withLength(one, 'content-length: +N\r\n')],
    ['a length and chunks', (one) => withLength(one, 'content-length: N\r\ntransfer-encoding: chunked\r\n')],
    ['another coding', (one) => withLength(one, 'transfer-encoding: gzip, chunked\r\n')],
    ['no length', (one) => withLength(one, '')],
    ['a space before a colon', (one) => withLength(one, 'content-length : N\r\n')],
    ['a folded header', (one) => withLength(one, 'x-a: b\r\n c\r\ncontent-length: N\r\n')],
    ['a bare LF', (one) => withLength(one, 'x-a: b\ncontent-length: N\r\n')],
    ['a NUL', (one) => withLength(one, 'x-a: \0\r\ncontent-length: N\r\n')],
    ['HTTP/1.0', (one) => good(one).replace('HTTP/1.1', 'HTTP/1.0')],
    ['no HTTP', () => 'hello\r\n\r\n'],
    ["another's number", (one) => good({ ...one, laneHeaders: one.laneHeaders.replace(/\d+/, '999999') })],
    ['no number', (one) => good({ ...one, laneHeaders: '' })],
    [
      'a number that is not for this connection',
      (one) => good({ ...one, laneHeaders: `x-call-lanes: ${one.sequence}\r\n` }),
    ],
    ['a second response', (one) => good(one).replaceAll(/^.*$/gs, (all) => all + good({ id: 666, laneHeaders: '' }))],
    ['a body to a 204', (one) => good(one).replace('200 OK', '204 No Content')],
    ['another protocol', (one) => good(one).replace('200 OK', '101 Switching Protocols')],
    [
      'chunks with a wrong length',
      (one) =>
        withLength(one, 'transfer-encoding: chunked\r\n').replace(/\r\n\r\n.*/s, '\r\n\r\n2\r\nabc\r\n0\r\n\r\n'),
    ],
    [
      'chunks with an extension',
      (one) =>
        withLength(one, 'transfer-encoding: chunked\r\n').replace(/\r\n\r\n.*/s, '\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n'),
    ],
  ])('for %s ends its connection, and the calls are retried', async (_what, bad) => {
    let isBad = false
    const untrusted: RawRequest[] = []
    const callee = await rawCallee((request) => {
      if (!isBad || request.sequence === undefined) return request.respond()
      untrusted.push(request)
      request.respond(bad(request))
    })
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    isBad = true
    while (untrusted.length === 0) {
      const calls = ids(3).map((id) => caller.echo({ params: { id } }))
      expect(await Promise.all(calls)).toEqual(ids(3).map((id) => ({ id })))
    }
    await expect.poll(() => untrusted.every(({ socket }) => socket.destroyed)).toBe(true)
    expect(await caller.echo({ params: { id: 4 } })).toEqual({ id: 4 })
  })

  it('may come before its request', async () => {
    const callee = await rawCallee((request) => request.respond())
    await using caller = echoClient(callee.address)
    await warmUp(caller, callee)
    const { socket, sequence } = callee.onLanes.at(-1)!
    socket.write(
      good({ id: 666, laneHeaders: `connection: x-call-lanes\r\nx-call-lanes: ${Number(sequence) + 1}\r\n` }),
    )
    await expect.poll(() => socket.destroyed).toBe(true)
    expect(await caller.echo({ params: { id: 5 } })).toEqual({ id: 5 })
  })

  it('may be too large: its call fails, and the other calls succeed over another connection', async () => {
    let isLarge = false
    const callee = await rawCallee((request) => {
      if (isLarge && request.id === 1)
        request.respond(good(request).replace(/content-length: \d+/, 'content-length: 5000'))
      else request.respond()
    })
    await using caller = echoClient(callee.address, { maxResponseBytes: 1000 })
    await warmUp(caller, callee)
    isLarge = true
    const [large, small] = [caller.echo({ params: { id: 1 } }), caller.echo({ params: { id: 2 } })]
    await expect(large).rejects.toMatchObject({ status: 502 })
    expect(await small).toEqual({ id: 2 })
  })
})

it('a service announces lanes to callers that know them, and to no one else', async () => {
  const seen: (string | undefined)[] = []
  const echo = ({ params: { id }, request }: { params: { id: number }; request: { headers: object } }) => {
    seen.push((request.headers as Record<string, string>)['x-call-lanes'])
    return { id }
  }
  const app = service(echoService, { handlers: { echo, put: echo, post: echo, slow: echo } })
  onTestFinished(() => app.close())
  const { url } = await app.listen()
  await using caller = echoClient(new URL(url).host.replace('localhost', '127.0.0.1'))
  await expect
    .poll(async () => {
      await Promise.all(ids(10).map((id) => caller.echo({ params: { id } })))
      return seen.some((sequence) => sequence !== undefined)
    })
    .toBe(true)
  const { headers } = await fetch(`${url}/echo/1`)
  expect(headers.get('x-call-lanes')).toBeNull()
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})
