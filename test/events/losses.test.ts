/** Ways in which an event could be lost between a log, a stream and a subscription. */
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { contract, service, t } from 'tricube'
import type { Database } from 'tricube/sql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tick } from '../../src/events/log.ts'
import { natsBinary, realNats, type RealNats } from './realNats.ts'
import { begun, noted, numbers, publish, started, subscribe, urls, useServices } from './services.ts'

useServices()

describe.skipIf(!natsBinary)('over NATS', () => {
  let nats: RealNats
  let connection: NatsConnection
  beforeEach(async () => {
    nats = await realNats()
    connection = await connect({ servers: nats.url })
    vi.stubEnv('EVENTS_URL', nats.url)
  })
  afterEach(async () => {
    await connection.close()
    await nats[Symbol.asyncDispose]()
  })

  it('loses no event after a message that somebody else has written', async () => {
    const { db, url } = await publish()
    await subscribe(url)
    await begun()
    await db.publish(noted, { key: 1, n: 0 })
    await expect.poll(numbers).toEqual([0])
    await jetstream(connection).publish('tricube.note-service.noted', '{}')
    await db.transaction(async (tx) => {
      for (let n = 1; n <= 6; n++) await tx.publish(noted, { key: 1, n })
    })
    await expect.poll(numbers).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('relays events of a name that a newer release has published', async () => {
    const Other = t.Object({ key: t.Integer(), n: t.Integer() })
    const old = contract('note-service', {}, { events: { other: { payload: Other } } })
    vi.stubEnv('DATABASE_URL', urls().publisher)
    vi.stubEnv('PORT', '0')
    let db!: Database
    const one = service(old, { models: {}, handlers: {}, hooks: { beforeStart: (app) => void (db = app.db!) } })
    await started(one)
    await db.execute`INSERT INTO tricube.events (name, key, payload) VALUES ('noted', '1', '{"key":1,"n":1}')`
    await db.publish(old.events.other, { key: 1, n: 5 })
    await expect.poll(() => db.value`SELECT sequence FROM tricube.event_relays`).toBe(2)
    await one.close()
    const { url } = await publish()
    await subscribe(url, { from: 'beginning' })
    await expect.poll(numbers).toEqual([1])
  })

  it('goes on with the old limits when NATS rejects new ones', async () => {
    const first = await publish()
    await subscribe(first.url)
    await begun()
    await first.db.publish(noted, { key: 1, n: 0 })
    await expect.poll(numbers).toEqual([0])
    await first.close()
    const { db } = await publish({ env: { EVENTS_MAX_BYTES: '90000000000000' } })
    await db.publish(noted, { key: 1, n: 1 })
    await expect.poll(numbers).toEqual([0, 1])
  })

  it('moves a subscription to the feed that has begun on an empty stream', async () => {
    const { db, url } = await publish()
    const { streams } = await jetstreamManager(connection)
    const find = () => streams.info('tricube-note-service').catch(() => undefined)
    await expect.poll(find).toBeDefined()
    const one = await subscribe(url)
    await begun()
    await one.close()
    await db.publish(noted, { key: 1, n: 1 })
    await subscribe(url, { env: { EVENTS_URL: '' } })
    await expect.poll(numbers).toEqual([1])
  })
})

describe('over the feed', () => {
  it('reaches an event behind many of other names, although nothing wakes the reader', async () => {
    const { db, url } = await publish()
    const insert = async (name: string): Promise<void> => {
      await db.execute`INSERT INTO tricube.events (name, key, payload) VALUES (${name}, '1', '{"key":1,"n":1}')`
      await tick(db)
    }
    for (let i = 0; i < 450; i++) await insert('other')
    await insert('noted')
    const response = await fetch(`${url}/tricube/events?names=noted&from=beginning&wait_ms=0`)
    expect(await response.json()).toMatchObject({ data: { events: [{ name: 'noted' }] } })
  })

  it('begins anew where its log ends before the position of a subscription', async () => {
    const { db, url } = await publish()
    await db.publish(noted, { key: 1, n: 1 })
    const response = await fetch(`${url}/tricube/events?names=noted&after=:900.900.0`)
    expect(await response.json()).toMatchObject({
      data: { events: [{ payload: '{"key":1,"n":1}' }], changes: [{ store: '', change: 'restored' }] },
    })
  })
})
