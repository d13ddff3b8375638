import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codecs, type Database, database, type Transaction } from 'tricube/sql'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase('CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY, v text)')
  db = database({ url: fresh.url, lanes: 1, pool: 1 })
})
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

const remaining = [
  `SET search_path = nowhere`,
  `SET SESSION search_path = nowhere`,
  `SET ROLE nobody`,
  `SET SESSION AUTHORIZATION nobody`,
  `SET app.tenant = 'a'`,
  `RESET ALL`,
  `DISCARD TEMP`,
  `LISTEN news`,
  `DECLARE c CURSOR WITH HOLD FOR SELECT 1`,
  `CREATE TEMP TABLE t (id int)`,
  `create /* x */ temporary table t as select 1`,
  `CREATE TEMP VIEW v AS SELECT 1`,
  `SELECT 1 AS a INTO TEMP t`,
  `SELECT set_config('search_path', 'nowhere', false)`,
  `SELECT id, set_config('app.tenant', coalesce(v, 'x'), 'f') FROM items`.replace("'f'", 'false'),
  `WITH l AS (SELECT pg_advisory_lock(7)) SELECT * FROM l`,
  `SELECT pg_try_advisory_lock(7)`,
  `SELECT pg_catalog.pg_advisory_lock_shared(1, 2)`,
]

describe('a statement that would change its connection is rejected', () => {
  test.each(remaining)('%s', async (text) => {
    const statement = (on: Pick<Database, 'execute'>) => on.execute`${db.unsafe(text)}`
    await expect(statement(db)).rejects.toMatchObject({ sqlstate: '25001' })
    await expect(statement(db.with({ slow: true }))).rejects.toMatchObject({ sqlstate: '25001' })
    await expect(db.transaction(statement)).rejects.toMatchObject({ sqlstate: '25001' })
    await expect(db.transaction((tx) => tx.script(`SELECT 1; ${text}`))).rejects.toMatchObject({ sqlstate: '25001' })
  })

  test('but not in a transaction, if its effect ends with that', async () => {
    await db.transaction(async (tx) => {
      await tx.execute`SET LOCAL search_path = public`
      await tx.execute`SET TRANSACTION READ WRITE`
      await tx.execute`SET CONSTRAINTS ALL DEFERRED`
      await tx.execute`SELECT set_config('app.tenant', ${'a'}, true)`
      await tx.execute`SELECT pg_advisory_xact_lock(7)`
      await tx.execute`CREATE TEMP TABLE t (id int) ON COMMIT DROP`
      await tx.execute`INSERT INTO items (v) VALUES ('SET x = 1; LISTEN y')`
      expect(await tx.value`SELECT lastval()`).toBe(await tx.value`SELECT max(id) FROM items`)
      await tx.script(
        `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT set_config('a.b', 'c', false) $$; DROP FUNCTION f`,
      )
    })
    expect(await db.value`SELECT current_setting('app.tenant', true)`).toBeOneOf([null, ''])
  })

  test('lastval and currval need a transaction', async () => {
    await expect(db.value`SELECT lastval()`).rejects.toThrow('use RETURNING')
    await expect(db.value`SELECT currval('items_id_seq')`).rejects.toMatchObject({ sqlstate: '25001' })
  })

  test('a script outside a transaction may change settings', async () => {
    await db.script('SET search_path = nowhere; CREATE TEMP TABLE t ()')
    expect(await db.with({ slow: true }).value`SELECT current_setting('search_path')`).toBe('"$user", public')
  })
})

describe('values are read in any format', () => {
  const within = <T>(setting: string, fn: (tx: Transaction) => Promise<T>) =>
    db.transaction(async (tx) => {
      await tx.execute`SET LOCAL ${db.unsafe(setting)}`
      return fn(tx)
    })

  test.each([
    ['Asia/Tokyo', '2024-07-01T00:00:00Z'],
    ['Asia/Kolkata', '2024-07-01T00:00:00.123456Z'],
    ['America/New_York', '2024-07-01T00:00:00Z'],
    ['America/St_Johns', '2024-01-01T00:00:00Z'],
    ['Europe/Berlin', '1890-01-01T00:00:00Z'], // local mean time: an offset with seconds
    ['Pacific/Kiritimati', '0001-01-01T12:00:00Z'],
    ['UTC', '2024-07-01T00:00:00Z'],
  ])('TimeZone %s: %s', async (zone, instant) => {
    await within(`TimeZone = '${zone}'`, async (tx) => {
      expect(await tx.value`SELECT ${instant}::timestamptz`).toBe(instant)
      expect(await tx.value`SELECT array[${instant}::timestamptz, 'infinity']`).toEqual([instant, 'infinity'])
    })
    await using dates = database({ url: fresh.url, lanes: 0, pool: 1, types: { timestamptz: codecs.date } })
    await dates.transaction(async (tx) => {
      await tx.execute`SET LOCAL TimeZone = ${db.unsafe(`'${zone}'`)}`
      expect(await tx.value`SELECT ${instant}::timestamptz`).toEqual(new Date(instant))
    })
  })

  test('any instant in any time zone', async () => {
    const zones = await db.many<{ name: string }>`SELECT name FROM pg_timezone_names ORDER BY name`
    const instants = fc.date({
      min: new Date('0002-01-01T00:00:00Z'),
      max: new Date('9998-12-31T00:00:00Z'),
      noInvalidDate: true,
    })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...zones.map(({ name }) => name)), instants, async (zone, instant) => {
        const text = await within(`TimeZone = '${zone}'`, (tx) => tx.value<string>`SELECT ${instant}::timestamptz`)
        expect(text).toMatch(/Z$/)
        expect(Date.parse(text)).toBe(instant.getTime())
      }),
      { numRuns: 200 },
    )
  })

  test('any bytes in both output formats', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (array) => {
        const bytes = Buffer.from(array)
        expect(await within(`bytea_output = 'escape'`, (tx) => tx.value`SELECT ${bytes}::bytea`)).toEqual(bytes)
      }),
      { numRuns: 100 },
    )
    const tricky = [Buffer.from('\\x00'), Buffer.from('\\'), Buffer.from('x'), Buffer.alloc(0)]
    await within(`bytea_output = 'escape'`, async (tx) => {
      expect(await tx.value`SELECT ${tricky}::bytea[]`).toEqual(tricky)
    })
  })

  const styles = ['ISO', 'SQL', 'Postgres', 'German'].flatMap((style) => [`${style}, MDY`, `${style}, DMY`])

  test.each(styles)('DateStyle %s', async (style) => {
    await within(`DateStyle = ${style}`, async (tx) => {
      expect(
        await tx.one`SELECT '2026-02-03'::date AS d, '2026-02-03T04:05:06.7'::timestamp AS t,
          '2026-02-03T04:05:06.7Z'::timestamptz AS z, 'infinity'::timestamp AS i,
          array['2026-02-03T04:05:06Z'::timestamptz, NULL] AS a, array['2026-02-03'::date] AS b`,
      ).toEqual({
        d: '2026-02-03',
        t: '2026-02-03T04:05:06.7',
        z: '2026-02-03T04:05:06.7Z',
        i: 'infinity',
        a: ['2026-02-03T04:05:06Z', null],
        b: ['2026-02-03'],
      })
      await tx.execute`SET LOCAL TimeZone = 'Asia/Dubai'`
      expect(await tx.value`SELECT '2026-02-03T04:05:06.7Z'::timestamptz`).toBe('2026-02-03T04:05:06.7Z')
    })
    expect(await db.transaction((tx) => tx.value`SELECT '2026-02-03'::date`)).toBe('2026-02-03')
  })

  test('rejects an abbreviated time zone', async () => {
    const tokyo = within('DateStyle = SQL', async (tx) => {
      await tx.execute`SET LOCAL TimeZone = 'Asia/Tokyo'`
      return tx.value`SELECT now()`
    })
    await expect(tokyo).rejects.toMatchObject({
      sqlstate: '22000',
      cause: expect.objectContaining({ message: expect.stringContaining('the time zone JST has no offset') }),
    })
  })

  test('closes the connection after a change of client_encoding', async () => {
    const latin = within('client_encoding = LATIN1', (tx) => tx.value`SELECT 'Zoë'`)
    await expect(latin).rejects.toThrow('client_encoding must be UTF8, got LATIN1: do not change it')
    expect(await db.transaction((tx) => tx.value`SELECT 'Zoë'`)).toBe('Zoë')
  })
})

describe('finds hidden effects on the session after the first run', () => {
  const hidden: readonly (readonly [string, string, string])[] = [
    ['a setting', `PERFORM set_config('search_path', 'nowhere', false)`, 'the setting search_path'],
    [
      'a setting that values are read by',
      `PERFORM set_config('TimeZone', 'Asia/Tokyo', false)`,
      'the setting TimeZone',
    ],
    ['a role', 'SET ROLE pg_monitor', 'the role pg_monitor'],
    ['a lock', 'PERFORM pg_advisory_lock(77)', 'an advisory lock'],
    ['a temporary table', 'CREATE TEMP TABLE tmp (id int)', 'the temporary relation tmp'],
    ['a subscription', 'LISTEN news', 'LISTEN news'],
  ]

  test.skipIf(isPooled).each(hidden)('%s', async (_, body, what) => {
    await using own = database({ url: fresh.url, lanes: 1, pool: 1 })
    const name = `hidden_${what.replaceAll(/\W/g, '_').toLowerCase()}`
    await own.script(`CREATE FUNCTION ${name}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ${body}; RETURN 1; END $$`)
    const call = (on: Pick<Database, 'value'>, comment: string) =>
      on.value`SELECT ${own.unsafe(name)}() -- ${own.unsafe(comment)}`
    const ways = [
      () => call(own, 'lane'),
      () => call(own.with({ slow: true }), 'pool'),
      () => own.transaction((tx) => call(tx, 'transaction')),
    ]
    for (const way of ways) {
      await expect(way()).rejects.toMatchObject({ sqlstate: '25001', message: expect.stringContaining(`left ${what}`) })
      const clean = (on: Pick<Database, 'value'>) =>
        on.value`SELECT concat_ws(' ', current_setting('search_path'), current_setting('TimeZone'), current_setting('role'),
          (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()))`
      expect(await clean(own.with({ slow: true }))).toBe('"$user", public UTC none 0')
      await expect.poll(() => clean(own)).toBe('"$user", public UTC none 0')
    }
  })

  test('reports nothing without effects, and does not check in production', async () => {
    await db.script(`
      CREATE FUNCTION tidy() RETURNS int LANGUAGE plpgsql SET search_path = pg_catalog AS $$
        BEGIN PERFORM pg_advisory_xact_lock(1); PERFORM set_config('TimeZone', 'Asia/Tokyo', true); RETURN 1; END $$;
      CREATE FUNCTION untidy() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(78); RETURN 1; END $$`)
    expect(await db.value`SELECT tidy()`).toBe(1)
    expect(await db.transaction((tx) => tx.value`SELECT tidy() AS inside`)).toBe(1)
    await using production = database({ url: fresh.url, lanes: 1, pool: 1, checkSessions: false })
    expect(await production.value`SELECT untidy()`).toBe(1)
  })
})
