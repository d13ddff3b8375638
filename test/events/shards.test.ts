/** A publisher whose data is in several databases, one of which is away: the events of the others go on. */
import { contract, service } from 'tricube'
import { database, type Database } from 'tricube/sql'
import { faultProxy, type FaultProxy } from 'tricube/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { directDatabase } from '../sql/freshDatabase.ts'
import { overTransports } from './overTransports.ts'
import { begun, noted, numbers, publisher, started, subscribe, useServices } from './services.ts'

useServices()
let here: Awaited<ReturnType<typeof directDatabase>>
let away: Awaited<ReturnType<typeof directDatabase>>
let proxy: FaultProxy
let side: Database
beforeEach(async () => {
  here = await directDatabase()
  away = await directDatabase()
  proxy = await faultProxy({ target: away.url })
  side = database({ url: away.url, lanes: 0, pool: 1 })
})
afterEach(async () => {
  await side.close()
  await proxy.close()
  await here[Symbol.asyncDispose]()
  await away[Symbol.asyncDispose]()
})

/** Starts the publisher: a shard that is always here, and one behind the proxy. */
const publish = async (): Promise<{ readonly url: string; readonly db: Database }> => {
  vi.stubEnv('DATABASE_URL', undefined)
  vi.stubEnv('PORT', '0')
  let db!: Database
  const one = service(publisher, {
    models: {},
    database: { shards: { key: () => 'here', map: { here: here.url, away: proxy.url } } },
    handlers: {},
    hooks: { beforeStart: (app) => void (db = app.db!) },
  })
  return started(one, () => db)
}
/** Publishes an event in the shard that is away, as another instance would that still reaches it. */
const publishAway = (n: number) =>
  side.execute`INSERT INTO tricube.events (name, key, payload) VALUES ('noted', '2', ${JSON.stringify({ key: 2, n })})`

overTransports(() => {
  it.each([
    ['refuses connections', 'down'],
    ['does not respond', 'timeout'],
  ] as const)(
    'goes on while the database of a shard %s, and catches up',
    async (_, type) => {
      const { db, url } = await publish()
      await subscribe(url)
      await begun()
      await db.shard('here').publish(noted, { key: 1, n: 1 })
      await db.shard('away').publish(noted, { key: 2, n: 1 })
      await expect.poll(numbers).toEqual([1, 1])
      const back = proxy.add({ type })
      await publishAway(2)
      const from = performance.now()
      for (let n = 3; n <= 7; n++) {
        await db.shard('here').publish(noted, { key: 1, n })
        await expect.poll(numbers, { timeout: 10_000 }).toContain(n)
      }
      expect(performance.now() - from).toBeLessThan(15_000) // a statement on the silent one takes twenty seconds
      expect(await numbers()).not.toContain(2)
      await back()
      await publishAway(8)
      await expect
        .poll(async () => (await numbers()).toSorted((a, b) => a - b), { timeout: 30_000 })
        .toEqual([1, 1, 2, 3, 4, 5, 6, 7, 8])
    },
    60_000,
  )
})

it('begins in all shards: an event of one that is away is not taken for an old one', async () => {
  const { db, url } = await publish()
  await db.shard('away').publish(noted, { key: 2, n: 1 })
  const back = proxy.add({ type: 'down' })
  const response = await fetch(`${url}/tricube/events?names=noted&from=beginning&wait_ms=0`)
  expect(response.ok).toBe(false)
  await back()
  await subscribe(url, { from: 'beginning' })
  await expect.poll(numbers, { timeout: 20_000 }).toEqual([1])
}, 40_000)

it('subscribes with the first shard when there is no other database', async () => {
  const { db, url } = await publish()
  await db.shard('here').publish(noted, { key: 1, n: 1 })
  const seen: number[] = []
  vi.stubEnv('TRICUBE_SERVICES', `note-service=${new URL(url).host}`)
  const sharded = service(contract('sharded-service', {}), {
    models: {},
    database: { shards: { key: () => 'here', map: { here: here.url, away: away.url } } },
    handlers: {},
    subscriptions: { copy: { event: noted, from: 'beginning', handler: ({ event }) => void seen.push(event.n) } },
  })
  await started(sharded)
  await expect.poll(() => seen).toEqual([1])
})
