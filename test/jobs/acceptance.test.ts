/**
 * What users of other queues have run into, by the number that each case has in this list.
 *
 * Elsewhere: 7 and 8, workers that are killed or frozen, are in processes.test.ts. 13, summer time, is in cron.test.ts. 1, 2 and 15 are
 * in test/events/acceptance.test.ts. 9, 10 and 19 are about workflows, and 16 is about brokers.
 */
import { createServer, connect, type AddressInfo } from 'node:net'
import { contract, jobs, service, t, type JobContext } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const N = t.Object({ n: t.Integer() })
const workService = contract('work-service', {})
const workJobs = jobs({
  work: { input: N },
  poison: { input: N },
  nightly: { schedule: '0 3 * * *', timeoutMs: 50, retries: 0 },
  alsoNightly: { schedule: '0 3 * * *' },
  minutely: { schedule: '* * * * *' },
})
let work: (context: JobContext<typeof workJobs.work>) => unknown
let nightly: (context: JobContext<typeof workJobs.nightly>) => unknown
let minutely: () => unknown
let databases: Database[]
const define = () =>
  service(workService, {
    models: {},
    handlers: {},
    jobs: workJobs,
    jobHandlers: {
      work: (context) => work(context),
      poison: () => {
        throw new Error('each time')
      },
      nightly: (context) => nightly(context),
      alsoNightly: ({ db, due }) => db.execute`INSERT INTO seen (name, due) VALUES ('alsoNightly', ${due})`,
      minutely: () => minutely(),
    },
    hooks: { beforeStart: ({ db }) => void databases.push(db!) },
  })

beforeEach(() => {
  databases = []
  work = ({ db, input }) => db.execute`INSERT INTO seen (n) VALUES (${input.n})`
  nightly = () => {}
  minutely = () => {}
})
const table = 'CREATE TABLE seen (at serial, n int, name text, due timestamptz)'

describe('with instances that listen', () => {
  let fresh: Awaited<ReturnType<typeof directDatabase>>
  let db: Database
  let closing: (() => Promise<void>)[]
  beforeEach(async () => {
    closing = []
    fresh = await directDatabase(table)
    db = database({ url: fresh.url })
    vi.stubEnv('LOG_LEVEL', 'silent')
    vi.stubEnv('PORT', '0')
  })
  afterEach(async () => {
    for (const close of closing) await close()
    await db.close()
    await fresh[Symbol.asyncDispose]()
    vi.unstubAllEnvs()
  })
  const start = async (url = fresh.url): Promise<Database> => {
    vi.stubEnv('DATABASE_URL', url)
    const one = define()
    closing.push(() => one.close())
    await one.listen()
    return databases.at(-1)!
  }
  const seen = () => db.value<number>`SELECT count(*) FROM seen`

  it('3: a poison job is retried ever more seldom, and others flow', async () => {
    const own = await start()
    await own.enqueue(workJobs.poison, { n: 0 })
    await Promise.all(Array.from({ length: 500 }, (_, n) => own.enqueue(workJobs.work, { n })))
    await expect.poll(seen, { timeout: 20_000 }).toBe(500)
    const attempts = await db.value<number>`SELECT attempt FROM tricube.jobs WHERE name = 'poison'`
    expect(attempts).toBeLessThan(8)
  }, 40_000)

  it('4: with a million jobs waiting, a claim reads few rows for each job', async () => {
    const gate = withResolvers()
    work = () => gate.promise
    const own = await start()
    await own.enqueue(workJobs.work, { n: 0 }) // compiles what claims
    await db.script(`
      INSERT INTO tricube.jobs (name, input, priority, run_at)
      SELECT 'work', '{"n":1}', n % 3, now() + (CASE WHEN n % 2 = 0 THEN 3600 ELSE 0 END) * interval '1 second'
      FROM generate_series(1, 1000000) AS n;
      ANALYZE tricube.jobs;
      SELECT pg_stat_reset()`)
    let done = 0
    const enough = withResolvers()
    work = () => {
      if (++done === 2000) enough.resolve()
    }
    gate.resolve()
    await enough.promise
    const rows = () => db.value<number>`
      SELECT seq_tup_read + coalesce(idx_tup_fetch, 0)
      FROM pg_stat_user_tables WHERE schemaname = 'tricube' AND relname = 'jobs'`
    await expect.poll(rows, { timeout: 15_000 }).toBeGreaterThan(2000)
    expect((await rows()) / done).toBeLessThan(30)
    await db.script('TRUNCATE tricube.jobs')
  }, 120_000)

  it('5: while the database is away, it is asked seldom, and jobs go on afterwards', async () => {
    let [isAway, attempts] = [false, 0]
    const target = new URL(fresh.url)
    const forwarder = createServer((socket) => {
      attempts++
      if (isAway) {
        socket.destroy()
        return
      }
      const onward = connect(Number(target.port), target.hostname)
      socket.pipe(onward).pipe(socket)
      for (const [one, other] of [
        [socket, onward],
        [onward, socket],
      ] as const)
        one.on('error', () => other.destroy()).on('close', () => other.destroy())
      cuts.add(() => socket.destroy())
    })
    const cuts = new Set<() => void>()
    await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve))
    closing.push(() => new Promise((resolve) => forwarder.close(() => resolve())))
    const through = new URL(fresh.url)
    through.port = String((forwarder.address() as AddressInfo).port)
    const own = await start(through.href)
    await own.enqueue(workJobs.work, { n: 1 })
    await expect.poll(seen).toBe(1)

    isAway = true
    for (const cut of cuts) cut()
    const from = performance.now()
    attempts = 0
    await db.execute`
      INSERT INTO tricube.jobs (name, input, priority, run_at) SELECT 'work', '{"n":2}', 1, now() FROM generate_series(1, 100)`
    await expect.poll(() => performance.now() - from, { timeout: 20_000 }).toBeGreaterThan(8000)
    expect(attempts).toBeLessThan(120) // of a pool and its lanes, in eight seconds
    isAway = false
    await expect.poll(seen, { timeout: 30_000 }).toBe(101)
    for (const cut of cuts) cut()
  }, 60_000)

  it('6: a job that keeps its transaction open holds up no other', async () => {
    const gate = withResolvers()
    work = async ({ db: tx, input }) => {
      await tx.execute`INSERT INTO seen (n) VALUES (${input.n})`
      if (input.n === 0) await gate.promise
    }
    const own = await start()
    await own.enqueue(workJobs.work, { n: 0 })
    await expect
      .poll(
        () =>
          db.value`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
      )
      .toBe(1)
    for (let n = 1; n <= 50; n++) await own.enqueue(workJobs.work, { n })
    await expect.poll(seen).toBe(50)
    gate.resolve()
    await expect.poll(seen).toBe(51)
  }, 30_000)

  it('17: many transactions that enqueue send few notifications', async () => {
    vi.stubEnv('RUN_JOBS', 'false')
    const own = await start()
    let heard = 0
    const listening = await db.listen('tricube_jobs', () => void heard++)
    const from = performance.now()
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 50 }, (_, n) => own.enqueue(workJobs.work, { n })))
    }
    const seconds = (performance.now() - from) / 1000
    await expect.poll(() => heard).toBeGreaterThan(0)
    expect(heard).toBeLessThan(50 * seconds + 2)
    expect(heard).toBeLessThan(1000 / 4)
    await listening.close()
  }, 30_000)

  it('18: many transactions that enqueue with one unique end, and make one job', async () => {
    vi.stubEnv('RUN_JOBS', 'false')
    const own = await start()
    const enqueue = () => own.transaction((tx) => tx.enqueue(workJobs.work, { n: 1 }, { unique: 'the one' }))
    const results = await Promise.all(Array.from({ length: 100 }, enqueue))
    expect(results.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(results.map(({ id }) => id)).size).toBe(1)
  }, 30_000)
})

describe('in virtual time', () => {
  const start = async () => {
    const app = await testService(define(), { config: { logLevel: 'silent' } })
    await app.db.script(table)
    return app
  }

  it('11: a duplicate is told from a new job, and one that is done holds no place', async () => {
    await using app = await start()
    const first = await app.db.enqueue(workJobs.work, { n: 1 }, { unique: 'a' })
    expect(first.created).toBe(true)
    expect(await app.db.enqueue(workJobs.work, { n: 2 }, { unique: 'a' })).toEqual({ id: first.id, created: false })
    await app.runJobs()
    expect(await app.db.enqueue(workJobs.work, { n: 3 }, { unique: 'a' })).toMatchObject({ created: true })
  })

  it('12: two schedules of one minute are two runs, and a run that takes too long ends no schedule', async () => {
    await using app = await start()
    nightly = ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
    const runs = await app.runJobs({ forMs: 3 * 86_400_000 })
    const of = (name: string) => runs.filter(({ job }) => job === name)
    expect(of('nightly').map(({ outcome }) => outcome)).toEqual(['dead', 'dead', 'dead'])
    expect(of('alsoNightly').map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done'])
    expect(await app.db.value`SELECT count(DISTINCT due) FROM seen`).toBe(3)
  }, 60_000)

  it('14: a run that fails for an hour piles up no others', async () => {
    await using app = await start()
    minutely = () => {
      throw new Error('not now')
    }
    await app.runJobs({ forMs: 3_600_000 })
    expect(await app.db.value`SELECT count(*) FROM tricube.jobs WHERE name = 'minutely'`).toBeLessThanOrEqual(1)
  }, 60_000)
})
