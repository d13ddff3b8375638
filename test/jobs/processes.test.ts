/** Jobs under kill -9, SIGSTOP and SIGTERM: real processes, a real PostgreSQL. */
import { database, type Database } from 'tricube/sql'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { bundle, type Instance } from './instances.ts'

let bundled: Awaited<ReturnType<typeof bundle>>
let fresh: Awaited<ReturnType<typeof directDatabase>>
let db: Database
beforeAll(async () => {
  bundled = await bundle(new URL('instance.ts', import.meta.url))
})
afterAll(() => bundled[Symbol.asyncDispose]())
beforeEach(async () => {
  fresh = await directDatabase(`
    CREATE TABLE marks (n int, pid int, attempt int);
    CREATE TABLE gate (open boolean);
    INSERT INTO gate VALUES (false)`)
  db = database({ url: fresh.url })
})
afterEach(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

const start = (env: NodeJS.ProcessEnv = {}): Promise<Instance> => bundled.start({ DATABASE_URL: fresh.url, ...env })
const enqueue = async ({ url }: Instance, n: number, waits: boolean): Promise<void> => {
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ n, waits }),
  })
  expect(response.status).toBe(200)
}
const marks = () => db.many<{ n: number; pid: number; attempt: number }>`SELECT * FROM marks ORDER BY n`
const begun = (instance: Instance, n: number) => instance.lines.filter((line) => line.startsWith(`begun ${n} `))
const waiting = () => db.many`SELECT (input::json->>'n')::int AS n, attempt, worker FROM tricube.jobs ORDER BY id`

it('runs the jobs of an instance that is killed with -9 again within 15 s, and their effects happen once', async () => {
  const first = await start()
  await enqueue(first, 1, true)
  await enqueue(first, 2, true)
  await expect.poll(() => begun(first, 1).length + begun(first, 2).length).toBe(2)
  const second = await start()
  const killedAt = Date.now()
  first.signal('SIGKILL')
  await first.ended
  await expect.poll(marks, { timeout: 20_000 }).toEqual([
    { n: 1, pid: second.pid, attempt: 2 },
    { n: 2, pid: second.pid, attempt: 2 },
  ])
  expect(Date.now() - killedAt).toBeLessThan(15_000)
  expect(await waiting()).toEqual([])
}, 40_000)

it('has an instance that was frozen commit nothing of a job that another one has run meanwhile', async () => {
  const frozen = await start()
  await enqueue(frozen, 1, true)
  await expect.poll(() => begun(frozen, 1)).toHaveLength(1)
  frozen.signal('SIGSTOP')
  const other = await start()
  await expect.poll(marks, { timeout: 20_000 }).toEqual([{ n: 1, pid: other.pid, attempt: 2 }])
  await db.execute`UPDATE gate SET open = true`
  frozen.signal('SIGCONT')
  // It notices, and works on under a lease of its own.
  await enqueue(frozen, 2, false)
  await expect.poll(async () => (await marks()).length).toBe(2)
  await expect
    .poll(
      async () =>
        db.value`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`,
    )
    .toBe(0)
  expect((await marks()).filter(({ n }) => n === 1)).toEqual([{ n: 1, pid: other.pid, attempt: 2 }])
  expect(await waiting()).toEqual([])
}, 40_000)

it('gives back what has not begun when it stops, uncounted, and what does not end in time, which others run at once', async () => {
  const stopping = await start()
  for (const n of [1, 2, 3, 4]) await enqueue(stopping, n, true)
  await expect.poll(() => begun(stopping, 1).length + begun(stopping, 2).length).toBe(2)
  stopping.signal('SIGTERM')
  await stopping.ended
  expect(await waiting()).toEqual([
    { n: 1, attempt: 1, worker: null },
    { n: 2, attempt: 1, worker: null },
    { n: 3, attempt: 0, worker: null },
    { n: 4, attempt: 0, worker: null },
  ])
  expect(await marks()).toEqual([])
  expect(await db.value`SELECT count(*) FROM tricube.job_workers`).toBe(0)
  await db.execute`UPDATE gate SET open = true`
  const next = await start()
  await expect.poll(marks).toEqual([
    { n: 1, pid: next.pid, attempt: 2 },
    { n: 2, pid: next.pid, attempt: 2 },
    { n: 3, pid: next.pid, attempt: 1 },
    { n: 4, pid: next.pid, attempt: 1 },
  ])
}, 40_000)

it('finishes what ends in time when it stops', async () => {
  const stopping = await start()
  await enqueue(stopping, 1, true)
  await expect.poll(() => begun(stopping, 1)).toHaveLength(1)
  stopping.signal('SIGTERM')
  await db.execute`UPDATE gate SET open = true`
  await stopping.ended
  expect(await marks()).toEqual([{ n: 1, pid: stopping.pid, attempt: 1 }])
  expect(await waiting()).toEqual([])
}, 40_000)

it('wakes another instance when this one runs no jobs', async () => {
  const enqueuing = await start({ RUN_JOBS: 'false' })
  const running = await start()
  for (let n = 1; n <= 5; n++) {
    await enqueue(enqueuing, n, false)
    await expect.poll(async () => (await marks()).length).toBe(n)
  }
  expect((await marks()).every(({ pid }) => pid === running.pid)).toBe(true)
}, 40_000)
