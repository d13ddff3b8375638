import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, DatabaseError, database, sql } from 'tricube/sql'

const url = process.env['TRICUBE_TEST_DATABASE_URL']!
let db: Database

beforeAll(async () => {
  db = await database({ url })
  await db.script('CREATE TEMP TABLE x (id int); DROP TABLE x')
})
afterAll(() => db.close())

test('one, maybeOne, many, value', async () => {
  expect(await db.one`SELECT ${1}::int AS a`).toEqual({ a: 1 })
  expect(await db.maybeOne`SELECT 1 WHERE false`).toBeUndefined()
  expect(await db.many`SELECT g FROM generate_series(1, 3) g WHERE g NOT IN ${sql.in([2])}`).toEqual([
    { g: 1 },
    { g: 3 },
  ])
  expect(await db.value`SELECT count(*) FROM generate_series(1, 3)`).toBe(3)
  await expect(db.one`SELECT 1 WHERE false`).rejects.toThrow(DatabaseError)
})
