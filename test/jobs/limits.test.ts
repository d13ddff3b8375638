/** Limits over all instances: how many jobs of a name run at once, and how many begin in a window. */
import { contract, jobs, service, t, type JobContext } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const mailService = contract('mail-service', {})
const N = t.Object({ n: t.Integer() })
const mailJobs = jobs({
  send: { input: N, globalConcurrency: 2 },
  inOrder: { input: t.Object({ n: t.Integer(), to: t.String() }), key: 'to', globalConcurrency: 3 },
  ask: { input: N, rateLimit: { limit: 6, windowMs: 60_000 } },
  free: { input: N },
})
let send: (context: JobContext<typeof mailJobs.send>) => unknown
let inOrder: (context: JobContext<typeof mailJobs.inOrder>) => unknown
let databases: Database[]
const define = () =>
  service(mailService, {
    models: {},
    handlers: {},
    jobs: mailJobs,
    jobHandlers: {
      send: (context) => send(context),
      inOrder: (context) => inOrder(context),
      ask: () => {},
      free: ({ db, input }) => db.execute`INSERT INTO seen (n) VALUES (${input.n})`,
    },
    hooks: { beforeStart: ({ db }) => void databases.push(db!) },
  })

describe('over several instances', () => {
  let fresh: Awaited<ReturnType<typeof directDatabase>>
  let db: Database
  let instances: ReturnType<typeof define>[]
  beforeEach(async () => {
    fresh = await directDatabase('CREATE TABLE seen (at serial, n int, name text)')
    db = database({ url: fresh.url })
    vi.stubEnv('DATABASE_URL', fresh.url)
    vi.stubEnv('LOG_LEVEL', 'silent')
    vi.stubEnv('PORT', '0')
    databases = []
    instances = [define(), define(), define()]
    for (const one of instances) await one.listen()
  })
  afterEach(async () => {
    await Promise.all(instances.map((one) => one.close()))
    await db.close()
    await fresh[Symbol.asyncDispose]()
    vi.unstubAllEnvs()
  })
  const left = () => db.value<number>`SELECT count(*) FROM tricube.jobs`

  it('runs as many at once as globalConcurrency says, and no more', async () => {
    let [running, most] = [0, 0]
    send = async ({ db: own }) => {
      most = Math.max(most, ++running)
      await own.execute`SELECT pg_sleep(0.03)`
      running--
    }
    const priorities = ['high', 'normal', 'low'] as const
    const one = (n: number) => databases[n % 3]!.enqueue(mailJobs.send, { n }, { priority: priorities[n % 3]! })
    await Promise.all(Array.from({ length: 40 }, (_, n) => one(n)))
    await expect.poll(left, { timeout: 15_000 }).toBe(0)
    expect(most).toBe(2)
  }, 30_000)

  it('does so beside the order of keys', async () => {
    let [running, most] = [0, 0]
    inOrder = async ({ db: own, input }) => {
      most = Math.max(most, ++running)
      await own.execute`INSERT INTO seen (n, name) SELECT ${input.n}, ${input.to} FROM pg_sleep(0.01)`
      running--
    }
    for (let n = 0; n < 10; n++) {
      for (const to of ['a', 'b', 'c', 'd', 'e']) await databases[n % 3]!.enqueue(mailJobs.inOrder, { n, to })
    }
    await expect.poll(left, { timeout: 15_000 }).toBe(0)
    expect(most).toBe(3)
    for (const to of ['a', 'b', 'c', 'd', 'e']) {
      const rows = await db.many<{ n: number }>`SELECT n FROM seen WHERE name = ${to} ORDER BY at`
      expect(rows.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }
  }, 30_000)

  it('neither holds up other jobs nor asks again and again while as many run as may', async () => {
    const gate = withResolvers()
    send = () => gate.promise
    for (let n = 0; n < 6; n++) await databases[0]!.enqueue(mailJobs.send, { n })
    await expect.poll(() => db.value`SELECT count(*) FROM tricube.jobs WHERE worker IS NOT NULL`).toBe(2)
    await databases[1]!.enqueue(mailJobs.free, { n: 1 })
    await expect.poll(() => db.value`SELECT count(*) FROM seen`).toBe(1)

    const renewed = () =>
      db.value<number>`SELECT extract(epoch FROM max(leased_until))::float8 FROM tricube.job_workers`
    const scans = () =>
      db.value<number>`
        SELECT seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE schemaname = 'tricube' AND relname = 'job_limits'`
    const [from, before] = [await renewed(), await scans()]
    await expect.poll(renewed, { timeout: 30_000 }).toBeGreaterThan(from + 8)
    expect((await scans()) - before).toBeLessThan(8 * ((await renewed()) - from)) // of three instances, a second
    gate.resolve()
    await expect.poll(left, { timeout: 15_000 }).toBe(0)
  }, 60_000)
})

it('lets as many begin at once as rateLimit says, and then one after the other', async () => {
  databases = []
  await using app = await testService(define(), { config: { logLevel: 'silent' } })
  for (let n = 0; n < 20; n++) await app.db.enqueue(mailJobs.ask, { n })
  expect(await app.runJobs()).toHaveLength(6)
  expect(await app.runJobs({ forMs: 10_100 })).toHaveLength(1)
  expect(await app.runJobs({ forMs: 30_000 })).toHaveLength(3)
  expect(await app.runJobs({ forMs: 3_600_000 })).toHaveLength(10)
  for (let n = 0; n < 20; n++) await app.db.enqueue(mailJobs.ask, { n })
  expect(await app.runJobs()).toHaveLength(6)
})
