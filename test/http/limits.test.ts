import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { contract, service, t, type ServerLimits, type Service } from 'tricube'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closed, talk } from './socket.ts'

const things = contract('thing-service', {
  addThing: { route: 'POST /things', body: t.Object({ name: t.String() }), returns: t.String() },
  wait: { route: 'GET /wait', returns: t.String() },
  large: { route: 'GET /large', returns: t.String() },
})
let app: Service<typeof things>
let port: number
let release: (() => void) | undefined
beforeEach(() => void vi.stubEnv('LOG_LEVEL', 'silent'))
afterEach(async () => {
  await app.close()
  release = undefined
})

async function start(limits: ServerLimits = {}): Promise<void> {
  app = service(things, {
    limits,
    handlers: {
      addThing: ({ body }) => body.name,
      wait: () => new Promise((resolve) => (release = () => resolve('waited'))),
      large: () => 'a'.repeat(20 * 1024 * 1024),
    },
  })
  port = Number(new URL((await app.listen()).url).port)
}

const head = 'POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'

describe('a slow peer', () => {
  it.each([
    ['anything', ''],
    ['its first line', 'GET /wa'],
    ['its headers', 'GET /wait HTTP/1.1\r\nHost: a\r\nX: '],
  ])('gets 408 when it does not send %s', async (_title, bytes) => {
    await start({ headersTimeoutMs: 50 })
    const { statuses, body, isClosed } = await talk(port, bytes)
    expect([statuses, isClosed, JSON.parse(body).code]).toEqual([[408], true, 40800])
  })

  it.each([
    ['with a length', `${head}Content-Length: 20\r\n\r\n{`],
    ['in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`],
    ['behind another', `${head}Content-Length: 12\r\n\r\n{"name":"a"}${head}Content-Length: 12\r\n\r\n{`],
  ])('gets 408 when it does not send a body %s', async (_title, bytes) => {
    await start({ requestTimeoutMs: 50 })
    const { statuses, isClosed } = await talk(port, bytes)
    expect([statuses.at(-1), isClosed]).toEqual([408, true])
  })

  it('need not close its side of the connection after a rejection', async () => {
    await start({ headersTimeoutMs: 50 })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await closedByPeer(socket)
  })

  it('loses its connection when it does not read the response', async () => {
    await start({ readTimeoutMs: 100 })
    const socket = connect(port, '127.0.0.1', () => socket.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'))
    await once(socket, 'readable') // and never reads
    await expect.poll(connections, { timeout: 5000 }).toBe(0)
    socket.destroy()
  })

  it('is not confused with a slow handler', async () => {
    await start({ readTimeoutMs: 20 })
    const waiting = talk(port, 'GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await expect.poll(() => release).toBeDefined()
    const reader = connect(port, '127.0.0.1', () => reader.write('GET /large HTTP/1.1\r\nHost: a\r\n\r\n'))
    await once(reader, 'readable')
    await expect.poll(connections, { timeout: 5000 }).toBe(1) // the sweep has closed the reader's connection
    release!()
    expect((await waiting).statuses).toEqual([200])
    reader.destroy()
  })
})

describe('a body over the limit', () => {
  it.each([
    ['with a length', `${head}Content-Length: 99999999999\r\n\r\n{`],
    ['in chunks', `${head}Transfer-Encoding: chunked\r\n\r\n400\r\n${'a'.repeat(1024)}\r\n1\r\n{\r\n`],
  ])('%s gets 413 and closes the connection', async (_title, bytes) => {
    await start({ bodyLimit: 1024 })
    const { statuses, body, isClosed } = await talk(port, bytes)
    expect([statuses, isClosed, JSON.parse(body).code]).toEqual([[413], true, 41300])
  })
})

function connections(): Promise<number> {
  return new Promise((resolve, reject) =>
    app.fastify.server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}

/** Resolves when a connection is reset, or gone on both sides. */
async function closedByPeer(socket: Socket): Promise<void> {
  const gone = closed(socket)
  await expect.poll(connections, { timeout: 5000 }).toBe(0)
  socket.destroy()
  await gone
}
