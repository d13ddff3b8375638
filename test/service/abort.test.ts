/** The caller hangs up: over sockets, with a real PostgreSQL, everything that was done for it ends. */
import { setMaxListeners } from 'node:events'
import { connect } from 'node:net'
import pg from 'pg'
import { contract, service, t, type Application } from 'tricube'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { withResolvers } from '../withResolvers.ts'

const sleepService = contract('sleep-service', {
  sleep: { route: 'GET /sleep', returns: t.Null() },
})
const abortService = contract('abort-service', {
  wait: { route: 'GET /wait', returns: t.Null() },
  statement: { route: 'GET /statement', returns: t.Null() },
  transaction: { route: 'GET /transaction', returns: t.Null() },
  open: { route: 'GET /open', returns: t.Null() },
  call: { route: 'GET /call', returns: t.Null() },
  lane: { route: 'GET /lane', returns: t.Null() },
  ping: { route: 'GET /ping', returns: t.Integer() },
  forgotten: { route: 'GET /forgotten', returns: t.Null() },
  late: { route: 'GET /late', returns: t.Null(), timeoutMs: 700 },
})

const minute = 60
/** The events of each handler, by name, in order. */
const seen: string[] = []
let application: Application
/** The deadline of `late` is past, and its caller has the 504. */
const { promise: answered, resolve: hasAnswer } = withResolvers()

/** The work that a handler has not awaited, which goes on once the caller has the response. */
let forgotten: Promise<unknown> | undefined
const { promise: responded, resolve: hasResponse } = withResolvers()

/** Runs until the signal aborts, and records start and end. */
function untilAborted(name: string, signal: AbortSignal): Promise<null> {
  seen.push(`${name} runs`)
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      seen.push(`${name} ends`)
      reject(signal.reason as Error)
    })
  })
}

const sleeper = service(sleepService, { handlers: { sleep: ({ signal }) => untilAborted('sleep', signal) } })
const app = service(abortService, {
  admission: false, // however busy the machine is
  clients: { sleeper: sleepService },
  hooks: { afterStart: (started) => void (application = started) },
  handlers: {
    wait: ({ signal }) => untilAborted('wait', signal),
    async statement({ db }) {
      await db.with({ slow: true }).execute`SELECT pg_sleep(${minute})`
      return null
    },
    transaction: ({ db }) =>
      db.transaction(async (tx) => {
        await tx.execute`SELECT pg_sleep(${minute})`
        return null
      }),
    open: ({ db }) =>
      db.transaction(async (tx) => {
        await tx.execute`SELECT pg_advisory_xact_lock(6)`
        return new Promise<never>(() => {}) // looks at no signal
      }),
    call: ({ clients }) => clients.sleeper.sleep({}, { timeoutMs: minute * 1000 }),
    async lane({ db }) {
      await db.execute`SELECT pg_sleep(0.1)`
      return null
    },
    ping: ({ db }) => db.value<number>`SELECT 7`,
    forgotten({ db }) {
      // The second is slow enough for the connection's sweep, which cancels what nobody waits for.
      const slow = db.value`SELECT 8 FROM pg_sleep(1.5)`
      forgotten = Promise.all([responded.then(() => db.transaction((tx) => tx.value`SELECT 7`)), slow])
      return null
    },
    late: ({ db }) =>
      db.transaction(async (tx) => {
        await tx.execute`SELECT set_config('abort.late', 'yes', true), pg_advisory_xact_lock(7)`
        await answered
        seen.push('late goes on')
        await tx.execute`NOTIFY late`.catch(() => seen.push('late is refused'))
        return null
      }),
  },
})

let url: string
const database = new pg.Client(process.env['TRICUBE_TEST_DATABASE_URL'])
beforeAll(async () => {
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('TRICUBE_SERVICES', `sleep-service=${new URL((await sleeper.listen()).url).host}`)
  vi.stubEnv('DATABASE_URL', process.env['TRICUBE_TEST_DATABASE_URL'])
  await database.connect()
  url = (await app.listen()).url
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await app.close()
  await sleeper.close()
  await database.end()
})

/** What the sessions of the service are doing in PostgreSQL. */
async function sessions(state: 'active' | 'idle in transaction'): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'abort-service' AND state = $1`
  return ((await database.query<{ n: number }>(text, [state])).rows[0] as { n: number }).n
}

/** Calls, hangs up once `isRunning`, and resolves when the call has failed. */
async function hangUp(path: string, isRunning: () => void | Promise<void>): Promise<void> {
  const caller = new AbortController()
  const call = fetch(`${url}${path}`, { signal: caller.signal }).catch((error: Error) => error.name)
  await vi.waitFor(isRunning, 10_000)
  caller.abort()
  expect(await call).toBe('AbortError')
}

const within = { timeout: 10_000, interval: 10 }

it('does not cancel work that a handler has not awaited, once it has responded', async () => {
  expect((await fetch(`${url}/forgotten`)).status).toBe(200)
  await vi.waitFor(async () => expect(await requestsInFlight()).toBe(0), within)
  hasResponse()
  expect(await forgotten).toEqual([7, 8])
})

describe('when the caller hangs up', () => {
  it('aborts the signal of the handler', async () => {
    await hangUp('/wait', () => expect(seen).toContain('wait runs'))
    await vi.waitFor(() => expect(seen).toContain('wait ends'), within)
  })

  it('aborts the signal of a request that waits behind another one of its connection', async () => {
    seen.length = 0
    const runs = () => seen.filter((event) => event === 'wait runs').length
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write('GET /wait HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20))
    await vi.waitFor(() => expect(runs()).toBe(20), within)
    socket.destroy()
    await vi.waitFor(() => expect(seen.filter((event) => event === 'wait ends')).toHaveLength(20), within)
    await vi.waitFor(async () => expect(await requestsInFlight()).toBe(0), within)
  })

  it('cancels calls to other services, and their handlers', async () => {
    await hangUp('/call', () => expect(seen).toContain('sleep runs'))
    await vi.waitFor(() => expect(seen).toContain('sleep ends'), within)
  })

  it.each(['statement', 'transaction'])('cancels a running %s in PostgreSQL', async (operation) => {
    await hangUp(`/${operation}`, async () => expect(await sessions('active')).toBe(1))
    await vi.waitFor(async () => expect(await sessions('active')).toBe(0), within)
    expect(await sessions('idle in transaction')).toBe(0)
  })

  it('rolls back a transaction even if the handler ignores the signal', async () => {
    await hangUp('/open', async () => expect(await sessions('idle in transaction')).toBe(1))
    await vi.waitFor(async () => {
      expect(await sessions('idle in transaction')).toBe(0) // it may still roll back, and hold its lock meanwhile
      const { rows } = await database.query<{ free: boolean }>('SELECT pg_try_advisory_lock(6) AS free')
      expect(rows).toEqual([{ free: true }])
    }, within)
    await database.query('SELECT pg_advisory_unlock(6)')
  })

  it('commits nothing and holds no lock after a 504', async () => {
    const heard: string[] = []
    database.on('notification', ({ channel }) => heard.push(channel))
    await database.query('LISTEN late')
    expect((await fetch(`${url}/late`)).status).toBe(504)
    await vi.waitFor(async () => expect(await sessions('idle in transaction')).toBe(0), within)
    hasAnswer()
    await vi.waitFor(() => expect(seen).toContain('late is refused'), within)
    const { rows } = await database.query<{ free: boolean }>('SELECT pg_try_advisory_lock(7) AS free')
    expect([rows, heard]).toEqual([[{ free: true }], []])
    await database.query('SELECT pg_advisory_unlock(7)')
  })

  it('leaks no connections and no requests', async () => {
    const paths = ['/wait', '/statement', '/transaction', '/open', '/lane']
    const caller = new AbortController()
    setMaxListeners(0, caller.signal)
    const calls = Array.from({ length: 100 }, (_, n) =>
      fetch(`${url}${paths[n % paths.length]}`, { signal: caller.signal }).then(
        ({ status }) => status,
        (error: Error) => error.name,
      ),
    )
    await vi.waitFor(async () => expect(await requestsInFlight()).toBeGreaterThan(50), 10_000)
    caller.abort()
    await Promise.all(calls)
    await vi.waitFor(async () => expect(await requestsInFlight()).toBe(0), within)
    await vi.waitFor(() => {
      const { lanes, pool, waiting } = application.db!.stats()
      expect(lanes.map(({ inFlight }) => inFlight)).toEqual(lanes.map(() => 0))
      expect([pool.idle, pool.waiting, waiting]).toEqual([pool.size, 0, 0])
    }, within)
    await vi.waitFor(async () => expect(await sessions('active')).toBe(0), within)
    expect(await sessions('idle in transaction')).toBe(0)
    expect(await (await fetch(`${url}/ping`)).json()).toEqual({ code: 0, data: 7 })
  })
})

/** Returns the count of `/metrics`, without the scrape itself. */
async function requestsInFlight(): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^http_server_active_requests (\d+)$/m.exec(text)![1]) - 1
}
