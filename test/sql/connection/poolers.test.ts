import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { migrate } from 'tricube/migrations'
import { type Database, type DatabaseOptions, database, sql } from 'tricube/sql'
import { directDatabase } from '../freshDatabase.ts'
import { newPgbouncerBinary, pgbouncerBinary } from './pgbouncer.ts'
import { pgpoolBinary, startPgpool } from './pgpool.ts'
import type { Pooler } from './pooler.ts'
import { startPooler } from '../poolers.ts'

// All that a value's text depends on is set differently from what tricube wants.
const oddSettings = (name: string) =>
  Object.entries({
    bytea_output: 'escape',
    TimeZone: 'Asia/Kolkata',
    DateStyle: 'German',
    IntervalStyle: 'sql_standard',
    extra_float_digits: '-3',
  })
    .map(([setting, value]) => `ALTER DATABASE ${name} SET ${setting} = '${value}'`)
    .join(';')

const inFolder = async <T>(files: Readonly<Record<string, string>>, fn: (directory: string) => Promise<T>) => {
  const directory = await mkdtemp(join(tmpdir(), 'tricube-poolers-'))
  try {
    for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text)
    return await fn(directory)
  } finally {
    await rm(directory, { recursive: true })
  }
}

const locks = (direct: Database) => direct.value`
  SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
  WHERE locktype = 'advisory' AND datname = current_database()`

const poolers = [
  { name: 'pgbouncer-transaction', keepsConnections: false, binary: pgbouncerBinary },
  { name: 'pgbouncer-discard', keepsConnections: false, binary: pgbouncerBinary },
  { name: 'pgbouncer-prepared', keepsConnections: false, binary: newPgbouncerBinary },
  { name: 'pgpool', keepsConnections: true, binary: pgpoolBinary },
].filter(({ binary }) => binary)

describe.each(poolers)('behind $name', ({ name }) => {
  let fresh: Awaited<ReturnType<typeof directDatabase>>
  let pooler: Pooler
  let url: string
  let direct: Database

  beforeAll(async () => {
    fresh = await directDatabase('CREATE TABLE a (v text); CREATE TABLE b (v text)')
    direct = database({ url: fresh.url, lanes: 0, pool: 2 })
    await direct.script(oddSettings(new URL(fresh.url).pathname.slice(1)))
    pooler = await startPooler(name, fresh.url)
    url = pooler.behind(fresh.url)
  })
  afterAll(async () => {
    await direct.close()
    await pooler[Symbol.asyncDispose]()
    await fresh[Symbol.asyncDispose]()
  })

  const open = (options: Partial<DatabaseOptions> = {}) => database({ url, lanes: 2, pool: 4, ...options })

  test('two services read and write their own tables', async () => {
    await using a = open()
    await using b = open()
    const use = (db: Database, own: string) =>
      Promise.all(
        Array.from({ length: 200 }, async (_, i) => {
          const text = sql.unsafe(`'${own}${i % 40}'::text`)
          expect(await db.value`SELECT ${text}`).toBe(`${own}${i % 40}`)
          expect(await db.value`SELECT ${own}::text || ${i}::int`).toBe(`${own}${i}`)
          const long = own.repeat((i * 97) % 9000) // PgBouncer passes on 4096 bytes at a time
          expect(await db.value`SELECT ${long}::text`).toBe(long)
          await db.execute`INSERT INTO ${db.id(own)} (v) VALUES (${own})`
          expect(
            await db.transaction(async (tx) => [await tx.value`SELECT ${text}`, await tx.value`SELECT ${i}::int`]),
          ).toEqual([`${own}${i % 40}`, i])
        }),
      )
    await Promise.all([use(a, 'a'), use(b, 'b')])
    expect(await direct.many`SELECT v, count(*) AS n FROM a GROUP BY v`).toEqual([{ v: 'a', n: 200 }])
    expect(await direct.many`SELECT v, count(*) AS n FROM b GROUP BY v`).toEqual([{ v: 'b', n: 200 }])
  })

  test('values are decoded correctly with any settings of the server connection', async () => {
    await using db = open()
    const one = (on: Pick<Database, 'one'>) => on.one`
      SELECT '\\x00ff41'::bytea AS bytes, '2026-01-02T03:04:05.6Z'::timestamptz AS instant, '2026-01-02'::date AS day,
        ${'2026-01-02T00:00:00'}::timestamptz AS local, '1 day 02:00'::interval AS span, 0.1::float8 + 0.2::float8 AS sum,
        array['2026-01-02T03:04:05Z'::timestamptz] AS instants`
    const expected = {
      bytes: Buffer.from([0, 255, 65]),
      instant: '2026-01-02T03:04:05.6Z',
      day: '2026-01-02',
      local: '2026-01-02T00:00:00Z',
      span: '1 day 02:00:00',
      sum: 0.1 + 0.2,
      instants: ['2026-01-02T03:04:05Z'],
    }
    const ways = [() => one(db), () => one(db.with({ slow: true })), () => db.transaction((tx) => one(tx))]
    for (let i = 0; i < 30; i++) expect(await ways[i % 3]!()).toEqual(expected)
    expect(await Promise.all(Array.from({ length: 30 }, (_, i) => ways[i % 3]!()))).toEqual(Array(30).fill(expected))
    for await (const row of db.stream`SELECT '2026-01-02T03:04:05.6Z'::timestamptz AS instant`) {
      expect(row).toEqual({ instant: '2026-01-02T03:04:05.6Z' })
    }
  })

  test('each service has its own statement_timeout, and a transaction may set another', async () => {
    await using hasty = open({ statementTimeoutMs: 200 })
    await using patient = open({ statementTimeoutMs: 20_000 })
    const sleep = (on: Pick<Database, 'execute'>) => on.execute`SELECT pg_sleep(0.5)`
    await Promise.all([
      expect(sleep(hasty)).rejects.toMatchObject({ sqlstate: '57014' }),
      expect(hasty.transaction(sleep)).rejects.toMatchObject({ sqlstate: '57014' }),
      sleep(patient),
      patient.transaction(sleep),
      hasty.transaction(async (tx) => {
        await tx.execute`SET LOCAL statement_timeout = 20000`
        await sleep(tx)
      }),
    ])
  })

  test('settings of a transaction or a script do not reach the next', async () => {
    await using db = open()
    await db.script(`SET search_path = nowhere; CREATE TEMP TABLE tmp (); SELECT 1 -- a comment`)
    await db.transaction((tx) => tx.execute`SET LOCAL search_path = nowhere`)
    await expect(db.transaction((tx) => tx.script('SELECT 1; SET search_path = nowhere'))).rejects.toThrow('SET LOCAL')
    for (let i = 0; i < 30; i++) {
      expect(await db.value`SELECT current_setting('search_path')`).toBe('"$user", public')
    }
    expect(await direct.value`SELECT count(*) FROM pg_class WHERE relname = 'tmp'`).toBe(0)
  })

  test('isolation, batches and statements outside transactions work', async () => {
    await using db = open()
    const level = (tx: Pick<Database, 'value'>) => tx.value`SELECT current_setting('transaction_isolation')`
    expect(await db.transaction(level, { isolation: 'serializable' })).toBe('serializable')
    await db.transaction(async (tx) => {
      await tx.execute`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ`
      expect(await level(tx)).toBe('repeatable read')
    })
    await expect(db.batch([1, 0])`SELECT 1 / ${(n) => n}::int`).rejects.toMatchObject({ sqlstate: '22012' })
    await db.execute`VACUUM a`
    await db.execute`CREATE INDEX CONCURRENTLY a_v ON a (v)`
  })

  test('streams and batches are complete', async () => {
    await using db = open()
    const numbers: unknown[] = []
    for await (const { n } of db.stream<{ n: number }>`SELECT n FROM generate_series(1, 5000) n`) numbers.push(n)
    expect(numbers).toEqual(Array.from({ length: 5000 }, (_, i) => i + 1))
    expect(await db.batch([1, 2, 3])`INSERT INTO a (v) VALUES (${(n) => `batch ${n}`})`).toBe(3)
    expect(await direct.value`SELECT count(*) FROM a WHERE v LIKE 'batch%'`).toBe(3)
    await db.execute`DELETE FROM a WHERE v LIKE 'batch%'`
  })

  test('a timeout cancels its own statement only', async () => {
    await using db = open()
    const others = Array.from({ length: 3 }, () => db.transaction((tx) => tx.value`SELECT 'mine' FROM pg_sleep(1)`))
    const late = Array.from({ length: 3 }, () => db.with({ slow: true, timeoutMs: 200 }).value`SELECT pg_sleep(60)`)
    for (const statement of late) await expect(statement).rejects.toMatchObject({ sqlstate: '57014' })
    expect(await Promise.all(others)).toEqual(['mine', 'mine', 'mine'])
    const running = () => direct.value`
      SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND state = 'active' AND query LIKE 'SELECT pg_sleep%'`
    await vi.waitFor(async () => expect(await running()).toBe(0), { timeout: 5000 })
  })

  test('migrations run once among four instances, and leave no lock and no setting', async () => {
    await direct.script('DROP TABLE IF EXISTS m1, migration_record')
    const files = {
      '0001_one.up.sql': 'CREATE TABLE m1 (id int); SELECT pg_sleep(0.3); SET search_path = nowhere;',
      '0002_two.up.sql': 'ALTER TABLE m1 ADD v text',
    }
    await inFolder(files, async (directory) => {
      const results = await Promise.all([1, 2, 3, 4].map(() => migrate({ url, directory, waitMs: 10_000 })))
      expect(results.flatMap(({ applied }) => applied)).toEqual(['0001_one', '0002_two'])
      expect(await locks(direct)).toBe(0)
      expect(await migrate({ url, directory, waitMs: 1000 })).toEqual({ applied: [] })
    })
    await using db = open()
    for (let i = 0; i < 20; i++)
      expect(await db.value`SELECT current_setting('search_path') || current_setting('lock_timeout')`).toBe(
        '"$user", public0',
      )
  })
})

describe.each(poolers.filter(({ keepsConnections }) => !keepsConnections))('behind $name', ({ name }) => {
  test('listen is rejected with what to do instead', async () => {
    await using fresh = await directDatabase()
    await using pooler = await startPooler(name, fresh.url)
    await using db = database({ url: pooler.behind(fresh.url) })
    await expect(db.listen('news', () => {})).rejects.toThrow(
      'db.listen receives nothing behind this connection pooler: use a database() whose url leads straight to PostgreSQL',
    )
  })

  test('migrations outside transactions are rejected before they start', async () => {
    await using fresh = await directDatabase()
    await using pooler = await startPooler(name, fresh.url)
    await using direct = database({ url: fresh.url, lanes: 0, pool: 1 })
    const files = { '0001_one.up.sql': '-- tricube: no-transaction\nCREATE TABLE m1 (id int)' }
    await inFolder(files, async (directory) => {
      await expect(migrate({ url: pooler.behind(fresh.url), directory })).rejects.toThrow(
        '0001_one.up.sql is marked no-transaction, and a pooler in transaction mode cannot run it: use a URL that leads straight to PostgreSQL',
      )
    })
    expect(await direct.value`SELECT to_regclass('m1')`).toBeNull()
    expect(await locks(direct)).toBe(0)
  })
})

describe.each([
  ['pgbouncer-session', pgbouncerBinary],
  ['pgpool', pgpoolBinary],
] as const)('behind %s, which keeps its clients’ sessions', (name, binary) => {
  test.runIf(binary)('db.listen receives, and migrations without a transaction run', async () => {
    await using fresh = await directDatabase()
    await using pooler = await startPooler(name, fresh.url)
    const url = pooler.behind(fresh.url)
    await using db = database({ url })
    const heard: string[] = []
    await using _ = await db.listen('news', (payload) => void heard.push(payload))
    await db.notify('news', 'one')
    await vi.waitFor(() => expect(heard).toEqual(['one']))
    const directory = await mkdtemp(join(tmpdir(), 'tricube-poolers-'))
    await writeFile(join(directory, '0001_one.up.sql'), '-- tricube: no-transaction\nCREATE TABLE m1 (id int)')
    expect(await migrate({ url, directory })).toEqual({ applied: ['0001_one'] })
    await rm(directory, { recursive: true })
  })
})

test.runIf(pgpoolBinary)('settings that Pgpool-II changes itself are not reported', async () => {
  await using fresh = await directDatabase()
  await using pooler = await startPgpool(fresh.url, { num_init_children: '2' })
  for (let i = 0; i < 4; i++) {
    await using db = database({ url: pooler.behind(fresh.url), lanes: 1, pool: 1, checkSessions: true })
    // Looked behind, for it calls what may leave something; and once for each text.
    const own = sql.unsafe(`'round ${i}' FROM pg_sleep(0)`)
    expect(await db.value`SELECT current_setting('application_name') || ' ' || ${own}`).toBe(`tricube round ${i}`)
    await db.transaction((tx) => tx.execute`SELECT ${own}`)
  }
})
