/** What a scraper sees of jobs and subscriptions, over several instances. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contract, jobs, service, t } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { parse } from '../metrics/parse.ts'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const Noted = t.Object({ n: t.Integer() })
const news = contract('news-service', {}, { events: { noted: { payload: Noted } } })
const mailContract = contract('mail-service', {})
const mailJobs = jobs({
  send: { input: Noted, concurrency: 1 },
  inOrder: { input: Noted, key: 'n', concurrency: 1 },
})
let gate: ReturnType<typeof withResolvers<undefined>>
const mails = () =>
  service(mailContract, {
    models: {},
    handlers: {},
    jobs: mailJobs,
    jobHandlers: { send: () => gate.promise, inOrder: () => gate.promise },
    subscriptions: { hear: { event: news.events.noted, handler() {} } },
  })
const publisher = () => service(news, { models: {}, handlers: {} })

let fresh: Awaited<ReturnType<typeof directDatabase>>
let db: Database
let closing: (() => Promise<void>)[]
beforeEach(async () => {
  gate = withResolvers()
  fresh = await directDatabase()
  db = database({ url: fresh.url })
  closing = []
  vi.stubEnv('DATABASE_URL', fresh.url)
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  vi.stubEnv('TRICUBE_DISCOVERY', 'none')
})
afterEach(async () => {
  gate.resolve(undefined)
  for (const close of closing.reverse()) await close()
  await db.close()
  await fresh[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

const start = async (one: ReturnType<typeof mails | typeof publisher>): Promise<string> => {
  const { url } = await one.listen()
  closing.push(() => one.close())
  return url
}
const metricsOf = async (url: string) => parse(await (await fetch(`${url}/metrics`)).text()).samples
/** The values of a metric by the labels, added up over instances. */
const sums = async (urls: readonly string[], name: string): Promise<Record<string, number>> => {
  const all = (await Promise.all(urls.map(metricsOf))).flat().filter((one) => one.name === name)
  const result: Record<string, number> = {}
  for (const { labels, value } of all) {
    const key = Object.values(labels).join(' ')
    result[key] = (result[key] ?? 0) + value
  }
  return result
}

it('counts what waits and what is dead once over all instances, and how long it has waited', async () => {
  vi.stubEnv('RUN_JOBS', 'false')
  await start(mails()) // makes the tables
  await db.execute`
    INSERT INTO tricube.jobs (name, input, priority, run_at, key, held)
    SELECT 'send', '{"n":1}', n % 3, now() - interval '1 hour', NULL, false FROM generate_series(1, 7) AS n
    UNION ALL SELECT 'send', '{"n":1}', 1, now() + interval '1 hour', NULL, false FROM generate_series(1, 100)
    UNION ALL SELECT 'inOrder', '{"n":1}', 1, now() - interval '60 seconds', '1', false FROM generate_series(1, 5)
    UNION ALL SELECT 'inOrder', '{"n":2}', 1, 'infinity', '2', false
    UNION ALL SELECT 'unknown', '{}', 1, now(), NULL, false`
  await db.execute`
    INSERT INTO tricube.dead_jobs (id, name, input, priority, attempt, error, created_at)
    SELECT 1000 + n, 'send', '{}', 1, 1, '{}', now() FROM generate_series(1, 3) AS n`
  vi.stubEnv('RUN_JOBS', 'true')
  const urls = [await start(mails()), await start(mails())]
  // Both instances run one of each; of one key only one runs.
  const waiting = () => sums(urls, 'tricube_jobs_waiting')
  await expect.poll(waiting, { timeout: 40_000 }).toEqual({ send: 5, inOrder: 4, 'on hear': 0 })
  expect(await sums(urls, 'tricube_jobs_dead')).toEqual({ send: 3, inOrder: 1, 'on hear': 0 })
  const oldest = await sums(urls, 'tricube_jobs_oldest_seconds')
  expect(oldest['send']).toBeGreaterThan(3590)
  expect(oldest['send']).toBeLessThan(3700)
  expect(oldest['inOrder']).toBeGreaterThan(59)
}, 60_000)

it('shows and logs jobs that nothing handles, once for each name', async () => {
  vi.stubEnv('RUN_JOBS', 'false')
  await start(mails()) // makes the tables
  await db.execute`
    INSERT INTO tricube.jobs (name, input, priority, run_at)
    SELECT 'letter', '{}', n % 3, now() - interval '2 hours' FROM generate_series(1, 4) AS n
    UNION ALL SELECT 'on gone', '{}', 1, now() - interval '70 seconds'
    UNION ALL SELECT 'later', '{}', 1, now() + interval '1 hour'
    UNION ALL SELECT 'new', '{}', 1, now()`
  vi.stubEnv('RUN_JOBS', 'true')
  const folder = await mkdtemp(join(tmpdir(), 'tricube-jobs-'))
  closing.push(() => rm(folder, { recursive: true }))
  vi.stubEnv('LOG_LEVEL', 'warn')
  vi.stubEnv('LOG_FILE', join(folder, 'mails.log'))
  const urls = [await start(mails()), await start(mails())]
  const logged = async () => {
    const lines = (await readFile(join(folder, 'mails.log'), 'utf8')).split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line)).filter(({ job }) => job !== undefined)
  }
  await expect.poll(logged, { timeout: 20_000 }).toHaveLength(2)
  expect(await logged()).toMatchObject([
    {
      job: 'letter',
      waiting: 4,
      oldestSeconds: expect.closeTo(7200, -2),
      msg: expect.stringContaining(advice('letter')),
    },
    { job: 'on gone', waiting: 1, msg: expect.stringContaining(advice('on gone')) },
  ])
  expect(await sums(urls, 'tricube_jobs_waiting')).toMatchObject({ letter: 4, 'on gone': 1, send: 0 })
  expect((await sums(urls, 'tricube_jobs_oldest_seconds'))['letter']).toBeGreaterThan(7190)
})
const advice = (name: string) => `bring it back, or run tricube jobs cancel --name '${name}'`

it('tells how far a subscription is behind, and that its publisher does not respond', async () => {
  const mine = await directDatabase()
  closing.push(async () => mine[Symbol.asyncDispose]())
  vi.stubEnv('DATABASE_URL', mine.url)
  let own: Database | undefined
  const one = service(news, { models: {}, handlers: {}, hooks: { beforeStart: (app) => void (own = app.db) } })
  const { url } = await one.listen()
  vi.stubEnv('DATABASE_URL', fresh.url)
  vi.stubEnv('TRICUBE_DISCOVERY', '')
  vi.stubEnv('TRICUBE_SERVICES', `news-service=${new URL(url).host}`)
  const at = [await start(mails())]
  const lag = async () => (await sums(at, 'tricube_subscription_lag_seconds'))['hear']
  await expect.poll(() => db.value`SELECT count(*) FROM tricube.event_cursors WHERE position <> ''`).toBe(1)
  await own!.execute`
    INSERT INTO tricube.events (name, payload, published_at) VALUES ('noted', '{"n":1}', now() - interval '90 seconds')`
  await own!.publish(news.events.noted, { n: 2 })
  await expect.poll(() => sums(at, 'tricube_job_attempts_total')).toEqual({ 'on hear done': 2 })
  expect(await lag()).toBeLessThan(60)
  await one.close()
  await expect.poll(lag, { timeout: 20_000 }).toBeGreaterThan(1.5)
}, 60_000)
