import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codecs, type Database, database } from 'tricube/sql'
import { catalog } from '../../../src/sql/values/typeCatalog.ts'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase(`
    CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN email AS text;
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE DOMAIN settings AS jsonb;
    CREATE DOMAIN pair AS int[];
    CREATE TYPE place AS (id int, name text);
    CREATE TYPE whole AS RANGE (subtype = int4);
  `)
  db = await database({ url: fresh.url })
})
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

test.each([
  ['true::bool', true],
  ['false::bool', false],
  ['(-12)::int2', -12],
  ['2147483647::int4', 2147483647],
  ['(-9007199254740991)::int8', -9007199254740991],
  ['9007199254740993::int8', '9007199254740993'],
  ['1.50::numeric', '1.50'],
  ['1.5::float8', 1.5],
  [`'NaN'::float4`, Number.NaN],
  [`'-Infinity'::float8`, -Infinity],
  [`'Zoë 😀'::text`, 'Zoë 😀'],
  [`''::text`, ''],
  [`'happy'::mood`, 'happy'],
  [`'2026-11-23'::date`, '2026-11-23'],
  [`'2026-11-23 05:36:00.123456'::timestamp`, '2026-11-23T05:36:00.123456'],
  [`'2026-11-23 05:36:00.123456+02'::timestamptz`, '2026-11-23T03:36:00.123456Z'],
  [`'2026-11-23 05:36:00Z'::timestamptz`, '2026-11-23T05:36:00Z'],
  [`'infinity'::timestamptz`, 'infinity'],
  [`'infinity'::timestamp`, 'infinity'],
  [`'0044-03-15 BC'::date`, '0044-03-15 BC'],
  [`'05:36:00'::time`, '05:36:00'],
  [`'1 day 02:00'::interval`, '1 day 02:00:00'],
  [`'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid`, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  [`'{"a": [1, null, "x"]}'::jsonb`, { a: [1, null, 'x'] }],
  [`'null'::json`, null],
  [String.raw`'\x00ff10'::bytea`, Buffer.from([0, 255, 16])],
  [`'{1,NULL,3}'::int[]`, [1, null, 3]],
  [
    `'{{1,2},{3,4}}'::int8[]`,
    [
      [1, 2],
      [3, 4],
    ],
  ],
  [`'[0:1]={5,6}'::int[]`, [5, 6]],
  [`'{}'::text[]`, []],
  [String.raw`'{"a,b","c\"d","e\\f",NULL,"NULL",""}'::text[]`, ['a,b', 'c"d', 'e\\f', null, 'NULL', '']],
  [`'{2026-11-23 05:36:00Z}'::timestamptz[]`, ['2026-11-23T05:36:00Z']],
  [`array['{"a":1}'::jsonb]`, [{ a: 1 }]],
  ['NULL::int', null],
  [`array['sad', 'happy']::mood[]`, ['sad', 'happy']],
  [`'{{sad},{happy}}'::mood[]`, [['sad'], ['happy']]],
  [`array['a@b', 'c,d']::email[]`, ['a@b', 'c,d']],
  [`array[1, NULL]::positive[]`, [1, null]],
  ['5::positive', 5],
  [`'{"a": 1}'::settings`, { a: 1 }],
  [`array['{"a": 1}', '[2]']::settings[]`, [{ a: 1 }, [2]]],
  [`'{1,2}'::pair`, [1, 2]],
  [`array['{"x": "(1,\\"a b\\")"}'::jsonb]`, [{ x: '(1,"a b")' }]],
  [`array[row(1, 'a b')::place, NULL]`, ['(1,"a b")', null]],
  [`row(1, 'a b')::place`, '(1,"a b")'],
  [`array['Ann', 'bob']::citext[]`, ['Ann', 'bob']],
  [`array['a=>1'::hstore]`, ['"a"=>"1"']],
  [`array['a.b'::ltree]`, ['a.b']],
  [`array['[1,3)'::int4range]`, ['[1,3)']],
  [`array['{[1,3),[5,6)}'::int4multirange]`, ['{[1,3),[5,6)}']],
  [`array['[1,3)'::whole]`, ['[1,3)']],
  [`array['08:00:2b:01:02:03'::macaddr]`, ['08:00:2b:01:02:03']],
  [`array[B'101']`, ['101']],
  [`array['a'::"char", ',']`, ['a', ',']],
  [`array['pg_type'::regclass]`, ['pg_type']],
  [`array['(1,2),(3,4)'::box]`, ['(3,4),(1,2)']],
  [`'1 2'::int2vector`, '1 2'],
  [`array['a b'::tsvector]`, [`'a' 'b'`]],
])('%s', async (expression, expected) => {
  expect(await db.value`SELECT ${db.unsafe(expression)}`).toEqual(expected)
})

test('the built-in types are those of the server’s catalog', async () => {
  const rows = await db.many<{ name: string; oid: number; arrayOid: number; delimiter: string }>`
    SELECT typname AS name, oid, typarray AS "arrayOid", typdelim AS delimiter FROM pg_type WHERE oid < 10000 AND typtype <> 'c'`
  const server = new Map(rows.map((row) => [row.name, row]))
  for (const [name, entry] of Object.entries(catalog)) {
    expect({ delimiter: ',', name, ...entry }).toEqual(server.get(name))
  }
})

describe('types that are created while the service runs', () => {
  test('are looked up on first use, in a pipeline, a transaction, a stream and a batch', async () => {
    await using own = database({ url: fresh.url, lanes: 1, types: { later: { decode: (text) => `later ${text}` } } })
    await own.script(`CREATE TYPE later AS ENUM ('x', 'y'); CREATE TABLE laters (l later, many later[])`)
    const all = Array.from({ length: 20 }, (_, i) => own.value`SELECT ${['x', 'y']}::later[] AS ${own.id(`c${i % 2}`)}`)
    expect(await Promise.all(all)).toEqual(all.map(() => ['later x', 'later y']))
    await own.script(`ALTER TYPE later RENAME TO soon; CREATE TYPE later AS ENUM ('z')`)
    await own.transaction(async (tx) => {
      await tx.execute`CREATE TYPE inside AS ENUM ('i')`
      const [before, made, after] = await Promise.all([
        tx.value`SELECT ${1}::int`,
        tx.value`SELECT ${['i']}::inside[]`,
        tx.value`SELECT ${'z'}::later`,
      ])
      expect([before, made, after]).toEqual([1, ['i'], 'later z'])
    })
    expect(
      await own.batch([{ l: 'x' }, { l: 'y' }])`
      INSERT INTO laters VALUES (${(row) => row.l}, ${(row) => [row.l]})`,
    ).toBe(2)
    const rows: unknown[] = []
    await using again = database({ url: fresh.url, lanes: 0 })
    for await (const row of again.stream`SELECT many FROM laters, generate_series(1, 300)`) rows.push(row)
    expect(rows.length).toBe(600)
    expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(new Set(['{"many":["x"]}', '{"many":["y"]}']))
  })

  // Behind a pooler one exchange follows the other, so the catalogue is queried before the transaction fails.
  test.skipIf(isPooled)('delay no statement but their own', async () => {
    await using own = database({ url: fresh.url, lanes: 0, pool: 1 })
    await own
      .transaction(async (tx) => {
        const failing = Promise.allSettled([tx.value`SELECT array['sad']::mood[]`, tx.value`SELECT 1 / 0`])
        const [read, divided] = await failing
        expect(divided.status).toBe('rejected')
        // The transaction failed before the catalogue could be queried.
        expect(read).toMatchObject({ status: 'rejected', reason: { sqlstate: '25P02' } })
        throw new Error('over')
      })
      .catch((error: unknown) => expect(error).toMatchObject({ message: 'over' }))
    expect(await own.value`SELECT array['sad']::mood[]`).toEqual(['sad'])
  })
})

describe('values survive a round trip', () => {
  const roundTrip = (type: string, arbitrary: fc.Arbitrary<unknown>) =>
    fc.assert(
      fc.asyncProperty(arbitrary, async (value) => {
        expect(await db.value`SELECT ${value}::${db.unsafe(type)}`).toEqual(value)
      }),
      { numRuns: 100 },
    )
  const text = fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\0', ''))
  const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '')) as unknown)

  test('text', () => roundTrip('text', text))
  test('int4', () => roundTrip('int4', fc.integer()))
  test('int8', () => roundTrip('int8', fc.maxSafeInteger()))
  test('float8', () =>
    roundTrip(
      'float8',
      fc.double().map((n) => n + 0),
    ))
  test('bytea', () =>
    roundTrip(
      'bytea',
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    ))
  test('text[]', () => roundTrip('text[]', fc.array(fc.option(text))))
  test('float8[][]', () =>
    roundTrip('float8[]', fc.array(fc.tuple(fc.integer(), fc.option(fc.integer())), { minLength: 1 })))
  test('json', () => roundTrip('json', fc.record({ any: json })))
})

test('int8 as bigint, timestamptz as Date, an enum and a domain by your own codecs', async () => {
  await using own = await database({
    url: fresh.url,
    types: {
      int8: codecs.bigint,
      timestamptz: codecs.date,
      numeric: codecs.number,
      mood: { decode: (text) => `feeling ${text}` },
      point: {
        decode: (text) => ({ x: Number(text.slice(1, -1).split(',')[0]), y: Number(text.slice(1, -1).split(',')[1]) }),
        encode: ({ x, y }: { x: number; y: number }) => `(${x},${y})`,
      },
    },
  })
  const at = new Date('2026-11-23T05:36:00.123Z')
  expect(await own.one`SELECT ${10n ** 18n}::int8 AS n, ${at}::timestamptz AS at, 1.5 AS d, 'sad'::mood AS m`).toEqual({
    n: 10n ** 18n,
    at,
    d: 1.5,
    m: 'feeling sad',
  })
  expect(await own.value`SELECT ARRAY['sad', 'happy']::mood[]`).toEqual(['feeling sad', 'feeling happy'])
  expect(await own.value`SELECT ${{ x: 1, y: 2 }}::point`).toEqual({ x: 1, y: 2 })
  expect(await own.value`SELECT ${[{ x: 1, y: 2 }]}::point[]`).toEqual([{ x: 1, y: 2 }])
})

test('a codec that throws fails only its own statement', async () => {
  await using own = await database({
    url: fresh.url,
    lanes: 1,
    types: {
      uuid: {
        decode: () => {
          throw new Error('no')
        },
      },
    },
  })
  const [bad, good] = await Promise.allSettled([own.value`SELECT gen_random_uuid()`, own.value`SELECT ${1}::int`])
  expect(bad).toMatchObject({ reason: { sqlstate: '22000' } })
  expect(good).toMatchObject({ value: 1 })
})
