import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, database, httpErrorOf } from 'tricube/sql'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database
let migrator: Database

beforeAll(async () => {
  fresh = await freshDatabase()
  db = database({ url: fresh.url, lanes: 1, pool: 2 })
  migrator = database({ url: fresh.url, lanes: 0, pool: 1 })
})
afterAll(async () => {
  await Promise.all([db.close(), migrator.close()])
  await fresh[Symbol.asyncDispose]()
})

let tables = 0

/** A statement in each place where one may be prepared: on a lane, on the pool, as the first of a transaction. */
const places: readonly (readonly [
  string,
  <T>(fn: (on: Pick<Database, 'value' | 'execute'>) => Promise<T>) => Promise<T>,
])[] = [
  ['on a lane', (fn) => fn(db)],
  ['on the pool', (fn) => fn(db.with({ slow: true }))],
  ['first in a transaction', (fn) => db.transaction(fn)],
]

describe.each(places)('a statement prepared before a migration, %s', (_, run) => {
  interface Change {
    readonly before: string
    readonly first: unknown
    readonly migration: string
    readonly next: unknown
    readonly stored: unknown
  }

  test.each<[string, Change]>([
    [
      'an enum that is made again',
      {
        before: `CREATE TYPE mood_T AS ENUM ('sad', 'ok'); CREATE TABLE T (v mood_T)`,
        first: 'sad',
        migration: `
          ALTER TABLE T ALTER v TYPE text; DROP TYPE mood_T; CREATE TYPE mood_T AS ENUM ('ok', 'glad');
          UPDATE T SET v = 'ok'; ALTER TABLE T ALTER v TYPE mood_T USING v::mood_T`,
        next: 'glad',
        stored: 'glad',
      },
    ],
    [
      'int4 to int8',
      {
        before: 'CREATE TABLE T (v int)',
        first: 1,
        migration: 'ALTER TABLE T ALTER v TYPE bigint',
        next: 5e9,
        stored: 5e9,
      },
    ],
    [
      'text to int',
      {
        before: 'CREATE TABLE T (v text)',
        first: '1',
        migration: 'ALTER TABLE T ALTER v TYPE int USING v::int',
        next: 2,
        stored: 2,
      },
    ],
    [
      'int to text',
      {
        before: 'CREATE TABLE T (v int)',
        first: 1,
        migration: 'ALTER TABLE T ALTER v TYPE text',
        next: 'x',
        stored: 'x',
      },
    ],
    [
      'int[] to jsonb',
      {
        before: 'CREATE TABLE T (v int[])',
        first: [1],
        migration: 'ALTER TABLE T ALTER v TYPE jsonb USING to_jsonb(v)',
        next: [1, 2],
        stored: [1, 2],
      },
    ],
    [
      'text to text[]',
      {
        before: 'CREATE TABLE T (v text)',
        first: 'a',
        migration: 'ALTER TABLE T ALTER v TYPE text[] USING array[v]',
        next: ['a', 'b'],
        stored: ['a', 'b'],
      },
    ],
    [
      'text to jsonb: a string stays a string',
      {
        before: 'CREATE TABLE T (v text)',
        first: 'a',
        migration: 'ALTER TABLE T ALTER v TYPE jsonb USING to_jsonb(v)',
        next: '5',
        stored: '5',
      },
    ],
    [
      'timestamp to timestamptz: the offset counts',
      {
        before: 'CREATE TABLE T (v timestamp)',
        first: '2024-01-01T00:00:00',
        migration: `ALTER TABLE T ALTER v TYPE timestamptz`,
        next: '2024-01-01T00:00:00+05:00',
        stored: '2023-12-31T19:00:00Z',
      },
    ],
    [
      'date to timestamp: the time counts',
      {
        before: 'CREATE TABLE T (v date)',
        first: '2024-01-01',
        migration: 'ALTER TABLE T ALTER v TYPE timestamp',
        next: '2024-01-01T10:30:00',
        stored: '2024-01-01T10:30:00',
      },
    ],
    [
      'real to double precision: all digits count',
      {
        before: 'CREATE TABLE T (v real)',
        first: 1,
        migration: 'ALTER TABLE T ALTER v TYPE float8',
        next: 0.1,
        stored: 0.1,
      },
    ],
    [
      'char(n) to text: blanks count',
      {
        before: 'CREATE TABLE T (v char(3))',
        first: 'a',
        migration: 'ALTER TABLE T ALTER v TYPE text',
        next: 'b ',
        stored: 'b ',
      },
    ],
    [
      'timestamp[] to timestamptz[]',
      {
        before: 'CREATE TABLE T (v timestamp[])',
        first: ['2024-01-01T00:00:00'],
        migration: 'ALTER TABLE T ALTER v TYPE timestamptz[]',
        next: ['2024-01-01T00:00:00+05:00'],
        stored: ['2023-12-31T19:00:00Z'],
      },
    ],
  ])('%s', async (_name, { before, first, migration, next, stored }) => {
    const table = `t${++tables}`
    const sqlOf = (text: string) => text.replaceAll(/\bT\b|(?<=_)T\b/g, table)
    await migrator.script(sqlOf(before))
    const insert = (value: unknown) => run((on) => on.execute`INSERT INTO ${db.id(table)} (v) VALUES (${value})`)
    const find = (value: unknown) => run((on) => on.value`SELECT count(*) FROM ${db.id(table)} WHERE v = ${value}`)
    for (let i = 0; i < 6; i++) await insert(first)
    await find(first)
    await migrator.script(sqlOf(migration))
    await insert(next)
    expect(await db.value`SELECT v FROM ${db.id(table)} ORDER BY ctid DESC LIMIT 1`).toEqual(stored)
    expect(await find(next)).toBe(1)
  })
})

// Behind a pooler nothing stays prepared from one run to the next.
test.skipIf(isPooled)(
  'a later statement of a transaction that meets a migration is a 503, and is retried with `retries`',
  async () => {
    await using db = database({ url: fresh.url, lanes: 0, pool: 1 })
    await migrator.script('CREATE TABLE late (id int, v int); INSERT INTO late VALUES (1, 1)')
    const twice = (options = {}) =>
      db.transaction(async (tx) => {
        await tx.execute`UPDATE late SET id = id`
        return tx.value`SELECT v FROM late`
      }, options)
    for (let i = 0; i < 6; i++) await twice()
    await migrator.script('ALTER TABLE late ALTER v TYPE bigint')
    const error: unknown = await twice().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ sqlstate: '0A000' })
    expect(httpErrorOf(error)).toMatchObject({ status: 503 })
    await migrator.script('ALTER TABLE late ALTER v TYPE text')
    expect(await twice({ retries: 1 })).toBe('1')
  },
)
