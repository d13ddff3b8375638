/** Many instances of one service in this process, over one database: order by key, load, a database that goes away. */
import { contract, jobs, service, t, type JobContext } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { faultProxy } from 'tricube/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'
import { pgbouncerBinary, startPgbouncer } from '../sql/connection/pgbouncer.ts'

const logService = contract('log-service', {})
const logJobs = jobs({
  note: { input: t.Object({ key: t.Integer(), n: t.Integer() }), key: 'key', backoff: { baseMs: 1, capMs: 5 } },
  count: { input: t.Object({ n: t.Integer() }), backoff: { baseMs: 1, capMs: 5 } },
})
type Note = JobContext<typeof logJobs.note>
const write = async ({ db, input }: Pick<Note, 'db' | 'input'>): Promise<void> => {
  await db.execute`INSERT INTO notes (key, n) VALUES (${input.key}, ${input.n})`
}
let note: (context: Note) => unknown

const instance = () => {
  const one = service(logService, {
    models: {},
    handlers: {},
    jobs: logJobs,
    jobHandlers: {
      note: (context) => note(context),
      count: ({ db, input }) => db.execute`INSERT INTO notes (key, n) VALUES (0, ${input.n})`,
    },
    hooks: { beforeStart: (application) => void (databases[instances.length] = application.db!) },
  })
  return one
}

let fresh: Awaited<ReturnType<typeof directDatabase>>
let db: Database
let instances: ReturnType<typeof instance>[]
let databases: Database[]
beforeEach(async () => {
  note = write
  instances = []
  databases = []
  fresh = await directDatabase('CREATE TABLE notes (at serial, key int, n int)')
  db = database({ url: fresh.url })
  vi.stubEnv('LOG_LEVEL', 'silent')
})
afterEach(async () => {
  await Promise.all(instances.map((one) => one.close()))
  await db.close()
  await fresh[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

async function start(url = fresh.url): Promise<Database> {
  vi.stubEnv('DATABASE_URL', url)
  const one = instance()
  await one.listen()
  instances.push(one)
  return databases[instances.length - 1]!
}

const left = () => db.value<number>`SELECT count(*) FROM tricube.jobs`

it('keeps the order of each key with ten instances, also when attempts fail at random', async () => {
  const own = await start()
  for (let i = 1; i < 10; i++) await start()
  note = async (context) => {
    await write(context)
    if (Math.random() < 0.1) throw new Error('at random')
  }
  const enqueueAll = async (key: number): Promise<void> => {
    for (let n = 0; n < 100; n++) await databases[(key + n) % 10]!.enqueue(logJobs.note, { key, n })
  }
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(enqueueAll))
  await expect.poll(left, { timeout: 40_000 }).toBe(0)
  const notes = await own.many<{ key: number; n: number }>`SELECT key, n FROM notes ORDER BY at`
  expect(notes).toHaveLength(1000)
  for (let key = 0; key < 10; key++) {
    expect(notes.filter((one) => one.key === key).map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
  }
}, 60_000)

it('runs each of many jobs once, however many instances there are', async () => {
  for (let i = 0; i < 4; i++) await start()
  const rows = Array.from({ length: 2000 }, (_, n) => n)
  await Promise.all(rows.map((n) => databases[n % 4]!.enqueue(logJobs.count, { n })))
  await expect.poll(left, { timeout: 40_000 }).toBe(0)
  const notes = await db.many<{ n: number }>`SELECT n FROM notes ORDER BY n`
  expect(notes.map(({ n }) => n)).toEqual(rows)
}, 60_000)

it('does not hold up other keys behind a long backlog of one', async () => {
  const own = await start()
  const gate = withResolvers()
  note = async (context) => {
    if (context.input.key === 1) await gate.promise
    await write(context)
  }
  await own.execute`
    INSERT INTO tricube.jobs (name, input, priority, run_at, key)
    SELECT 'note', json_build_object('key', 1, 'n', n)::text, 1, now(), '1' FROM generate_series(1, 5000) AS n`
  await own.enqueue(logJobs.note, { key: 2, n: 0 })
  await expect.poll(() => db.many`SELECT key, n FROM notes`, { timeout: 20_000 }).toEqual([{ key: 2, n: 0 }])
  gate.resolve()
  await own.execute`DELETE FROM tricube.jobs WHERE held`
  await expect.poll(left).toBe(0)
}, 40_000)

it('goes on after its database was away', async () => {
  await using proxy = await faultProxy({ target: fresh.url })
  const own = await start(proxy.url)
  await own.enqueue(logJobs.count, { n: 1 })
  await expect.poll(() => db.many`SELECT n FROM notes`).toEqual([{ n: 1 }])
  const up = proxy.add({ type: 'down' })
  await expect(own.enqueue(logJobs.count, { n: 2 })).rejects.toThrow()
  vi.stubEnv('RUN_JOBS', 'false')
  const other = await start()
  await up()
  await other.enqueue(logJobs.count, { n: 3 })
  await expect.poll(left, { timeout: 20_000 }).toBe(0)
}, 40_000)

it('runs what it has claimed without hearing of it, and what waits for that', async () => {
  const own = await start()
  const worker = () => db.value<number>`SELECT max(id) FROM tricube.job_workers`
  await expect.poll(worker).toBeGreaterThan(0)
  // As a claim leaves them whose response is lost.
  await own.execute`
    INSERT INTO tricube.jobs (name, input, priority, run_at, key, attempt, worker, held)
    VALUES ('count', '{"n":1}', 1, now(), NULL, 1, ${await worker()}, false),
      ('note', '{"key":1,"n":2}', 1, now(), '1', 1, ${await worker()}, false),
      ('note', '{"key":1,"n":3}', 1, now(), '1', 0, NULL, true)`
  await expect.poll(left, { timeout: 15_000 }).toBe(0)
  expect(await db.many`SELECT n FROM notes ORDER BY n`).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
}, 30_000)

it('does once what it has committed without hearing of it', async () => {
  await db.script(`
    CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION sleep()`)
  await using proxy = await faultProxy({ target: fresh.url })
  const own = await start(proxy.url)
  await own.enqueue(logJobs.count, { n: 1 })
  await expect
    .poll(
      () =>
        db.value`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`,
    )
    .toBe(1)
  const up = proxy.add({ type: 'down' })
  await expect.poll(() => db.value`SELECT count(*) FROM notes`).toBe(1)
  await up()
  await own.enqueue(logJobs.count, { n: 2 })
  await expect.poll(left, { timeout: 20_000 }).toBe(0)
  expect(await db.many`SELECT n FROM notes ORDER BY n`).toEqual([{ n: 1 }, { n: 2 }])
}, 40_000)

it.runIf(pgbouncerBinary)(
  'finds the jobs of others behind a pooler that passes on no notifications',
  async () => {
    await using pooler = await startPgbouncer(fresh.url, { pool_mode: 'transaction' })
    const behind = pooler.behind(fresh.url)
    await start(behind)
    vi.stubEnv('RUN_JOBS', 'false')
    const enqueuing = await start(behind)
    await enqueuing.enqueue(logJobs.count, { n: 1 })
    await enqueuing.enqueue(logJobs.note, { key: 1, n: 2 })
    await expect.poll(() => db.many`SELECT n FROM notes ORDER BY n`).toEqual([{ n: 1 }, { n: 2 }])
  },
  40_000,
)
