import { Client } from 'pg'
import { migrate, MigrationError, migrationStatus, rollback } from 'tricube/migrations'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure, fixture, folderOf, type Fixture } from './fixture.ts'

const users = {
  '0001_create_users.up.sql':
    '-- author: Ann <ann@example.com>\nCREATE TABLE users (id integer PRIMARY KEY, name text);',
  '0001_create_users.down.sql': 'DROP TABLE users;',
}
const ages = {
  '0002_add_age.up.sql': 'ALTER TABLE users ADD COLUMN age integer;',
  '0002_add_age.down.sql': 'ALTER TABLE users DROP COLUMN age;',
}

describe('migrate', () => {
  test('applies pending migrations in order, and records them', async () => {
    await using f = await fixture()
    await f.migrations(users)
    expect(await migrate(f)).toEqual({ applied: ['0001_create_users'] })
    await f.migrations({ ...ages, '0010_last.up.sql': 'INSERT INTO users VALUES (1)' })
    expect(await migrate(f)).toEqual({ applied: ['0002_add_age', '0010_last'] })
    expect(await migrate(f)).toEqual({ applied: [] })

    const { rows } = await f.client.query('SELECT * FROM migration_record ORDER BY version')
    expect(rows).toMatchObject([
      {
        version: '0001',
        name: 'create_users',
        author: 'Ann <ann@example.com>',
        checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      { version: '0002', name: 'add_age', author: null, applied_at: expect.any(Date), duration_ms: expect.any(Number) },
      { version: '0010', name: 'last' },
    ])
  })

  test('runs once if ten instances start at the same time, also with an index built CONCURRENTLY', async () => {
    await using f = await fixture()
    await f.migrations({
      ...users,
      '0002_index.up.sql': '-- tricube: no-transaction\nCREATE INDEX CONCURRENTLY users_name_idx ON users (name);',
      '0003_fill.up.sql': `INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 1000) AS n`,
    })
    const runs = await Promise.all(Array.from({ length: 10 }, () => migrate(f)))
    expect(runs.flatMap(({ applied }) => applied)).toEqual(['0001_create_users', '0002_index', '0003_fill'])
    expect(await f.column('SELECT count(*)::integer FROM users')).toEqual([1000])
  })

  test('rejects after waitMs with the holder of the lock', async () => {
    await using f = await fixture()
    await f.migrations(users)
    await f.client.query('SELECT pg_advisory_lock(32776894264205925)')
    const [pid] = await f.column('SELECT pg_backend_pid()')
    const error = await failure(migrate({ ...f, waitMs: 1 }))
    expect(error.message).toBe(`PostgreSQL process ${String(pid)} has been migrating for more than 1 ms`)
  })

  test('rolls a failed migration back, keeps the earlier ones, and names file and line', async () => {
    await using f = await fixture()
    await f.migrations({
      ...users,
      '0002_bad.up.sql': 'CREATE TABLE a (id integer);\n\n\nCREATE TABLE users (id integer);',
    })
    const error = await failure(migrate(f))
    expect(error).toBeInstanceOf(MigrationError)
    expect(error).toMatchObject({
      migration: '0002_bad',
      message: '0002_bad.up.sql, line 4: relation "users" already exists',
    })
    expect(await f.column(`SELECT to_regclass('a')`)).toEqual([null])
    expect(await f.column('SELECT version FROM migration_record')).toEqual(['0001'])
  })

  test('reports what fails only at COMMIT', async () => {
    await using f = await fixture()
    await f.migrations({
      '0001_deferred.up.sql': `
        CREATE TABLE a (id integer PRIMARY KEY, b integer REFERENCES a DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO a VALUES (1, 2)`,
    })
    expect((await failure(migrate(f))).message).toMatch(
      /^0001_deferred.up.sql: at its end: insert or update on table "a"/,
    )
    expect(await f.column(`SELECT to_regclass('a')`)).toEqual([null])
    expect(await f.column('SELECT version FROM migration_record')).toEqual([])
  })

  test('settings of one file do not reach the next', async () => {
    await using f = await fixture()
    await f.migrations({
      '0001_a.up.sql': `CREATE SCHEMA other; SET search_path = other; CREATE TABLE a (id integer); SET ROLE pg_monitor`,
      '0002_b.up.sql': 'CREATE TABLE b (id integer)',
    })
    await migrate(f)
    expect(await f.column(`SELECT schemaname FROM pg_tables WHERE tablename IN ('a', 'b') ORDER BY tablename`)).toEqual(
      ['other', 'public'],
    )
  })

  test('reveals no password, statement or value', async () => {
    await using f = await fixture()
    await f.migrations({ '0001_a.up.sql': `CREATE TABLE a (id integer); INSERT INTO a VALUES ('hunter2')` })
    expect((await failure(migrate(f))).message).toBe(
      '0001_a.up.sql, line 1: invalid input syntax for type integer: "…"',
    )
    await f.migrations({
      '0001_a.up.sql': `CREATE TABLE a (key text PRIMARY KEY); INSERT INTO a VALUES ('hunter2'), ('hunter2')`,
    })
    expect((await failure(migrate(f))).message).not.toContain('hunter2')
    await f.migrations({ '0001_a.up.sql': `CREATE ROLE ann PASSWORD 'hunter1' 'hunter2'` })
    expect((await failure(migrate(f))).message).toBe('0001_a.up.sql, line 1: syntax error at or near "…"')
    await f.migrations({ '0001_a.up.sql': 'CREATE TABEL a ()' })
    expect((await failure(migrate(f))).message).toBe('0001_a.up.sql, line 1: syntax error at or near "TABEL"')
    for (const url of ['postgres://ann:hunter2@127.0.0.1:1/users', 'postgres://ann:hunter2@[/users']) {
      expect((await failure(migrate({ ...f, url }))).message).not.toContain('hunter2')
    }
  })
})

describe('history', () => {
  let f: Fixture
  beforeAll(async () => {
    f = await fixture()
    await f.migrations(users)
    await migrate(f)
  })
  afterAll(() => f[Symbol.asyncDispose]())

  test.each([
    [
      'edited',
      { '0001_create_users.up.sql': 'CREATE TABLE users ()' },
      '0001_create_users was applied, and its file has changed',
    ],
    [
      'numbered below an applied one',
      { '0000_early.up.sql': 'SELECT 1' },
      '0000_early is not applied, but a later one is',
    ],
    ['numbered like another one', { '1_again.up.sql': 'SELECT 1' }, '1_again have the same version'],
    ['named wrongly', { 'readme.sql': '' }, 'readme.sql is not a migration'],
    ['a down file alone', { '0003_a.down.sql': 'SELECT 1' }, '0003_a.down.sql has no 0003_a.up.sql'],
    [
      'empty',
      { '0003_a.up.sql': '-- nothing\n;' },
      '0003_a.up.sql contains no statement: write its SQL, or delete the migration',
    ],
    ['not closed', { '0003_a.up.sql': "\nSELECT 'a" }, '0003_a.up.sql: line 2: a quote is not closed'],
    ['its own transaction', { '0003_a.up.sql': 'BEGIN; SELECT 1; COMMIT' }, '0003_a.up.sql: line 1: remove BEGIN'],
    [
      'marked unknown',
      { '0003_a.up.sql': '-- tricube: no-transactions\nSELECT 1' },
      'unknown directive "-- tricube: no-transactions", expected "-- tricube: no-transaction"',
    ],
  ])('rejects a file that is %s, by name', async (_, files, message) => {
    await using folder = await folderOf({ ...users, ...files })
    expect((await failure(migrate({ ...folder, url: f.url }))).message).toContain(message)
  })

  test('waits for the statements of the newest file if allowUnwritten is set', async () => {
    const empty = { '0003_a.up.sql': '-- later\n' }
    await using one = await fixture()
    await one.migrations({ ...users, ...empty, '0004_b.up.sql': '' })
    expect((await migrate({ ...one, allowUnwritten: true })).applied).toEqual(['0001_create_users'])
    await one.migrations({ ...users, '0003_a.up.sql': 'SELECT 1', '0004_b.up.sql': '' })
    expect((await migrate({ ...one, allowUnwritten: true })).applied).toEqual(['0003_a'])
    await one.migrations({ ...users, '0003_a.up.sql': 'SELECT 1', '0004_b.up.sql': '', '0005_c.up.sql': 'SELECT 1' })
    expect((await failure(migrate({ ...one, allowUnwritten: true }))).message).toContain('0004_b.up.sql contains no')
  })

  test('rejects a missing file by name, unless allowNewer is set', async () => {
    await using newer = await fixture()
    await newer.migrations({ ...users, ...ages })
    await migrate(newer)
    await using older = await fixture()
    await older.migrations(users)
    const target = { url: newer.url, directory: older.directory }
    expect(await failure(migrate(target))).toMatchObject({
      migration: '0002_add_age',
      message: '0002_add_age was applied, and its file is missing: restore the file',
    })
    expect(await migrate({ ...target, allowNewer: true })).toEqual({ applied: [] })
    expect(await migrationStatus(target)).toMatchObject([
      { state: 'applied' },
      { id: '0002_add_age', state: 'missing' },
    ])
  })

  test('ignores line endings', async () => {
    await using f = await fixture()
    const text = '-- a\nCREATE TABLE a (id integer);\n'
    await f.migrations({ '0001_a.up.sql': text })
    await migrate(f)
    await f.migrations({ '0001_a.up.sql': `\uFEFF${text.replaceAll('\n', '\r\n')}` })
    expect(await migrate(f)).toEqual({ applied: [] })
  })

  test('status writes nothing', async () => {
    await using f = await fixture()
    await f.migrations(users)
    expect(await migrationStatus(f)).toEqual([
      {
        id: '0001_create_users',
        state: 'pending',
        author: 'Ann <ann@example.com>',
        appliedAt: undefined,
        durationMs: undefined,
      },
    ])
    expect(await f.column(`SELECT to_regclass('migration_record')`)).toEqual([null])
    await migrate(f)
    expect(await migrationStatus(f)).toMatchObject([
      { state: 'applied', appliedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ])
  })
})

describe('rollback', () => {
  test('undoes the last migrations, newest first', async () => {
    await using f = await fixture()
    await f.migrations({ ...users, ...ages })
    await migrate(f)
    expect(await rollback({ ...f, steps: 2, allowDestructive: true })).toEqual({
      undone: ['0002_add_age', '0001_create_users'],
    })
    expect(await f.column(`SELECT to_regclass('users')`)).toEqual([null])
    expect(await rollback(f)).toEqual({ undone: [] })
    expect(await migrate(f)).toEqual({ applied: ['0001_create_users', '0002_add_age'] })
  })

  test('stops at a migration without a down file', async () => {
    await using f = await fixture()
    await f.migrations({ '0001_a.up.sql': 'CREATE TABLE a (id integer)' })
    await migrate(f)
    expect((await failure(rollback(f))).message).toBe('0001_a cannot be undone: it has no 0001_a.down.sql')
  })
})

describe('data', () => {
  const rows = {
    ...users,
    ...ages,
    '0003_rows.up.sql': `INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', NULL), (3, NULL, NULL)`,
  }
  let f: Fixture
  beforeAll(async () => {
    f = await fixture()
    await f.migrations(rows)
    await migrate(f)
  })
  afterAll(() => f[Symbol.asyncDispose]())

  test.each([
    ['DROP TABLE users', 'table users: 3 rows'],
    ['DROP TABLE IF EXISTS nothing, public."users" CASCADE', 'table users: 3 rows'],
    ['ALTER TABLE users ADD COLUMN x integer, DROP COLUMN age', 'column users.age: 1 row has a value'],
    ['ALTER TABLE users DROP name', 'column users.name: 2 rows have a value'],
    ['ALTER TABLE ONLY users ALTER COLUMN age SET DATA TYPE bigint', 'type of column users.age: 1 row has a value'],
    ['ALTER TABLE users ALTER age TYPE smallint', 'type of column users.age: 1 row has a value'],
    ['TRUNCATE users', 'rows of table users: 3 rows'],
    ['DELETE FROM users WHERE id = 1', 'rows of table users: 3 rows'],
    ['WITH gone AS (DELETE FROM users RETURNING id) SELECT 1', 'rows of table users: 3 rows'],
    ['DROP SCHEMA IF EXISTS other CASCADE', 'what is in or depends on schema "other"'],
    ['ALTER TABLE users RENAME TO people; DROP TABLE people', 'table users: 3 rows'],
    ['ALTER TABLE users RENAME name TO title; ALTER TABLE users DROP title', 'column users.name: 2 rows have a value'],
    [
      'ALTER TABLE users RENAME TO people; DROP TABLE public.people',
      'table "public"."people": not found, after a rename',
    ],
  ])('%s needs to be allowed', async (sql, loss) => {
    await f.migrations({ '0004_loses.up.sql': sql })
    expect((await failure(migrate(f))).message).toContain(
      `0004_loses.up.sql loses data, pass --allow-destructive (allowDestructive: true) to run it:\n  ${loss}`,
    )
    expect(await f.column('SELECT count(*)::integer FROM users')).toEqual([3])
  })

  test('and then runs', async () => {
    await f.migrations({ '0004_loses.up.sql': 'ALTER TABLE users RENAME name TO title; ALTER TABLE users DROP title' })
    expect(await migrate({ ...f, allowDestructive: true })).toEqual({ applied: ['0004_loses'] })
    expect(await failure(f.client.query('SELECT title FROM users'))).toMatchObject({ code: '42703' })
  })

  test.each([
    'ALTER TABLE users ALTER age DROP NOT NULL, ALTER age DROP DEFAULT, DROP CONSTRAINT users_pkey',
    'DROP VIEW IF EXISTS a CASCADE; DROP INDEX IF EXISTS b; DROP FUNCTION IF EXISTS c CASCADE',
    `COMMENT ON TABLE users IS 'DROP TABLE users'`,
    'CREATE TABLE a (id integer); DROP TABLE a',
    'DROP TABLE IF EXISTS nothing',
  ])('%s does not', async (sql) => {
    const id = `${10 + (await f.list()).length}_keeps`
    await f.migrations({ [`${id}.up.sql`]: sql })
    expect(await migrate(f)).toEqual({ applied: [id] })
  })

  test('a new database runs a history with drops', async () => {
    await using f = await fixture()
    await f.migrations({
      ...rows,
      '0004_drop.up.sql': 'ALTER TABLE users RENAME age TO years; ALTER TABLE users DROP years',
      '0005_drop.up.sql': 'DROP TABLE users',
    })
    expect((await migrate(f)).applied).toHaveLength(5)
  })
})

describe('outside a transaction', () => {
  const duplicates = { ...users, '0002_rows.up.sql': `INSERT INTO users VALUES (1, 'Ann'), (2, 'Ann')` }
  const unique = {
    '0003_unique.up.sql': `-- tricube: no-transaction
      CREATE INDEX CONCURRENTLY IF NOT EXISTS users_id_idx ON users (id);
      CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS users_name_idx ON users (name);`,
  }

  test('reports what remains after a failure, and continues once that is fixed', async () => {
    await using f = await fixture()
    await f.migrations({ ...duplicates, ...unique })
    const left = 'the index users_name_idx is INVALID: run DROP INDEX CONCURRENTLY users_name_idx, then migrate'
    expect((await failure(migrate(f))).message.split('\n')).toEqual([
      '0003_unique.up.sql, line 3: could not create unique index "users_name_idx"',
      '1 of its 2 statements ran and stay applied: it is marked no-transaction',
      left,
    ])

    // IF NOT EXISTS is satisfied by the unusable index; tricube is not.
    expect((await failure(migrate(f))).message).toContain(left)
    await f.client.query('DROP INDEX CONCURRENTLY users_name_idx; ')
    await f.client.query('DELETE FROM users WHERE id = 2')
    expect(await migrate(f)).toEqual({ applied: ['0003_unique'] })
  })

  test('a file that needs the directive is reported', async () => {
    await using f = await fixture()
    await f.migrations({ ...users, '0002_index.up.sql': 'CREATE INDEX CONCURRENTLY a ON users (name)' })
    expect((await failure(migrate(f))).message).toMatch(
      /cannot run inside a transaction block \(to run this file outside a transaction, begin it with the line `-- tricube: no-transaction`\)/,
    )
  })
})

describe('a table in use', () => {
  test('is migrated after short attempts that hold nothing in between', async () => {
    await using f = await fixture()
    await f.migrations(users)
    await migrate(f)
    await f.migrations({
      '0002_two.up.sql': 'CREATE TABLE other (id integer);\nALTER TABLE users ADD COLUMN age integer;',
    })

    await f.client.query('BEGIN; SELECT * FROM users')
    await using reader = await connect(f.url)
    const migration = migrate({ ...f, lockTimeoutMs: 50 })
    // The reader is held up by the waiting ALTER TABLE for one attempt at most, never for the reader's whole transaction.
    await reader.until(
      `SELECT count(*) > 0 AS done FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = 'tricube migrate'`,
    )
    await reader.client.query('SELECT * FROM users')
    await f.client.query('COMMIT')
    expect(await migration).toEqual({ applied: ['0002_two'] })
  })

  test('is unchanged after the last attempt', async () => {
    await using f = await fixture()
    await f.migrations(users)
    await migrate(f)
    await f.migrations({
      '0002_two.up.sql': 'CREATE TABLE other (id integer);\nALTER TABLE users ADD COLUMN age integer;',
    })
    await f.client.query('BEGIN; SELECT * FROM users')
    const error = await failure(migrate({ ...f, lockTimeoutMs: 20, lockAttempts: 2 }))
    expect(error.message).toMatch(/^0002_two.up.sql, line 2: canceling statement due to lock timeout \(/)
    expect(await f.column(`SELECT to_regclass('other')`)).toEqual([null])
  })
})

interface Connection extends AsyncDisposable {
  readonly client: Client
  /** Repeats a query until its result is true. */
  until(sql: string): Promise<void>
}

async function connect(url: string): Promise<Connection> {
  const client = new Client({ connectionString: url })
  await client.connect()
  return {
    client,
    async until(sql) {
      for (;;) if ((await client.query<{ done: boolean }>(sql)).rows[0]?.done) return
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}
