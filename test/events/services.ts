/** A publisher and its subscribers that listen, with real databases. */
import { contract, service, t, type SubscriptionOptions } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'

const Noted = t.Object({ key: t.Integer(), n: t.Integer() })
export const publisher = contract(
  'note-service',
  {},
  { events: { noted: { payload: Noted, key: 'key' }, other: { payload: Noted } } },
)
export const { noted, other } = publisher.events
const subscriber = contract('mirror-service', {})

/** A service that listens. */
export interface Running {
  readonly url: string
  readonly db: Database
  close(): Promise<void>
}
let running: Running[]
let publisherDatabase: Awaited<ReturnType<typeof directDatabase>>
let subscriberDatabase: Awaited<ReturnType<typeof directDatabase>>
/** The database of the subscriber. */
export let mirror: Database

/** Prepares the databases for each test, and closes what was started. */
export function useServices(): void {
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
}

/** Starts a service, closed after the test. */
export const started = async (
  one: { listen(): Promise<{ url: string }>; close(): Promise<void> },
  db: () => Database = () => mirror,
): Promise<Running> => {
  const { url } = await one.listen()
  const all = { url, db: db(), close: () => one.close() }
  running.push(all)
  return all
}

/** Starts a publisher; `env` is its environment. */
export const publish = async ({ port = 0, env = {} }: { port?: number; env?: Env } = {}): Promise<Running> => {
  stub({ DATABASE_URL: publisherDatabase.url, PORT: String(port), ...env })
  let db!: Database
  const one = service(publisher, { models: {}, handlers: {}, hooks: { beforeStart: (app) => void (db = app.db!) } })
  const result = await started(one, () => db)
  vi.stubEnv('PORT', '0')
  return result
}

/** Starts a subscriber of a publisher; `also` runs in its handler. */
export const subscribe = (
  at: string,
  { also = () => {}, env = {}, ...options }: SubscriptionOptions & { also?: Also; env?: Env | undefined } = {},
): Promise<Running> => {
  stub({ DATABASE_URL: subscriberDatabase.url, TRICUBE_SERVICES: `note-service=${new URL(at).host}`, ...env })
  const one = service(subscriber, {
    models: {},
    handlers: {},
    subscriptions: {
      copy: {
        event: noted,
        backoff: { baseMs: 1, capMs: 5 },
        ...options,
        async handler({ event, eventId, idempotencyKey, db }) {
          await db.execute`INSERT INTO seen (key, n) VALUES (${event.key}, ${event.n})`
          also({ eventId, idempotencyKey })
        },
      },
    },
  })
  return started(one)
}

export const seen = () => mirror.many<{ key: number; n: number }>`SELECT key, n FROM seen ORDER BY at`
export const count = () => mirror.value<number>`SELECT count(*) FROM seen`
/** The URLs of the databases. */
export const urls = () => ({ publisher: publisherDatabase.url, subscriber: subscriberDatabase.url })
/** The numbers of the events that were seen, in their order. */
export const numbers = async (): Promise<number[]> => (await seen()).map(({ n }) => n)
/** A subscription has begun once it has a position. */
export const begun = async (): Promise<void> => {
  const positions = () =>
    mirror.value`SELECT count(*) FROM tricube.event_cursors WHERE position <> '' OR bookmark IS NOT NULL`
  await expect.poll(positions, { timeout: 10_000 }).toBe(1)
}

type Also = (ids: { readonly eventId: string; readonly idempotencyKey: string }) => void
type Env = Readonly<Record<string, string | undefined>>

function stub(env: Env): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
}
