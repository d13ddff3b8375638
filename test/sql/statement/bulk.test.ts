import { eq } from 'drizzle-orm'
import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Database, database } from 'tricube/sql'
import { faultProxy } from 'tricube/testing'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase(`
    CREATE TABLE items (id int PRIMARY KEY, name text, tags jsonb, made timestamptz DEFAULT '2026-11-23T05:36:00Z')
  `)
  db = await database({ url: fresh.url, pool: 3 })
})
beforeEach(() => db.execute`TRUNCATE items`)
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

describe('stream', () => {
  test('yields any number of rows', async () => {
    for (const length of [0, 1, 199, 200, 201, 1000]) {
      const seen: number[] = []
      for await (const { n } of db.stream<{ n: number }>`SELECT n FROM generate_series(1, ${length}::int) n`)
        seen.push(n)
      expect(seen).toEqual(Array.from({ length }, (_, i) => i + 1))
    }
  })

  test('reads only what is requested, and returns the connection when the loop is left', async () => {
    let seen = 0
    for await (const { n } of db.stream<{ n: number }>`SELECT n FROM generate_series(1, 10000000) n`) {
      seen = n
      if (n === 500) break
    }
    expect(seen).toBe(500)
    expect(db.stats().pool).toMatchObject({ size: 1, idle: 1 })
  })

  test('allows other statements of its transaction between rows', async () => {
    await db.transaction(async (tx) => {
      for await (const { n } of tx.stream<{ n: number }>`SELECT n FROM generate_series(1, 500) n`) {
        if (n % 100 === 0) await tx.execute`INSERT INTO items (id) VALUES (${n})`
      }
    })
    expect(await db.value`SELECT count(*) FROM items`).toBe(5)
  })

  test('rejects with the error of the statement', async () => {
    const read = async () => {
      for await (const _ of db.stream`SELECT 1 / (300 - n) FROM generate_series(1, 1000) n`);
    }
    await expect(read()).rejects.toMatchObject({ sqlstate: '22012' })
    await vi.waitFor(() => expect(db.stats().pool.idle).toBe(db.stats().pool.size))
  })

  test('rejects at its timeout', async () => {
    const read = async () => {
      for await (const _ of db.with({ timeoutMs: 50 }).stream`SELECT pg_sleep(0.001) FROM generate_series(1, 10000) n`);
    }
    await expect(read()).rejects.toMatchObject({ sqlstate: '57014' })
    await vi.waitFor(() => expect(db.stats().pool.idle).toBe(db.stats().pool.size))
  })
})

describe('batch', () => {
  const items = (length: number) => Array.from({ length }, (_, i) => ({ id: i, name: `item ${i}`, tags: [i] }))

  test('runs one statement for many rows', async () => {
    const insert = db.batch(items(2500))
    const count =
      await insert`INSERT INTO items (id, name, tags) VALUES (${(i) => i.id}, ${(i) => i.name}, ${(i) => i.tags})`
    expect(count).toBe(2500)
    expect(await db.one`SELECT name, tags FROM items WHERE id = 2499`).toEqual({ name: 'item 2499', tags: [2499] })
    expect(await db.batch([1, 2])`UPDATE items SET name = ${'same'} WHERE id IN (${(n) => n}, ${(n) => n + 10})`).toBe(
      4,
    )
    expect(await db.batch([])`DELETE FROM items`).toBe(0)
  })

  test('is all or nothing', async () => {
    const twice = db.batch([{ id: 1 }, { id: 2 }, { id: 1 }])`INSERT INTO items (id) VALUES (${(i) => i.id})`
    await expect(twice).rejects.toMatchObject({ sqlstate: '23505' })
    expect(await db.value`SELECT count(*) FROM items`).toBe(0)
  })
})

test('a script runs many statements, all or none, and does not change a connection', async () => {
  await db.script(`SET search_path = nowhere; INSERT INTO public.items (id) VALUES (1)`)
  await expect(db.script('INSERT INTO items (id) VALUES (2); SELECT 1 / 0')).rejects.toMatchObject({
    sqlstate: '22012',
  })
  expect(await db.with({ slow: true }).many`SELECT id FROM items`).toEqual([{ id: 1 }])
  await expect(db.script('COPY items FROM STDIN')).rejects.toMatchObject({ sqlstate: '0A000' })
})

describe.skipIf(isPooled)('listen', () => {
  test('receives the notifications of its channel', async () => {
    const heard: string[] = []
    const listening = await db.listen('Weird "channel"', (payload) => void heard.push(payload))
    await using other = await db.listen('other', (payload) => void heard.push(`other ${payload}`))
    await db.notify('Weird "channel"', 'one')
    await db.transaction(async (tx) => {
      await tx.notify('Weird "channel"', 'two')
      await tx.notify('other')
    })
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two', 'other ']))
    await listening.close()
    await db.notify('Weird "channel"', 'three')
    await db.notify('other', 'last')
    await vi.waitFor(() => expect(heard.at(-1)).toBe('other last'))
    expect(heard).not.toContain('three')
    await other.close()
  })

  test('reconnects, and reports that notifications may have been missed', async () => {
    await using proxy = await faultProxy({ target: fresh.url })
    await using through = await database({ url: proxy.url })
    const heard: string[] = []
    const onReconnect = vi.fn<() => void>()
    await through.listen('news', (payload) => void heard.push(payload), { onReconnect })
    await proxy.add({ type: 'reset_peer' })()
    await vi.waitFor(() => expect(onReconnect).toHaveBeenCalledOnce())
    await db.notify('news', 'again')
    await vi.waitFor(() => expect(heard).toEqual(['again']))
  })
})

test('drizzle builds queries for the same connections', async () => {
  const items = pgTable('items', { id: integer().primaryKey(), name: text(), made: timestamp({ withTimezone: true }) })
  const made = new Date('2026-01-02T03:04:05.678Z')
  expect(await db.drizzle.insert(items).values({ id: 1, name: 'x', made }).returning()).toEqual([
    { id: 1, name: 'x', made },
  ])
  await expect(
    db.transaction(async (tx) => {
      await tx.drizzle.update(items).set({ name: 'y' }).where(eq(items.id, 1))
      expect(await tx.value`SELECT name FROM items`).toBe('y')
      throw new Error('back')
    }),
  ).rejects.toThrow('back')
  expect(await db.drizzle.select({ name: items.name }).from(items)).toEqual([{ name: 'x' }])
})

test('an observer sees every statement', async () => {
  const seen: unknown[] = []
  await using watched = await database({
    url: fresh.url,
    observer: {
      statement: ({ verb, text: sqlText }, startedAt, rowCount, error, request) => {
        expect(startedAt).toBeLessThanOrEqual(performance.now())
        seen.push([verb, sqlText, rowCount, error && (error as { sqlstate: string }).sqlstate, request])
      },
    },
  })
  const request = {}
  await watched.forRequest(request).many`SELECT generate_series(1, ${3}::int)`
  await watched.one`SELECT 1 / 0`.catch(() => {})
  await watched.transaction((tx) => tx.execute`DELETE FROM items`)
  expect(seen).toEqual([
    ['SELECT', 'SELECT generate_series(1, $1::int)', 3, undefined, request],
    ['SELECT', 'SELECT 1 / 0', 0, '22012', undefined],
    ['BEGIN', 'BEGIN', 0, undefined, undefined],
    ['DELETE', 'DELETE FROM items', 0, undefined, undefined],
    ['COMMIT', 'COMMIT', 0, undefined, undefined],
  ])
})
