/** Handlers that ignore their signal: no other attempt runs beside them, and no later job of their key. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, jobs, service, t } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Attempt } from '../../src/queue/attempt.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const N = t.Object({ key: t.Integer(), n: t.Integer() })
const workJobs = jobs({
  ordered: { input: N, key: 'key', timeoutMs: 50, backoff: { baseMs: 1, capMs: 1 } },
  free: { input: N, timeoutMs: 50, backoff: { baseMs: 1, capMs: 1 }, transaction: false },
})
let fresh: Awaited<ReturnType<typeof directDatabase>>
let db: Database
let own: Database
let closing: (() => Promise<void>)[]
let logFile: string
/** What has begun and ended, in order. */
let steps: string[]
let gate: ReturnType<typeof withResolvers<void>>
beforeEach(async () => {
  closing = []
  steps = []
  gate = withResolvers()
  fresh = await directDatabase()
  db = database({ url: fresh.url })
  logFile = join(mkdtempSync(join(tmpdir(), 'tricube-log-')), 'log')
  vi.stubEnv('LOG_FILE', logFile)
  vi.stubEnv('LOG_LEVEL', 'warn')
  vi.stubEnv('PORT', '0')
  vi.stubEnv('DATABASE_URL', fresh.url)
})
afterEach(async () => {
  gate.resolve()
  for (const close of closing) await close()
  await db.close()
  await fresh[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

/** Starts an instance whose first attempt of each job ignores its signal until the gate opens. */
const start = async (): Promise<() => Promise<void>> => {
  const handler = async ({ input, attempt }: { input: { n: number }; attempt: number }): Promise<void> => {
    steps.push(`${input.n}.${attempt} begins`)
    if (input.n === 1 && attempt === 1) await gate.promise
    steps.push(`${input.n}.${attempt} ends`)
  }
  const one = service(contract('work-service', {}), {
    models: {},
    handlers: {},
    drain: { delayMs: 0, timeoutMs: 500 },
    jobs: workJobs,
    jobHandlers: { ordered: handler, free: handler },
    hooks: { beforeStart: (app) => void (own = app.db!) },
  })
  await one.listen()
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= one.close())
  closing.push(() => close().catch(() => {}))
  return close
}
const logs = async (text: string): Promise<void> => {
  await expect.poll(() => readFileSync(logFile, 'utf8'), { timeout: 10_000 }).toContain(text)
}

it('keeps the key of a job whose handler goes on after its time, in all instances', async () => {
  await start()
  await start()
  await own.enqueue(workJobs.ordered, { key: 1, n: 1 })
  await own.enqueue(workJobs.ordered, { key: 1, n: 2 })
  await own.enqueue(workJobs.ordered, { key: 2, n: 3 })
  await logs('a job goes on after its timeoutMs')
  expect(steps).toContain('3.1 ends') // other keys do not wait
  expect(steps.filter((step) => !step.startsWith('3'))).toEqual(['1.1 begins'])
  gate.resolve()
  await expect
    .poll(() => steps.filter((step) => !step.startsWith('3')), { timeout: 10_000 })
    .toEqual(['1.1 begins', '1.1 ends', '1.2 begins', '1.2 ends', '2.1 begins', '2.1 ends'])
}, 30_000)

it('does not retry a job without a key beside its own handler', async () => {
  await start()
  await own.enqueue(workJobs.free, { key: 1, n: 1 })
  await logs('a job goes on after its timeoutMs')
  expect(steps).toEqual(['1.1 begins'])
  gate.resolve()
  await expect.poll(() => steps, { timeout: 10_000 }).toEqual(['1.1 begins', '1.1 ends', '1.2 begins', '1.2 ends'])
}, 30_000)

it('gives such a job to another instance when its own one stops', async () => {
  const close = await start()
  await own.enqueue(workJobs.free, { key: 1, n: 1 })
  await logs('a job goes on after its timeoutMs')
  await close().catch(() => {}) // the handler hangs, and the drain says so
  const row = () => db.one`SELECT worker, attempt FROM tricube.jobs`
  await expect.poll(row).toEqual({ worker: null, attempt: 1 })
}, 30_000)

it('lets go of a job after ten more minutes', async () => {
  vi.useFakeTimers()
  try {
    const job = { id: 1, name: 'hangs', input: 'null', attempt: 1, key: null, trace: null, createdAt: 0, dueAt: 0 }
    const seen: string[] = []
    const ended = new Attempt(job, 1).run(
      () => new Promise(() => {}),
      1000,
      (goesOn) => void seen.push(goesOn),
    )
    ended.catch((error: Error) => void seen.push(error.message))
    await vi.advanceTimersByTimeAsync(1999)
    expect(seen).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(seen).toEqual(['kept'])
    await vi.advanceTimersByTimeAsync(599_999)
    expect(seen).toEqual(['kept'])
    await vi.advanceTimersByTimeAsync(1)
    expect(seen).toEqual(['kept', 'left', 'the job took longer than 1000 ms'])
  } finally {
    vi.useRealTimers()
  }
})
