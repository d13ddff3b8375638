import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Database, database, httpErrorOf } from 'tricube/sql'
import { type FaultProxy, faultProxy } from 'tricube/testing'
import { freshDatabase, isPooled } from '../freshDatabase.ts'
import { withResolvers } from '../../withResolvers.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  fresh = await freshDatabase('CREATE TABLE log (n int)')
})
afterAll(() => fresh[Symbol.asyncDispose]())

const pid = (db: Database) => db.value<number>`SELECT pg_backend_pid()`

describe('a slow statement', () => {
  test('does not block the statements after it', async () => {
    await using db = await database({ url: fresh.url, lanes: 1 })
    await pid(db)
    const abort = new AbortController()
    const slow = db.with({ signal: abort.signal }).execute`SELECT pg_sleep(5) AS head_of_line`
    const started = performance.now()
    await vi.waitFor(() => expect(performance.now() - started).toBeGreaterThan(250), { interval: 5 })
    const others = Promise.all(Array.from({ length: 20 }, () => pid(db)))
    expect(await Promise.race([slow, others])).toHaveLength(20)
    abort.abort()
    await expect(slow).rejects.toThrow('aborted')
  })

  test('keeps later runs of its text off the lanes', async () => {
    await using db = await database({ url: fresh.url, lanes: 1 })
    const sleep = () => db.execute`SELECT pg_sleep(${0.1}) AS remembered`
    // A process that gets no CPU for so long does not notice; it has more than one try.
    await vi.waitFor(
      async () => {
        await sleep()
        const again = sleep()
        const { inFlight } = db.stats().lanes[0]!
        await again
        expect(inFlight).toBe(0)
      },
      { timeout: 10_000 },
    )
  })

  test('marked slow runs in the pool', async () => {
    await using db = await database({ url: fresh.url, lanes: 1 })
    expect(await pid(db.with({ slow: true }))).not.toBe(await pid(db))
  })
})

describe('a statement that is cancelled', () => {
  test('returns at once, drops the late response, and does not affect other statements', async () => {
    await using db = await database({ url: fresh.url, lanes: 1, pool: 1 })
    await pid(db)
    const late = db.with({ timeoutMs: 30 }).value`SELECT 'late', pg_sleep(1)`
    const neighbours = Promise.all([1, 2, 3].map((n) => db.value`SELECT ${n}::int`))
    const first = Promise.race([late, neighbours])
    await expect(first).rejects.toMatchObject({ sqlstate: '57014', mayHaveRun: true })
    expect(await neighbours).toEqual([1, 2, 3])
  })

  test('by a signal rejects with its reason', async () => {
    await using db = await database({ url: fresh.url, lanes: 1 })
    await expect(db.with({ signal: AbortSignal.abort('before') }).execute`SELECT 1`).rejects.toBe('before')
    const controller = new AbortController()
    const cancelled = db.with({ signal: controller.signal }).execute`SELECT pg_sleep(0.3)`
    setImmediate(() => controller.abort('during'))
    await expect(cancelled).rejects.toBe('during')
  })

  test('reads the signal of a request only when it has to wait', async () => {
    await using db = await database({ url: fresh.url, lanes: 1 })
    await pid(db)
    let statements = 0
    const controller = new AbortController()
    const request = {
      get signal() {
        statements++
        return controller.signal
      },
    }
    const view = db.forRequest(request)
    // On a busy machine one may have to wait.
    const readsOfOne = async (): Promise<number> => {
      const before = statements
      await view.value`SELECT 1`
      return statements - before
    }
    await expect.poll(readsOfOne).toBe(0)
    statements = 0
    const slow = view.execute`SELECT pg_sleep(0.3)`
    await vi.waitFor(() => expect(statements).toBeGreaterThan(0))
    controller.abort('hung up')
    await expect(slow).rejects.toBe('hung up')
  })

  test('is cancelled by the server if it has no limit', async () => {
    await using db = await database({ url: fresh.url, statementTimeoutMs: 50 })
    await expect(db.execute`SELECT pg_sleep(5)`).rejects.toMatchObject({ sqlstate: '57014', mayHaveRun: false })
  })
})

describe('a lost connection', () => {
  /** Resolves when the server runs a statement with this text. */
  const runs = async (text: string): Promise<void> => {
    await using other = database({ url: fresh.url, lanes: 1 })
    const running = () => other.value`
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active' AND query LIKE ${`${text}%`}`
    await expect.poll(running).toBe(1)
  }
  const reset = (proxy: FaultProxy) => proxy.add({ type: 'reset_peer' })()
  const withProxy = async (use: (db: Database, proxy: FaultProxy) => Promise<void>, lanes = 1) => {
    await using proxy = await faultProxy({ target: fresh.url })
    await using db = await database({ url: proxy.url, lanes })
    await pid(db)
    await use(db, proxy)
  }

  test.skipIf(isPooled)('fails a write with mayHaveRun, and retries a read', () =>
    withProxy(async (db, proxy) => {
      const read = db.value`SELECT count(*) FROM log WHERE n = ${1}`
      const write = db.execute`INSERT INTO log VALUES (${2}) RETURNING pg_sleep(60)`
      const called = db.value`SELECT pg_sleep(60)` // may do anything, by its text
      void runs('INSERT INTO log').then(() => reset(proxy))
      await expect(write).rejects.toMatchObject({ sqlstate: '08006', mayHaveRun: true })
      await expect(called).rejects.toMatchObject({ mayHaveRun: true })
      expect(await read).toBe(0)
    }),
  )

  test('is reopened', () =>
    withProxy(async (db, proxy) => {
      const before = await pid(db)
      await reset(proxy)
      expect(await pid(db)).not.toBe(before)
    }))

  test('retries a statement marked as a read', () =>
    withProxy(async (db, proxy) => {
      const read = db.with({ readOnly: true }).value`SELECT 'done', pg_sleep(0.5)`
      void runs(`SELECT 'done'`).then(() => reset(proxy))
      expect(await read).toBe('done')
    }))

  test.skipIf(isPooled)('has the server’s reason if the server closed it', () =>
    withProxy(async (db) => {
      const backend = await pid(db)
      const waiting = db.execute`SELECT pg_sleep(5), 'x' AS terminated`
      void runs('SELECT pg_sleep(5)').then(
        () => db.with({ slow: true }).execute`SELECT pg_terminate_backend(${backend})`,
      )
      const error = await waiting.catch((e: unknown) => e)
      expect(error).toMatchObject({ sqlstate: '57P01', mayHaveRun: true })
      expect(httpErrorOf(error)).toMatchObject({ status: 503, code: 50301 })
    }),
  )
})

describe('a database that', () => {
  test('is not up yet is awaited', async () => {
    await using proxy = await faultProxy({ target: fresh.url })
    const up = proxy.add({ type: 'down' })
    await using db = await database({ url: proxy.url })
    const early = db.value`SELECT 'here'`
    const transaction = db.transaction((tx) => tx.value`SELECT 'too'`)
    await up()
    expect(await Promise.all([early, transaction])).toEqual(['here', 'too'])
  })

  test('stays down causes a 503 within the acquire timeout', async () => {
    await using proxy = await faultProxy({ target: fresh.url })
    proxy.add({ type: 'down' })
    await using db = await database({ url: proxy.url, acquireTimeoutMs: 200 })
    const started = performance.now()
    const results = await Promise.allSettled([db.one`SELECT 1`, db.transaction(async () => {}), db.ping(100)])
    expect(performance.now() - started).toBeLessThan(1000)
    expect(results.map((result) => httpErrorOf((result as PromiseRejectedResult).reason)?.status)).toEqual([
      503, 503, 504,
    ])
  })

  test('stops responding causes a 503 within the acquire timeout, and is used again afterwards', async () => {
    await using proxy = await faultProxy({ target: fresh.url })
    await using db = await database({ url: proxy.url })
    await db.transaction((tx) => tx.execute`SELECT 1`)
    const heal = [
      proxy.add({ type: 'timeout', stream: 'upstream' }),
      proxy.add({ type: 'timeout', stream: 'downstream' }),
    ]
    const started = performance.now()
    const statements = [
      db.value`SELECT 1`,
      db.execute`INSERT INTO log VALUES (13)`,
      db.transaction((tx) => tx.execute`SELECT 1`),
      ...Array.from({ length: 20 }, () => db.one`SELECT pg_backend_pid()`),
    ]
    const results = await Promise.allSettled(statements)
    expect(performance.now() - started).toBeLessThan(3500)
    for (const result of results) {
      expect(httpErrorOf((result as PromiseRejectedResult).reason)).toMatchObject({ status: 503, code: 50301 })
    }
    await expect(db.ping(300)).rejects.toMatchObject({ sqlstate: '57014' })
    for (const remove of heal) await remove()
    await vi.waitFor(() => db.ping(), { timeout: 5000 })
  })

  test.skipIf(isPooled)('does not know the user fails statements at once', async () => {
    const url = new URL(fresh.url)
    url.pathname = '/no_such_database'
    await using db = await database({ url: url.href })
    const started = performance.now()
    await expect(db.one`SELECT 1`).rejects.toMatchObject({ sqlstate: '3D000' })
    await expect(db.transaction(async () => {})).rejects.toMatchObject({ sqlstate: '3D000' })
    expect(performance.now() - started).toBeLessThan(1000)
  })
})

test('close() waits for statements in flight, and rejects new ones', async () => {
  const db = await database({ url: fresh.url })
  const running = db.value`SELECT 'selected', pg_sleep(0.05)`
  const started = withResolvers()
  const transaction = db.transaction(async (tx) => {
    started.resolve()
    await tx.execute`SELECT pg_sleep(0.05)`
    return tx.value`SELECT 'committed'`
  })
  await vi.waitFor(() => expect(db.stats().lanes.some(({ inFlight }) => inFlight > 0)).toBe(true))
  await started.promise
  await db.close()
  expect(await Promise.all([running, transaction])).toEqual(['selected', 'committed'])
  await expect(db.one`SELECT 1`).rejects.toMatchObject({ sqlstate: '08003' })
  await expect(db.transaction(async () => {})).rejects.toMatchObject({ sqlstate: '08003' })
})
