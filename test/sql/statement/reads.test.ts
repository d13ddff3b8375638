import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, database, sql } from 'tricube/sql'
import { freshDatabase } from '../freshDatabase.ts'

// The text of a statement decides whether a replica may run it, and whether it may be retried.

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database
let last: { verb: string; reads: boolean }

beforeAll(async () => {
  fresh = await freshDatabase('CREATE TABLE t (id int, "update" int); INSERT INTO t VALUES (1, 1)')
  db = database({ url: fresh.url, observer: { statement: ({ verb, reads }) => (last = { verb, reads }) } })
})
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

const classified = async (text: string) => {
  await db.execute`${sql.unsafe(text)}`.catch(() => {})
  return last.reads
}

describe('a read', () => {
  test.each([
    'SELECT * FROM t',
    '  -- a comment; DELETE\n/* and /* another */ one */ select id from t where id = 1',
    '(SELECT 1) UNION (SELECT 2)',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    "SELECT 'DELETE FROM t; nextval(''s'')'",
    'SELECT $$ nextval(1) $$, $x$ for update $x$',
    "SELECT E'\\'; insert into t'",
    'SELECT "update" FROM t',
    'SELECT count(*), max(id), coalesce(sum(id), 0)::numeric(10, 2) FROM t WHERE id IN (1, 2) AND NOT EXISTS (SELECT 1)',
    'SELECT pg_catalog.lower(now()::text)',
    'VALUES (1), (2)',
    'TABLE t',
  ])('%s', async (text) => expect(await classified(text)).toBe(true))
})

describe('a write, or possibly one', () => {
  test.each([
    'INSERT INTO t VALUES (2, 2)',
    'UPDATE t SET id = 1',
    'DELETE FROM t',
    'WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone',
    'SELECT * FROM t FOR UPDATE',
    'SELECT * FROM t FOR NO KEY UPDATE',
    'SELECT * FROM t FOR KEY SHARE SKIP LOCKED',
    'SELECT 1 INTO other',
    "SELECT nextval('s')",
    'SELECT pg_advisory_lock(1)',
    'SELECT set_config(1, 2, 3)',
    'SELECT my_function()',
    'SELECT app.count(1)',
    'SELECT "count"(*) FROM t',
    'VALUES (my_function())',
    'EXPLAIN ANALYZE DELETE FROM t',
    'CALL p()',
    'DO $$ BEGIN END $$',
    '',
  ])('%s', async (text) => expect(await classified(text)).toBe(false))
})
