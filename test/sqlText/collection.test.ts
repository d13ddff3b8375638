import fc from 'fast-check'
import { expect, it } from 'vitest'
import { collectionOf } from '../../src/sqlText/collection.ts'

it.each([
  ['SELECT * FROM users WHERE id = $1', 'users'],
  ['INSERT INTO app.users (name) VALUES ($1)', 'app.users'],
  ['UPDATE ONLY "Users" SET a = $1', 'Users'],
  ['DELETE FROM users', 'users'],
  ['WITH x AS (SELECT 1 FROM cities) SELECT * FROM x', 'cities'],
  [`SELECT ' FROM secret', now()`, undefined],
  [`SELECT a -- FROM the cities, it's old\nFROM users WHERE b = 'x'`, 'users'],
  ['CREATE TABLE IF NOT EXISTS logs (id int)', 'logs'],
  ['BEGIN', undefined],
  ['SELECT r.id, EXISTS (SELECT FROM hours h WHERE h.id = r.id) AS open FROM restaurants r', 'restaurants'],
  ['SELECT extract(epoch FROM at), a IS DISTINCT FROM b FROM logs', 'logs'],
  ['SELECT * FROM (SELECT * FROM cities) c', 'cities'],
  ['SELECT (SELECT count(*) FROM cities)', 'cities'],
  ['WITH gone AS (DELETE FROM queue RETURNING *) INSERT INTO archive SELECT * FROM gone', 'archive'],
  [
    'WITH RECURSIVE a (n) AS (SELECT 1), "b" AS NOT MATERIALIZED (SELECT 2 FROM x) SELECT FROM a JOIN b ON true JOIN users u',
    'users',
  ],
  ['SELECT ) FROM broken', 'broken'],
])('finds the table of %j', (text, collection) => {
  expect(collectionOf(text)).toBe(collection)
})

it('takes any text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('FROM ', 'WITH ', '(', ')', 'a', ' AS ', ',', '"', "'", '--', '\n') }),
      (text) => {
        const found = collectionOf(text)
        if (found !== undefined) expect(text.replaceAll('"', '')).toContain(found)
      },
    ),
  )
})
