/** Events between services that listen: over HTTP, with real databases, late commits, restarts and several instances. */
import { contract, service, t, type SubscriptionOptions } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { faultProxy } from 'tricube/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { withResolvers } from '../withResolvers.ts'

const Noted = t.Object({ key: t.Integer(), n: t.Integer() })
const publisher = contract(
  'note-service',
  {},
  { events: { noted: { payload: Noted, key: 'key' }, other: { payload: Noted } } },
)
const { noted, other } = publisher.events
const subscriber = contract('mirror-service', {})

interface Running {
  readonly url: string
  readonly db: Database
  close(): Promise<void>
}
let running: Running[]
let publisherDatabase: Awaited<ReturnType<typeof directDatabase>>
let subscriberDatabase: Awaited<ReturnType<typeof directDatabase>>
/** What the subscriber's database says. */
let mirror: Database
beforeEach(async () => {
  running = []
  publisherDatabase = await directDatabase()
  subscriberDatabase = await directDatabase('CREATE TABLE seen (at serial, key int, n int)')
  mirror = database({ url: subscriberDatabase.url })
  vi.stubEnv('LOG_LEVEL', 'silent')
})
afterEach(async () => {
  await Promise.all(running.map((one) => one.close()))
  await mirror.close()
  await publisherDatabase[Symbol.asyncDispose]()
  await subscriberDatabase[Symbol.asyncDispose]()
  vi.unstubAllEnvs()
})

const started = async (
  one: { listen(): Promise<{ url: string }>; close(): Promise<void> },
  db: () => Database,
): Promise<Running> => {
  const { url } = await one.listen()
  const all = { url, db: db(), close: () => one.close() }
  running.push(all)
  return all
}

const publish = async (port = 0): Promise<Running> => {
  vi.stubEnv('DATABASE_URL', publisherDatabase.url)
  vi.stubEnv('PORT', String(port))
  let db!: Database
  const one = service(publisher, { models: {}, handlers: {}, hooks: { beforeStart: (app) => void (db = app.db!) } })
  const result = await started(one, () => db)
  vi.stubEnv('PORT', '0')
  return result
}

const subscribe = (at: string, options: SubscriptionOptions = {}, also: () => void = () => {}): Promise<Running> => {
  vi.stubEnv('DATABASE_URL', subscriberDatabase.url)
  vi.stubEnv('TRICUBE_SERVICES', `note-service=${new URL(at).host}`)
  const one = service(subscriber, {
    models: {},
    handlers: {},
    subscriptions: {
      copy: {
        event: noted,
        backoff: { baseMs: 1, capMs: 5 },
        ...options,
        async handler({ event, db }) {
          await db.execute`INSERT INTO seen (key, n) VALUES (${event.key}, ${event.n})`
          also()
        },
      },
    },
  })
  return started(one, () => mirror)
}

const seen = () => mirror.many<{ key: number; n: number }>`SELECT key, n FROM seen ORDER BY at`
const count = () => mirror.value<number>`SELECT count(*) FROM seen`
/** A subscription has begun once it has a position. */
const begun = async (): Promise<void> => {
  await expect.poll(() => mirror.value`SELECT count(*) FROM tricube.event_cursors WHERE position <> ''`).toBe(1)
}

it('brings what one service publishes to another, once, and nothing that was rolled back', async () => {
  const { db, url } = await publish()
  await subscribe(url)
  await begun()
  await db.publish(noted, { key: 1, n: 1 })
  await db.publish(other, { key: 1, n: 99 })
  await db
    .transaction(async (tx) => {
      await tx.publish(noted, { key: 1, n: 98 })
      throw new Error('no')
    })
    .catch(() => {})
  await db.publish(noted, { key: 1, n: 2 })
  await expect.poll(seen).toEqual([
    { key: 1, n: 1 },
    { key: 1, n: 2 },
  ])
})

it('leaves out nothing that is committed late, and delays nothing because of it', async () => {
  const { db, url } = await publish()
  await subscribe(url)
  await begun()
  const gate = withResolvers()
  const late = db.transaction(async (tx) => {
    await tx.publish(noted, { key: 1, n: 1 })
    await gate.promise
  })
  for (let n = 2; n <= 20; n++) await db.publish(noted, { key: 2, n })
  await expect.poll(count).toBe(19)
  gate.resolve()
  await late
  await expect.poll(count).toBe(20)
  expect((await seen()).at(-1)).toEqual({ key: 1, n: 1 })
})

it('loses nothing, doubles nothing and keeps the order of each key with many writers and instances', async () => {
  const first = await publish()
  const second = await publish()
  await subscribe(first.url, {}, () => {
    if (Math.random() < 0.05) throw new Error('at random')
  })
  await begun()
  await subscribe(second.url)
  const write = async (key: number): Promise<void> => {
    const { db } = key % 2 ? first : second
    for (let n = 0; n < 50; n++) {
      await db
        .transaction(async (tx) => {
          await tx.publish(noted, { key, n })
          if (n % 7 === 0) await tx.execute`SELECT pg_sleep(0.02)`
          if (n % 5 === 0) throw new Error('rolled back')
        })
        .catch(() => {})
    }
  }
  await Promise.all(Array.from({ length: 10 }, (_, key) => write(key)))
  await expect.poll(count, { timeout: 30_000 }).toBe(400)
  const all = await seen()
  const expected = Array.from({ length: 50 }, (_, n) => n).filter((n) => n % 5 !== 0)
  for (let key = 0; key < 10; key++) {
    expect(all.filter((one) => one.key === key).map(({ n }) => n)).toEqual(expected)
  }
}, 60_000)

describe('where a subscription begins', () => {
  it.each([
    ['now', [3]],
    ['beginning', [1, 2, 3]],
  ] as const)('%s', async (from, expected) => {
    const { db, url } = await publish()
    await db.publish(noted, { key: 1, n: 1 })
    await db.publish(noted, { key: 1, n: 2 })
    await subscribe(url, { from })
    await begun()
    await db.publish(noted, { key: 1, n: 3 })
    await expect.poll(async () => (await seen()).map(({ n }) => n)).toEqual(expected)
  })
})

describe('who is away', () => {
  it('goes on where it was when the subscriber comes back', async () => {
    const { db, url } = await publish()
    const one = await subscribe(url)
    await begun()
    await db.publish(noted, { key: 1, n: 1 })
    await expect.poll(count).toBe(1)
    await one.close()
    for (let n = 2; n <= 1200; n++) await db.publish(noted, { key: n % 10, n })
    await subscribe(url)
    await expect.poll(count, { timeout: 20_000 }).toBe(1200)
  }, 60_000)

  it('goes on when the publisher comes back', async () => {
    const one = await publish()
    await subscribe(one.url)
    await begun()
    await one.db.publish(noted, { key: 1, n: 1 })
    await expect.poll(count).toBe(1)
    await one.close()
    const again = await publish(Number(new URL(one.url).port))
    await again.db.publish(noted, { key: 1, n: 2 })
    await expect.poll(count, { timeout: 20_000 }).toBe(2)
  }, 60_000)

  it('takes nothing twice over a network that breaks again and again', async () => {
    const { db, url } = await publish()
    await using proxy = await faultProxy({ target: url })
    await subscribe(proxy.url)
    await begun()
    for (let round = 0; round < 5; round++) {
      const up = proxy.add({ type: 'down' })
      for (let n = 0; n < 40; n++) await db.publish(noted, { key: 1, n: round * 40 + n })
      await up()
    }
    await expect.poll(count, { timeout: 30_000 }).toBe(200)
    expect((await seen()).map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  }, 60_000)
})

describe('the feed', () => {
  it.each([
    ['after=nowhere', 'after: expected a position that the feed has returned, got \\"nowhere\\"'],
    ['from=later', 'from: expected now, beginning or a time'],
  ])('rejects %s', async (query, message) => {
    const { url } = await publish()
    const response = await fetch(`${url}/tricube/events?names=noted&${query}`)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(message)
  })

  it('says when what a subscriber has not read was deleted', async () => {
    const { url, db } = await publish()
    await db.execute`UPDATE tricube.event_ticks SET id = 50 WHERE id = 1`
    const response = await fetch(`${url}/tricube/events?names=noted&after=:1.1.0`)
    expect(response.status).toBe(410)
    expect(await response.text()).toContain('have been deleted')
  })

  it('does not exist on a service with edge: true', async () => {
    vi.stubEnv('DATABASE_URL', publisherDatabase.url)
    const one = service(publisher, { models: {}, handlers: {}, edge: true })
    running.push({ url: '', db: mirror, close: () => one.close() })
    const { url } = await one.listen()
    expect((await fetch(`${url}/tricube/events?names=noted`)).status).toBe(404)
  })
})
