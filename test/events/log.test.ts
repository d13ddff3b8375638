import { expect, it } from 'vitest'
import { database, type Database } from '../../src/sql/index.ts'
import { deleteBefore, read, startOf, tick } from '../../src/events/log.ts'
import { logTables } from '../../src/events/tables.ts'
import { prepareTables } from '../../src/tables/prepare.ts'
import { directDatabase } from '../sql/freshDatabase.ts'

const hourMs = 3_600_000

it('deletes all that is old, however much, and keeps what is new', async () => {
  await using fresh = await directDatabase()
  await using db = database({ url: fresh.url, lanes: 1, pool: 2 })
  await prepareTables(db, [{ name: 'events', versions: logTables }], 'note-service')
  const beginning = await startOf(db, 'beginning')
  await db.script(`INSERT INTO tricube.events (name, payload) SELECT 'noted', '1' FROM generate_series(1, 25000)`)
  await allSettled(db)
  await tick(db)
  const { position: middle } = await read(db, beginning, ['noted'], 100)
  expect(middle.to).toBeGreaterThan(middle.from)
  await db.execute`UPDATE tricube.event_ticks SET ticked_at = now() - interval '2 hours'`
  await db.script(`INSERT INTO tricube.events (name, payload) VALUES ('noted', '2')`)
  await tick(db)

  await deleteBefore(db, hourMs)

  expect(await db.value`SELECT count(*) FROM tricube.events`).toBe(1)
  const { events } = await read(db, await startOf(db, 'beginning'), ['noted'], 100)
  expect(events.map(({ payload }) => payload)).toEqual(['2'])
  for (const position of [beginning, middle]) {
    await expect(read(db, position, ['noted'], 100)).rejects.toMatchObject({ status: 410 })
  }
})

it('keeps everything while nothing is old', async () => {
  await using fresh = await directDatabase()
  await using db = database({ url: fresh.url, lanes: 1, pool: 2 })
  await prepareTables(db, [{ name: 'events', versions: logTables }], 'note-service')
  await db.script(`INSERT INTO tricube.events (name, payload) VALUES ('noted', '1')`)
  await tick(db)
  await deleteBefore(db, hourMs)
  expect(await db.value`SELECT count(*) FROM tricube.events`).toBe(1)
})

/**
 * Transactions of other databases of this server have numbers from the same sequence. One that is older than the events could still
 * publish, as far as a tick knows, so they are not deleted before it ends.
 */
async function allSettled(db: Database): Promise<void> {
  const settled = () => db.value`SELECT bool_and(xid < pg_snapshot_xmin(pg_current_snapshot())) FROM tricube.events`
  await expect.poll(settled, { timeout: 30_000 }).toBe(true)
}
