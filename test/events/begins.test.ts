/** A subscription `from: 'now'` begins when it is created, even if its publisher, or NATS, responds later. */
import { database } from 'tricube/sql'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePort } from '../../src/postgres/free-port.ts'
import { natsBinary, realNats, type RealNats } from './realNats.ts'
import { mirror, noted, numbers, publish, subscribe, urls, useServices } from './services.ts'

useServices()
const patience = { timeout: 30_000 }
/** Publishes an event that is older than the subscription. */
const publishOld = async (): Promise<void> => {
  const one = await publish({ env: { EVENTS_URL: '' } })
  await one.db.publish(noted, { key: 1, n: 0 })
  await expect.poll(() => one.db.value`SELECT count(*) FROM tricube.event_ticks`).toBe(2)
  await one.close()
  await using side = database({ url: urls().publisher, lanes: 0, pool: 1 })
  await side.script(`
    UPDATE tricube.events SET published_at = published_at - interval '1 minute';
    UPDATE tricube.event_ticks SET ticked_at = ticked_at - interval '1 minute'`)
}
/** Publishes events that no subscriber can read yet. */
const publishUnseen = async (...all: number[]): Promise<void> => {
  const one = await publish({ env: { EVENTS_URL: '' } })
  for (const n of all) await one.db.publish(noted, { key: 1, n })
  await one.close()
}
const hasTried = async (): Promise<void> => {
  const tried = () => mirror.value`SELECT count(*) FROM tricube.event_cursors WHERE begins IS NOT NULL`
  await expect.poll(tried, patience).toBe(1)
}

it('gets what was published while the publisher could not be reached, and nothing older', async () => {
  await publishOld()
  const port = await freePort()
  await subscribe(`http://127.0.0.1:${port}`)
  await hasTried()
  await publishUnseen(1, 2)
  const { db } = await publish({ port })
  await db.publish(noted, { key: 1, n: 3 })
  await expect.poll(numbers, patience).toEqual([1, 2, 3])
}, 60_000)

it('begins now when somebody has it begin now while the publisher is away', async () => {
  const port = await freePort()
  await publishOld()
  await subscribe(`http://127.0.0.1:${port}`, { from: 'beginning' })
  await expect.poll(() => mirror.value`SELECT count(*) FROM tricube.event_cursors`, patience).toBe(1)
  await mirror.execute`UPDATE tricube.event_cursors SET begins = 'now'`
  await expect.poll(() => mirror.value<string>`SELECT begins FROM tricube.event_cursors`, patience).toMatch(/^\d{4}-/)
  await publishUnseen(1)
  await publish({ port })
  await expect.poll(numbers, patience).toEqual([1])
}, 60_000)

describe.skipIf(!natsBinary)('over NATS', () => {
  let nats: RealNats
  beforeEach(async () => {
    nats = await realNats()
    vi.stubEnv('EVENTS_URL', nats.url)
  })
  afterEach(() => nats[Symbol.asyncDispose]())

  it('gets what was published before the stream existed, and nothing older', async () => {
    await publishOld()
    await subscribe('http://127.0.0.1:1', { env: { EVENTS_URL: nats.url } })
    await hasTried()
    await publishUnseen(1, 2)
    const { db } = await publish({ env: { EVENTS_URL: nats.url } })
    await db.publish(noted, { key: 1, n: 3 })
    await expect.poll(numbers, patience).toEqual([1, 2, 3])
  }, 60_000)

  it('gets what was published while NATS was down, and nothing older', async () => {
    await publishOld()
    await nats.kill()
    await subscribe('http://127.0.0.1:1', { env: { EVENTS_URL: nats.url } })
    await hasTried()
    await publishUnseen(1, 2)
    await nats.start()
    const { db } = await publish({ env: { EVENTS_URL: nats.url } })
    await db.publish(noted, { key: 1, n: 3 })
    await expect.poll(numbers, patience).toEqual([1, 2, 3])
  }, 60_000)
})
