/** What users of other outboxes and brokers have run into. Each title names it first, and then what happens here. */
import { contract, service, t, type EventContext } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { collector, status } from '../trace/collector.ts'
import { withResolvers } from '../withResolvers.ts'

const publisher = contract(
  'note-service',
  { note: { route: 'POST /notes', body: t.Object({ n: t.Integer() }), returns: t.Null() } },
  { events: { noted: { payload: t.Object({ key: t.Integer(), n: t.Integer() }), key: 'key' } } },
)
const { noted } = publisher.events
const subscriber = contract('mirror-service', {})

let theirs: Awaited<ReturnType<typeof directDatabase>>
let ours: Awaited<ReturnType<typeof directDatabase>>
let mirror: Database
let closing: (() => Promise<void>)[]
let handle: (context: EventContext<typeof noted>) => unknown
beforeEach(async () => {
  closing = []
  theirs = await directDatabase()
  ours = await directDatabase('CREATE TABLE seen (at serial, key int, n int)')
  mirror = database({ url: ours.url })
  vi.stubEnv('LOG_LEVEL', 'silent')
  vi.stubEnv('PORT', '0')
  handle = ({ event, db }) => db.execute`INSERT INTO seen (key, n) VALUES (${event.key}, ${event.n})`
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
  await mirror.close()
  await ours[Symbol.asyncDispose]()
  await theirs[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

const publish = async (): Promise<{ readonly url: string; readonly db: Database }> => {
  vi.stubEnv('DATABASE_URL', theirs.url)
  let db!: Database
  const one = service(publisher, {
    models: {},
    handlers: {
      async note({ body, db: own }) {
        await own.publish(noted, { key: 1, n: body.n })
        return null
      },
    },
    hooks: { beforeStart: (app) => void (db = app.db!) },
  })
  const { url } = await one.listen()
  closing.push(() => one.close())
  return { url, db }
}
const subscribe = async (
  at: string,
  options: { readonly retries?: number; readonly backoff?: object } = {},
): Promise<void> => {
  vi.stubEnv('DATABASE_URL', ours.url)
  vi.stubEnv('TRICUBE_SERVICES', `note-service=${new URL(at).host}`)
  const one = service(subscriber, {
    models: {},
    handlers: {},
    subscriptions: { copy: { event: noted, from: 'beginning', ...options, handler: (context) => handle(context) } },
  })
  await one.listen()
  closing.push(() => one.close())
}
const seen = () => mirror.many<{ key: number; n: number }>`SELECT key, n FROM seen ORDER BY at`
const count = () => mirror.value<number>`SELECT count(*) FROM seen`

it('an event that is committed late is skipped for ever: both arrive, in order by key', async () => {
  const { url, db } = await publish()
  await subscribe(url)
  const gate = withResolvers()
  const begun = withResolvers()
  const first = db.transaction(async (tx) => {
    await tx.publish(noted, { key: 1, n: 1 })
    begun.resolve()
    await gate.promise
    await tx.publish(noted, { key: 1, n: 2 })
  })
  await begun.promise
  await db.publish(noted, { key: 2, n: 1 })
  await expect.poll(seen).toEqual([{ key: 2, n: 1 }])
  gate.resolve()
  await first
  await db.publish(noted, { key: 1, n: 3 })
  await expect.poll(count).toBe(4)
  expect((await seen()).filter(({ key }) => key === 1).map(({ n }) => n)).toEqual([1, 2, 3])
}, 30_000)

it('instances that share the work mix up the order of a key: a hundred events keep it over four instances', async () => {
  const { url, db } = await publish()
  await Promise.all(Array.from({ length: 4 }, () => subscribe(url)))
  for (let first = 0; first < 100; first += 5) {
    await db.transaction(async (tx) => {
      for (let n = first; n < first + 5; n++) await tx.publish(noted, { key: 1, n })
    })
  }
  await expect.poll(count, { timeout: 60_000 }).toBe(100)
  expect((await seen()).map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n))
}, 90_000)

it('a poison event spins and blocks: others flow, and it is retried ever more seldom', async () => {
  let attempts = 0
  handle = ({ event, db }) => {
    if (event.key === 0 && ++attempts > 0) throw new Error('each time')
    return db.execute`INSERT INTO seen (key, n) VALUES (${event.key}, ${event.n})`
  }
  const { url, db } = await publish()
  await subscribe(url)
  await db.publish(noted, { key: 0, n: 0 })
  for (let n = 1; n <= 60; n++) await db.publish(noted, { key: n % 10 || 10, n })
  await expect.poll(count, { timeout: 30_000 }).toBe(60)
  expect(attempts).toBeGreaterThan(0)
  expect(attempts).toBeLessThan(8)
}, 40_000)

it('an open transaction of a handler locks the inbox: other events arrive and are handled', async () => {
  const gate = withResolvers()
  handle = async ({ event, db }) => {
    await db.execute`INSERT INTO seen (key, n) VALUES (${event.key}, ${event.n})`
    if (event.key === 0) await gate.promise
  }
  const { url, db } = await publish()
  await subscribe(url)
  await db.publish(noted, { key: 0, n: 0 })
  await expect
    .poll(() => mirror.value`SELECT count(*) FROM tricube.jobs WHERE key = '0' AND worker IS NOT NULL`)
    .toBe(1)
  for (let n = 1; n <= 20; n++) await db.publish(noted, { key: n, n })
  await expect.poll(count).toBe(20)
  gate.resolve()
  await expect.poll(count).toBe(21)
}, 30_000)

it('a dead letter does not say why: it has its error, its stack and the trace that published it', async () => {
  await using zipkin = await collector(status(202))
  vi.stubEnv('OTEL_EXPORTER_ZIPKIN_ENDPOINT', `${zipkin.url}/api/v2/spans`)
  handle = () => {
    throw new TypeError('this note cannot be read')
  }
  const { url } = await publish()
  await subscribe(url, { retries: 0 })
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const headers = { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` }
  const response = await fetch(`${url}/notes`, { method: 'POST', headers, body: '{"n":7}' })
  expect(response.status).toBe(200)
  const dead = () => mirror.maybeOne<{ input: string; error: string }>`SELECT input, error FROM tricube.dead_jobs`
  await expect.poll(dead).toBeDefined()
  const { input, error } = (await dead())!
  expect(JSON.parse(input)).toMatchObject({ event: { key: 1, n: 7 } })
  expect(JSON.parse(error)).toMatchObject({
    name: 'TypeError',
    message: 'this note cannot be read',
    stack: expect.stringContaining('acceptance.test'),
    traceId,
  })
}, 30_000)

it('each commit that notifies locks the whole server: many transactions send few notifications', async () => {
  const { url, db } = await publish()
  await subscribe(url)
  const listener = database({ url: theirs.url })
  closing.push(() => listener.close())
  let heard = 0
  const listening = await listener.listen('tricube_events', () => void heard++)
  closing.push(() => listening.close())
  const from = performance.now()
  for (let round = 0; round < 6; round++) {
    await Promise.all(Array.from({ length: 50 }, (_, n) => db.publish(noted, { key: n, n: round })))
  }
  const seconds = (performance.now() - from) / 1000
  await expect.poll(count, { timeout: 30_000 }).toBe(300)
  expect(heard).toBeGreaterThan(0)
  expect(heard).toBeLessThan(50 * seconds + 5)
}, 40_000)
