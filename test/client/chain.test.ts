import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { contract, service, t, type Service } from 'tricube'
import { client } from 'tricube/client'
import { staticRegistry } from 'tricube/discovery'
import { database } from 'tricube/sql'
import { describe, expect, it, onTestFinished } from 'vitest'

process.env['LOG_LEVEL'] = 'silent'

const operations = { ask: { route: 'GET /ask', returns: t.Unknown() } } as const
const first = contract('first-service', operations)
const second = contract('second-service', operations)
const third = contract('third-service', operations)

async function listen(app: Service): Promise<string> {
  onTestFinished(() => app.close())
  return new URL((await app.listen()).url).host
}

/** Starts two services in front of another, and returns the address of the outermost. */
async function chainTo(address: string, ask = async (next: () => Promise<unknown>, _left: number) => next()) {
  let name: string = third.name
  let callee = third
  for (const own of [second, first]) {
    process.env['TRICUBE_SERVICES'] = `${name}=${address}`
    const app = service(own, {
      clients: { next: callee },
      handlers: { ask: ({ clients: { next }, deadline }) => ask(() => next.ask(), deadline.remainingMs()) },
    })
    address = await listen(app)
    name = own.name
    callee = own as unknown as typeof third
  }
  delete process.env['TRICUBE_SERVICES']
  return address
}

const caller = (address: string) => client(first, { registry: staticRegistry({ 'first-service': [address] }) })

describe('a chain of three services', () => {
  it('makes at most 1.1 calls of each when the last responds with 503, not 1.1³', async () => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests += 1
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"code":50300,"message":"No"}')
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const outermost = await chainTo(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    await using users = caller(outermost)
    const made = 400
    for (let n = 0; n < made / 10; n++) {
      await Promise.all(Array.from({ length: 10 }, async () => users.ask({}).catch(() => {})))
    }
    expect(requests).toBeGreaterThan(0)
    expect(requests / made).toBeLessThanOrEqual(1.1)
  })

  it('has less time at each hop, runs nothing after the deadline, and cancels the statement in the database', async () => {
    const url = process.env['TRICUBE_TEST_DATABASE_URL']!
    const left: number[] = []
    let ranAfter = false
    let statement: Promise<unknown> | undefined
    process.env['DATABASE_URL'] = url
    const last = service(third, {
      models: {},
      handlers: {
        async ask({ db, deadline }) {
          left.unshift(deadline.remainingMs())
          statement = db.transaction((tx) => tx.execute`SELECT pg_sleep(30), 'the one that is cancelled'`)
          await statement
          ranAfter = true
          return 1
        },
      },
    })
    const address = await listen(last)
    delete process.env['DATABASE_URL']
    const outermost = await chainTo(address, async (next, remaining) => {
      left.push(remaining)
      return next()
    })
    await using users = caller(outermost)
    await using db = await database({ url })
    const neighbour = db.value<number>`SELECT 42 FROM pg_sleep(2)`

    const limitMs = 1000 // long enough for the first call of three services on a busy machine
    const from = performance.now()
    await expect(users.ask({}, { timeoutMs: limitMs })).rejects.toMatchObject({ code: 50400 })
    const late = performance.now() - from
    await expect(statement).rejects.toThrow()
    while (
      await db.value<boolean>`
      SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%the one that is cancelled%'
      AND state = 'active' AND pid <> pg_backend_pid())`
    );
    const gone = performance.now() - from

    expect(await neighbour).toBe(42)
    const [atThird, atFirst, atSecond] = left as [number, number, number]
    expect(atFirst).toBeLessThanOrEqual(limitMs)
    expect(atSecond).toBeLessThan(atFirst)
    expect(atThird).toBeLessThan(atSecond)
    expect(ranAfter).toBe(false)
    console.log(
      `${limitMs} ms over three services: ${[atFirst, atSecond, atThird].map((ms) => ms.toFixed(1)).join(', ')} ms left, ` +
        `cancelled after ${late.toFixed(0)} ms, no statement left after ${gone.toFixed(0)} ms`,
    )
  })
})

describe('a caller that disconnects', () => {
  it('aborts the signal of the handler, and ten thousand of them leak no connection', async () => {
    const url = process.env['TRICUBE_TEST_DATABASE_URL']!
    const waiting = contract('waiting-service', {
      wait: { route: 'GET /wait', returns: t.Null() },
      ping: { route: 'GET /ping', returns: t.Integer() },
    })
    const [calls, atOnce] = [10_000, 50]
    let started: () => void = () => {}
    let [begun, aborted, disconnectedAt, slowest] = [0, 0, 0, 0]
    process.env['DATABASE_URL'] = url
    const app = service(waiting, {
      models: {},
      admission: false, // it shares its event loop with its callers, which wait until all calls have begun
      handlers: {
        wait: ({ signal, db }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted += 1
              slowest = Math.max(slowest, performance.now() - disconnectedAt)
              resolve(null)
            })
            // Every hundredth call also holds a connection to the database.
            if (++begun % 100 === 0) void db.transaction((tx) => tx.execute`SELECT pg_sleep(30)`).catch(() => {})
            started()
          }),
        ping: ({ db }) => db.value<number>`SELECT 1`,
      },
    })
    const address = await listen(app)
    delete process.env['DATABASE_URL']
    await using users = client(waiting, { registry: staticRegistry({ 'waiting-service': [address] }) })

    for (let n = 0; n < calls / atOnce; n++) {
      const controller = new AbortController()
      let toStart = atOnce
      const allStarted = new Promise<void>((resolve) => {
        started = () => --toStart === 0 && resolve()
      })
      const all = Array.from({ length: atOnce }, () => users.wait({}, { signal: controller.signal, retries: 0 }))
      await allStarted
      disconnectedAt = performance.now()
      controller.abort()
      const results = await Promise.allSettled(all)
      expect(results.every(({ status }) => status === 'rejected')).toBe(true)
    }
    expect(await Promise.all(Array.from({ length: 50 }, () => users.ping()))).toEqual(Array(50).fill(1))
    const server = app.fastify.server
    const open = await new Promise<number>((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    })
    expect(aborted).toBe(calls)
    expect(open).toBeLessThanOrEqual(128)
    console.log(
      `${calls} callers disconnected: the slowest signal fired after ${slowest.toFixed(0)} ms, ${open} connections open`,
    )
  }, 60_000)
})
