import { count, eq, sql, TransactionRollbackError } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import {
  bigint,
  boolean,
  date,
  integer,
  interval,
  json,
  jsonb,
  numeric,
  pgEnum,
  pgTable,
  point,
  serial,
  text,
  time,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import pg from 'pg'
import { contract, t } from 'tricube'
import { type Database, DatabaseError, database } from 'tricube/sql'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { logging } from '../../log/logFile.ts'
import { directUrl, freshDatabase } from '../freshDatabase.ts'

const users = pgTable(
  'users',
  {
    id: serial().primaryKey(),
    name: text().notNull(),
    secret: text(),
    age: integer(),
  },
  (table) => [uniqueIndex('users_name_key').on(table.name)],
)
const mood = pgEnum('mood', ['sad', 'happy'])
const everything = pgTable('everything', {
  id: serial().primaryKey(),
  big: bigint({ mode: 'bigint' }),
  small: bigint({ mode: 'number' }),
  price: numeric(),
  cost: numeric({ mode: 'number' }),
  yes: boolean(),
  at: timestamp({ withTimezone: true }),
  at_text: timestamp({ withTimezone: true, mode: 'string' }),
  local: timestamp(),
  local_text: timestamp({ mode: 'string' }),
  day: date({ mode: 'date' }),
  day_text: date(),
  hour: time(),
  long: interval(),
  tags: text().array(),
  moods: mood().array(),
  prices: numeric().array(),
  place: point(),
  b: jsonb(),
  j: json(),
})

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database
let pool: pg.Pool

beforeAll(async () => {
  fresh = await freshDatabase(`
    CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, secret text, age int CONSTRAINT users_age_check CHECK (age > 0));
    CREATE UNIQUE INDEX users_name_key ON users (name);
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE everything (
      id serial PRIMARY KEY, big int8, small int8, price numeric, cost numeric, yes bool, at timestamptz, at_text timestamptz,
      local timestamp, local_text timestamp, day date, day_text date, hour time, long interval, tags text[], moods mood[],
      prices numeric[], place point, b jsonb, j json);
  `)
  db = database({ url: fresh.url })
  pool = new pg.Pool({ connectionString: directUrl(fresh.url), options: '-c timezone=UTC' })
})
afterAll(async () => {
  await pool.end()
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

describe('returns what drizzle-orm/node-postgres returns', () => {
  const row = {
    big: 9007199254740993n,
    small: 3,
    price: '1.50',
    cost: 1.5,
    yes: true,
    at: new Date('2026-11-23T05:36:00.123Z'),
    at_text: '2026-11-23 05:36:00.123456+00',
    local: new Date('2026-11-23T05:36:00.123Z'),
    local_text: '2026-11-23 05:36:00.5',
    day: new Date('2026-11-23T00:00:00.000Z'),
    day_text: '2026-11-23',
    hour: '05:36:00',
    long: '1 day 02:00:00',
    tags: ['a,b', '"', ''],
    moods: ['sad' as const],
    prices: ['1.50', '2'],
    place: [1, 2] as [number, number],
    b: { a: [1, null] },
    j: [1, 'x'],
  }

  test('for each type of column, both ways', async () => {
    expect(await db.drizzle.insert(everything).values(row).returning()).toEqual([{ id: 1, ...row }])
    expect(await drizzle(pool).select().from(everything)).toEqual([{ id: 1, ...row }])
    const nothing = Object.fromEntries(Object.keys(row).map((key) => [key, null]))
    expect(await db.drizzle.insert(everything).values({}).returning()).toEqual([{ id: 2, ...nothing }])
  })

  test.each([
    [
      'a raw SELECT',
      sql`SELECT 1 AS a, '{"x": [1]}'::jsonb AS b, 'text'::text AS t, 5::int8 AS n, now() > '2020-01-01' AS yes`,
    ],
    ['a raw SELECT of dates', sql`SELECT '2026-11-23 05:36:00.5+00'::timestamptz AS at, '2026-11-23'::date AS day`],
    ['a raw SELECT of arrays', sql`SELECT ARRAY[1, 2] AS a, '{"a b"}'::text[] AS t, ARRAY['sad']::mood[] AS m`],
    ['raw values', sql`SELECT ${'5'}::jsonb AS a, ${'x'}::text AS t, ${true}::text AS yes, ${null}::int AS n`],
    ['no row', sql`SELECT 1 AS a WHERE false`],
    ['an UPDATE', sql`UPDATE everything SET yes = yes`],
    ['an INSERT', sql`INSERT INTO users (name) VALUES ('raw') ON CONFLICT DO NOTHING`],
    ['a DELETE', sql`DELETE FROM users WHERE name = 'raw'`],
    ['a DELETE of nothing', sql`DELETE FROM users WHERE name = 'raw'`],
  ])('for %s', async (_, statement) => {
    const { command, rowCount, rows } = await undone(drizzle(pool), (tx) => tx.execute(statement))
    expect(await undone(db.drizzle, (tx) => tx.execute(statement))).toEqual({ command, rowCount, rows })
  })

  test('for a change without returning, a count, a prepared query', async () => {
    const insert = (tx: Builder) => tx.insert(users).values([{ name: 'a' }, { name: 'b' }])
    expect(await undone(db.drizzle, insert)).toMatchObject({ command: 'INSERT', rowCount: 2, rows: [] })
    await undone(db.drizzle, async (tx) => {
      await insert(tx)
      expect(await tx.$count(users)).toBe(2)
      expect(await tx.$count(users, eq(users.name, 'a'))).toBe(1)
      expect(await tx.select({ n: count() }).from(users)).toEqual([{ n: 2 }])
      const named = tx
        .select({ name: users.name })
        .from(users)
        .where(eq(users.name, sql.placeholder('name')))
        .prepare('q')
      expect(await named.execute({ name: 'b' })).toEqual([{ name: 'b' }])
      const [first] = await tx
        .select({ deep: { name: users.name, age: users.age } })
        .from(users)
        .leftJoin(everything, sql`true`)
        .limit(1)
      expect(first).toEqual({ deep: { name: 'a', age: null } })
    })
    expect(await db.drizzle.$count(users)).toBe(0)
  })

  test.each(['5', 'true', 'null', '{"a":1}', '"', 'text', 5, true, [1], { a: 'x' }])(
    'and the JSON that was stored: %j',
    async (value) => {
      await undone(db.drizzle, async (tx) => {
        const [written] = await tx
          .insert(everything)
          .values({ b: value, j: value })
          .returning({ id: everything.id, b: everything.b })
        expect(written).toMatchObject({ b: value })
        const [read] = await tx
          .select({ b: everything.b, j: everything.j })
          .from(everything)
          .where(eq(everything.id, written!.id))
        expect(read).toEqual({ b: value, j: value })
      })
    },
  )
})

describe('transactions', () => {
  test('commit, roll back, nest', async () => {
    await db.drizzle.transaction(
      async (tx) => {
        await tx.insert(users).values({ name: 'kept' })
        const inner = tx.transaction(async (nested) => {
          await nested.insert(users).values({ name: 'lost' })
          nested.rollback()
        })
        await expect(inner).rejects.toBeInstanceOf(TransactionRollbackError)
        await tx.transaction((nested) => nested.insert(users).values({ name: 'nested' }))
      },
      { isolationLevel: 'repeatable read', accessMode: 'read write' },
    )
    expect(await db.many`DELETE FROM users RETURNING name`).toEqual([{ name: 'kept' }, { name: 'nested' }])
  })

  test('are those of tricube, with its rules', async () => {
    await db.transaction(async (tx) => {
      await tx.drizzle.transaction((inner) => inner.insert(users).values({ name: 'inside' }))
      expect(await tx.value`SELECT name FROM users`).toBe('inside')
      await tx.execute`DELETE FROM users`
    })
    await expect(db.drizzle.execute(sql`BEGIN`)).rejects.toMatchObject({ sqlstate: '25001' })
  })
})

describe('what fails', () => {
  const Row = t.Object({ name: t.Union([t.String(), t.Null()]), secret: t.String(), age: t.Integer() })
  const userService = contract('user-service', { add: { route: 'POST /users', body: Row, returns: t.Unknown() } })

  test('is a DatabaseError without a wrapper', async () => {
    await db.drizzle.insert(users).values({ name: 'twice' })
    const failing = [
      [db.drizzle.insert(users).values({ name: 'twice' }), '23505'],
      [db.drizzle.insert(users).values({ name: 'twice' }).returning(), '23505'],
      [db.drizzle.execute(sql`SELECT no_such_column`), '42703'],
      [
        db.drizzle
          .select()
          .from(users)
          .where(sql`id = ${'x'}`),
        '22P02',
      ],
      [db.drizzle.$count(sql`no_such_table`), '42P01'],
    ] as const
    for (const [statement, sqlstate] of failing) {
      const error: unknown = await Promise.resolve(statement).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(DatabaseError)
      expect(error).toMatchObject({ sqlstate })
      expect(error).not.toHaveProperty('params')
    }
    await db.execute`DELETE FROM users`
  })

  test('has the same response as with db.execute, and no value in the log', async () => {
    vi.stubEnv('DATABASE_URL', fresh.url)
    const { app, text } = await logging(userService, {
      database: {},
      handlers: {
        async add({ body, db: own }) {
          const inserted = await own.drizzle
            .insert(users)
            .values(body as never)
            .returning({ id: users.id })
          return own.drizzle.execute(sql`SELECT ${body.secret} || no_such_column, ${inserted.length}::int`)
        },
      },
    })
    const add = async (body: object): Promise<number> =>
      (await app.inject({ method: 'POST', url: '/users', payload: body })).statusCode
    await db.execute`INSERT INTO users (name) VALUES ('taken')`
    expect(await add({ name: 'taken', secret: 'hunter2', age: 1 })).toBe(409)
    expect(await add({ name: null, secret: 'hunter2', age: 1 })).toBe(422)
    expect(await add({ name: 'young', secret: 'hunter2', age: -1 })).toBe(422)
    expect(await add({ name: 'old', secret: 'hunter2', age: 2 ** 40 })).toBe(400)
    expect(await add({ name: 'ok', secret: 'hunter2', age: 1 })).toBe(500)
    const written = await text()
    expect(written).toContain('no_such_column')
    expect(written).not.toContain('hunter2')
  })
})

type Builder = Database['drizzle']

/** What `run` gives in a transaction that is rolled back. */
async function undone<Tx, T>(
  on: { transaction(fn: (tx: Tx) => Promise<void>): Promise<void> },
  run: (tx: Tx) => PromiseLike<T>,
): Promise<T> {
  let result: T
  const rollback = new Error('undone')
  const transaction = on.transaction(async (tx) => {
    result = await run(tx)
    throw rollback
  })
  await expect(transaction).rejects.toBe(rollback)
  return result!
}
