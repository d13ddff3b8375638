import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Database, database, httpErrorOf } from 'tricube/sql'
import { freshDatabase, isPooled } from '../freshDatabase.ts'
import { withResolvers } from '../../withResolvers.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>

beforeAll(async () => {
  fresh = await freshDatabase()
})
afterAll(() => fresh[Symbol.asyncDispose]())

/** Takes a connection of the pool until `release` is called. */
async function occupy(db: Database): Promise<{ release(): Promise<void> }> {
  const [started, ended] = [withResolvers(), withResolvers()]
  const transaction = db.transaction(async (tx) => {
    await tx.execute`SELECT 1`
    started.resolve()
    await ended.promise
  })
  await Promise.race([started.promise, transaction]) // one that cannot begin fails its test
  return {
    release: () => {
      ended.resolve()
      return transaction
    },
  }
}

test('serves waiters in order of arrival', async () => {
  await using db = database({ url: fresh.url, pool: 1 })
  const held = await occupy(db)
  const order: number[] = []
  const waiting = [1, 2, 3, 4].map((n) => db.transaction(async () => void order.push(n)))
  expect(db.stats().pool).toEqual({ size: 1, idle: 0, waiting: 4 })
  await held.release()
  await Promise.all(waiting)
  expect(order).toEqual([1, 2, 3, 4])
})

test('rejects with a 503 after the acquire timeout', async () => {
  await using db = database({ url: fresh.url, pool: 1, acquireTimeoutMs: 100 })
  await vi.waitFor(() => db.transaction(async () => {}), { timeout: 10_000 }) // a busy machine opens it more slowly than that
  const held = await occupy(db)
  const error = await db.transaction(async () => {}).catch((e: unknown) => e)
  expect(error).toMatchObject({
    sqlstate: '53300',
    message: expect.stringMatching(
      /^none of 1 connections became free within 100 ms: all are occupied by transactions that run no statement/,
    ),
  })
  expect(httpErrorOf(error)).toMatchObject({ status: 503, code: 50301 })
  await held.release()
  await db.transaction(async () => {})
})

test('gives no connection to a cancelled waiter', async () => {
  await using db = database({ url: fresh.url, pool: 1 })
  const held = await occupy(db)
  const controller = new AbortController()
  const waiting = db.with({ signal: controller.signal }).transaction(async () => {})
  controller.abort('gone')
  await expect(waiting).rejects.toBe('gone')
  await expect(db.with({ timeoutMs: 20, slow: true }).execute`SELECT 1`).rejects.toMatchObject({ sqlstate: '57014' })
  expect(db.stats().pool.waiting).toBe(0)
  await held.release()
})

test('grows up to its maximum, and shrinks when idle', async () => {
  await using db = database({ url: fresh.url, pool: 3, idleTimeoutMs: 1 })
  await Promise.all(Array.from({ length: 10 }, () => db.transaction((tx) => tx.execute`SELECT pg_sleep(0.01)`)))
  expect(db.stats().pool.size).toBeLessThanOrEqual(3)
  await vi.waitFor(() => expect(db.stats().pool.size).toBe(0), { timeout: 3000 })
})

// A pooler's server connections live on.
test.skipIf(isPooled)('replaces connections and lanes after their maximum lifetime', async () => {
  await using db = database({ url: fresh.url, lanes: 1, pool: 1, maxLifetimeMs: 1 })
  const pid = () => db.value<number>`SELECT pg_backend_pid()`
  const pooled = () => db.transaction((tx) => tx.value<number>`SELECT pg_backend_pid()`)
  expect(await pooled()).not.toBe(await pooled())
  const before = await pid()
  await vi.waitFor(async () => expect(await pid()).not.toBe(before), { timeout: 3000 })
})

test('runs everything in the pool when there are no lanes', async () => {
  await using db = database({ url: fresh.url, lanes: 0, pool: 1 })
  expect(await Promise.all([1, 2, 3].map((n) => db.value`SELECT ${n}::int`))).toEqual([1, 2, 3])
  expect(db.stats()).toMatchObject({ lanes: [], pool: { size: 1, idle: 1, waiting: 0 } })
})
