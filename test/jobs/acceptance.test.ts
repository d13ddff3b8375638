/** What users of other queues have run into. Each title names it first, and then what happens here. */
import { createServer, connect, type AddressInfo } from 'node:net'
import { contract, jobs, service, t, type JobContext } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const N = t.Object({ n: t.Integer() })
const workService = contract('work-service', {})
const workJobs = jobs({ work: { input: N }, poison: { input: N } })
const nightJobs = jobs({
  nightly: { schedule: '0 3 * * *', timeoutMs: 50, retries: 0 },
  alsoNightly: { schedule: '0 3 * * *' },
})
const minuteJobs = jobs({ minutely: { schedule: '* * * * *' } })
let work: (context: JobContext<typeof workJobs.work>) => unknown
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
    },
    hooks: { beforeStart: ({ db }) => void databases.push(db!) },
  })

beforeEach(() => {
  databases = []
  work = ({ db, input }) => db.execute`INSERT INTO seen (n) VALUES (${input.n})`
})
const table = 'CREATE TABLE seen (at serial, n int, due timestamptz)'

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

  it('a poison job is claimed again and again: others flow, and it is retried ever more seldom', async () => {
    const own = await start()
    await own.enqueue(workJobs.poison, { n: 0 })
    await Promise.all(Array.from({ length: 200 }, (_, n) => own.enqueue(workJobs.work, { n })))
    await expect.poll(seen, { timeout: 20_000 }).toBe(200)
    const attempts = await db.value<number>`SELECT attempt FROM tricube.jobs WHERE name = 'poison'`
    expect(attempts).toBeLessThan(8)
  }, 40_000)

  it('a database that is away is bombarded: it is asked seldom, and jobs go on afterwards', async () => {
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
    attempts = 0
    const from = performance.now()
    for (const cut of cuts) cut()
    await db.execute`
      INSERT INTO tricube.jobs (name, input, priority, run_at) SELECT 'work', '{"n":2}', 1, now() FROM generate_series(1, 100)`
    await expect.poll(() => attempts, { timeout: 30_000 }).toBeGreaterThanOrEqual(25)
    expect(performance.now() - from).toBeGreaterThan(1000) // a loop without pauses takes milliseconds
    isAway = false
    await expect.poll(seen, { timeout: 30_000 }).toBe(101)
    for (const cut of cuts) cut()
  }, 60_000)

  it('a job that keeps its transaction open locks the queue: all others run', async () => {
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

  it('each commit that notifies locks the whole server: many transactions send few notifications', async () => {
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
    await listening.close()
  }, 30_000)

  it('transactions that enqueue with one unique key wait for each other until nothing moves: they end, and make one job', async () => {
    vi.stubEnv('RUN_JOBS', 'false')
    const own = await start()
    const enqueue = () => own.transaction((tx) => tx.enqueue(workJobs.work, { n: 1 }, { unique: 'the one' }))
    const results = await Promise.all(Array.from({ length: 100 }, enqueue))
    expect(results.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(results.map(({ id }) => id)).size).toBe(1)
  }, 30_000)
})

describe('in virtual time', () => {
  it('a dropped duplicate looks like success, and a job that is done blocks its key: a duplicate says so, and a new one is let in', async () => {
    await using app = await testService(define(), { config: { logLevel: 'silent' } })
    await app.db.script(table)
    const first = await app.db.enqueue(workJobs.work, { n: 1 }, { unique: 'a' })
    expect(first.created).toBe(true)
    expect(await app.db.enqueue(workJobs.work, { n: 2 }, { unique: 'a' })).toEqual({ id: first.id, created: false })
    await app.runJobs()
    expect(await app.db.enqueue(workJobs.work, { n: 3 }, { unique: 'a' })).toMatchObject({ created: true })
  })

  it('two schedules of one minute become one job, and a timeout ends a schedule: both run each night', async () => {
    const dues: string[] = []
    const night = service(workService, {
      models: {},
      handlers: {},
      jobs: nightJobs,
      jobHandlers: {
        nightly({ signal, due }) {
          dues.push(due.toISOString())
          return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
        },
        alsoNightly: ({ db, due }) => db.execute`INSERT INTO seen (due) VALUES (${due})`,
      },
    })
    await using app = await testService(night, { config: { logLevel: 'silent' } })
    await app.db.script(table)
    const runs = await app.runJobs({ forMs: 3 * 86_400_000 })
    expect(new Set(runs.filter(({ job }) => job === 'nightly').map(({ outcome }) => outcome))).toEqual(
      new Set(['dead']),
    )
    expect(dues.length).toBeGreaterThanOrEqual(3)
    const others = await app.db.many<{ due: Date }>`SELECT due FROM seen ORDER BY due`
    expect(others.map(({ due }) => new Date(due).toISOString())).toEqual(dues)
  }, 60_000)

  it('runs of a schedule pile up behind one that fails: one waits at most', async () => {
    const minute = service(workService, {
      models: {},
      handlers: {},
      jobs: minuteJobs,
      jobHandlers: {
        minutely() {
          throw new Error('not now')
        },
      },
    })
    await using app = await testService(minute, { config: { logLevel: 'silent' } })
    expect((await app.runJobs({ forMs: 1_800_000 })).length).toBeGreaterThan(3)
    expect(await app.db.value`SELECT count(*) FROM tricube.jobs WHERE name = 'minutely'`).toBeLessThanOrEqual(1)
  }, 60_000)
})
