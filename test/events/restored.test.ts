/** What happens to subscriptions when somebody replaces or restores the database of their publisher, over each transport. */
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { database } from 'tricube/sql'
import { expect, it } from 'vitest'
import { overTransports } from './overTransports.ts'
import {
  begun,
  count,
  mirror,
  noted,
  numbers,
  publish,
  subscribe,
  urls,
  useServices,
  type Running,
} from './services.ts'

useServices()
const patience = { timeout: 30_000 }

/** Publishes events one after the other, so that each has a tick of its own. */
const publishAll = async ({ db }: Running, first: number, last: number): Promise<void> => {
  const ticks = () => db.value<number>`SELECT max(id) FROM tricube.event_ticks`
  for (let n = first; n <= last; n++) {
    const before = await ticks()
    await db.publish(noted, { key: 1, n })
    await expect.poll(ticks).toBeGreaterThan(before)
  }
}
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)
const portOf = ({ url }: Running) => Number(new URL(url).port)
const logged = () => {
  const file = join(mkdtempSync(join(tmpdir(), 'tricube-log-')), 'log')
  return { env: { LOG_LEVEL: 'error', LOG_FILE: file }, lines: () => readFileSync(file, 'utf8') }
}

/** Replaces the database of the publisher, which must be closed: by an empty one, or by a copy of another one. */
const replaceDatabase = async ({ template = 'template1' } = {}): Promise<void> => {
  const name = nameOfPublisher()
  await run(`DROP DATABASE ${name} WITH (FORCE)`)
  await run(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`)
}
const nameOfPublisher = () => new URL(urls().publisher).pathname.slice(1)
const run = async (statement: string): Promise<void> => {
  await using admin = database({ url: process.env['TRICUBE_TEST_DATABASE_URL']!, lanes: 0, pool: 1 })
  await admin.script(statement)
}
const script = async (text: string): Promise<void> => {
  await using db = database({ url: urls().publisher, lanes: 0, pool: 1 })
  await db.script(text)
}

/** Gives the log transaction numbers that this PostgreSQL has not reached, as a dump from a busier one has. */
const fromAnotherServer = `
  UPDATE tricube.events SET xid = (xid::text::bigint + 1000000000)::text::xid8;
  UPDATE tricube.event_ticks SET snapshot = format('%s:%s:%s',
    pg_snapshot_xmin(snapshot)::text::bigint + 1000000000, pg_snapshot_xmax(snapshot)::text::bigint + 1000000000,
    (SELECT string_agg((xip::text::bigint + 1000000000)::text, ',') FROM pg_snapshot_xip(snapshot) AS xip))::pg_snapshot`

overTransports((nats) => {
  it('takes all events of a new database, whose ticks and rows have the numbers of the old one', async () => {
    const one = await publish()
    const { env, lines } = logged()
    const keys: string[] = []
    await subscribe(one.url, { env, also: ({ idempotencyKey }) => void keys.push(idempotencyKey) })
    await begun()
    await publishAll(one, 1, 5)
    await expect.poll(count).toBe(5)
    await one.close()
    await replaceDatabase()
    const two = await publish({ port: portOf(one) })
    await publishAll(two, 6, 14)
    await expect.poll(numbers, patience).toEqual(range(1, 14))
    await expect.poll(lines).toContain('the publisher has another database: the subscription has begun anew')
    expect(new Set(keys).size).toBe(14) // calls that are idempotent by key are made for new events
  }, 60_000)

  it('takes what is published after a restore, and nothing twice that is older than a minute', async () => {
    const one = await publish()
    await publishAll(one, 1, 3)
    await script(`UPDATE tricube.event_ticks SET ticked_at = ticked_at - interval '5 minutes'`)
    const { env, lines } = logged()
    if (nats()) await expect.poll(() => one.db.value`SELECT sequence FROM tricube.event_relays`).toBe(3)
    const two = await subscribe(one.url, { env, from: 'beginning' })
    await expect.poll(count).toBe(3)
    await one.close()
    const backup = `${nameOfPublisher()}_backup`
    await run(`CREATE DATABASE ${backup} TEMPLATE ${nameOfPublisher()} STRATEGY file_copy`)
    const lost = await publish({ port: portOf(one) })
    await publishAll(lost, 4, 6)
    await expect.poll(count, patience).toBe(6)
    await lost.close()
    await two.close()
    await replaceDatabase({ template: backup })
    await run(`DROP DATABASE ${backup}`)
    const restored = await publish({ port: portOf(one) })
    await publishAll(restored, 7, 12)
    await subscribe(one.url, { env, from: 'beginning' })
    await expect.poll(numbers, patience).toEqual(range(1, 12))
    await expect.poll(lines).toContain('the database of the publisher was restored to an earlier state')
  }, 60_000)

  it('goes on after a dump was restored into another PostgreSQL, whose transactions have smaller numbers', async () => {
    const one = await publish()
    await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 4)
    await expect.poll(count).toBe(4)
    await one.close()
    await script(fromAnotherServer)
    const two = await publish({ port: portOf(one) })
    for (const n of range(5, 8)) await two.db.publish(noted, { key: 1, n })
    await expect.poll(numbers, patience).toEqual(range(1, 8))
  }, 60_000)

  it('loses nothing to such a dump while the subscriber is away', async () => {
    const one = await publish()
    const away = await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 2)
    await expect.poll(count).toBe(2)
    await away.close()
    await publishAll(one, 3, 4)
    await one.close()
    await script(fromAnotherServer)
    const two = await publish({ port: portOf(one) })
    await two.db.publish(noted, { key: 1, n: 5 })
    await subscribe(one.url)
    await expect.poll(async () => [...new Set(await numbers())], patience).toEqual(range(1, 5))
  }, 60_000)

  it('goes on from a position of an earlier release, and gives it positions that it can read', async () => {
    const one = await publish()
    const before = await subscribe(one.url)
    await begun()
    await publishAll(one, 1, 2)
    await expect.poll(count).toBe(2)
    await before.close()
    await mirror.execute`UPDATE tricube.event_cursors SET position = regexp_replace(position, ',~.*', '')`
    await publishAll(one, 3, 4)
    await subscribe(one.url)
    await expect.poll(numbers).toEqual(range(1, 4))
    const position = await mirror.value<string>`SELECT position FROM tricube.event_cursors`
    expect(position).toContain('~')
    for (const part of position.split(',')) expect(part).toMatch(/^([\w%.~-]*):(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/)
  }, 60_000)
})
