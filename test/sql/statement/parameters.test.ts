import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codecs, type Database, database, httpErrorOf, sql } from 'tricube/sql'
import { freshDatabase } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase(`
    CREATE DOMAIN settings AS jsonb CHECK (VALUE <> '["never"]');
    CREATE DOMAIN strict_settings AS settings;
    CREATE DOMAIN bytes AS bytea;
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE documents (id int GENERATED ALWAYS AS IDENTITY, b jsonb, j json, d strict_settings, many jsonb[], t text);
  `)
  db = database({ url: fresh.url })
})
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

describe('a value of a JSON parameter is a JSON value', () => {
  const values = [
    '5',
    'true',
    'null',
    '{"role":"admin"}',
    'text',
    '"',
    '',
    5,
    -1.5,
    true,
    false,
    { a: [null] },
    [1, ['x']],
  ]

  test.each(values.map((value) => [JSON.stringify(value), value]))('%s', async (_, value) => {
    const row = { b: value, j: value, d: value, many: [value, value] }
    expect(await db.one`INSERT INTO documents ${db.values(row)} RETURNING b, j, d, many`).toEqual(row)
    expect(await db.one`UPDATE documents SET ${db.set(row)} WHERE id = 1 RETURNING b, j, d, many`).toEqual(row)
    await db.transaction(async (tx) => {
      expect(await tx.value`SELECT ${value}::jsonb`).toEqual(value)
    })
    expect(await db.batch([{ value }])`INSERT INTO documents (b) VALUES (${(row) => row.value})`).toBe(1)
    expect(await db.value`SELECT b FROM documents ORDER BY id DESC LIMIT 1`).toEqual(value)
  })

  test('any string', () =>
    fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (text) => {
        const value = text.replaceAll('\0', '')
        expect(await db.value`SELECT ${value}::jsonb`).toBe(value)
      }),
    ))

  test('null is SQL’s NULL, a Date its text, and NaN is rejected', async () => {
    expect(await db.value`SELECT ${null}::jsonb IS NULL`).toBe(true)
    const at = new Date('2026-11-23T05:36:00.123Z')
    expect(await db.value`SELECT ${at}::jsonb`).toBe('2026-11-23T05:36:00.123Z')
    await expect(db.value`SELECT ${Number.NaN}::jsonb`).rejects.toMatchObject({ sqlstate: '22P02', parameter: 1 })
  })

  test('db.json passes JSON text', async () => {
    const text = '{"role": "admin"}'
    expect(await db.value`SELECT ${db.json(text)}::jsonb`).toEqual({ role: 'admin' })
    expect(await db.value`SELECT ${text}::text::jsonb`).toEqual({ role: 'admin' })
    expect(await db.value`SELECT ${[sql.json('null'), sql.json('5'), '5']}::jsonb[]`).toEqual([null, 5, '5'])
    const row = { b: db.json('5'), j: db.json('null') }
    expect(await db.one`INSERT INTO documents ${db.values(row)} RETURNING b, j`).toEqual({ b: 5, j: null })
    expect(await db.batch([1])`INSERT INTO documents (b) VALUES (${() => db.json('true')})`).toBe(1)
    await expect(db.value`SELECT ${db.json('{')}::jsonb`).rejects.toMatchObject({ sqlstate: '22P02', parameter: 1 })
  })

  test('also with your own codec, which encodes objects', async () => {
    const upper = { decode: (text: string) => text, encode: () => '"encoded"' }
    await using own = database({ url: fresh.url, types: { jsonb: upper } })
    expect(await own.value`SELECT ${'5'}::jsonb`).toBe('"5"')
    expect(await own.value`SELECT ${{}}::jsonb`).toBe('"encoded"')
  })
})

describe('the parameter’s type decides', () => {
  test('a boolean works for each type that accepts its text', async () => {
    expect(
      await db.one`SELECT ${true}::bool AS b, ${false}::text AS t, ${[true, false]}::bool[] AS a, ${true}::jsonb AS j`,
    ).toEqual({
      b: true,
      t: 'false',
      a: [true, false],
      j: true,
    })
  })

  test('a string is PostgreSQL’s text form for arrays, bytea and domains of them', async () => {
    expect(await db.value`SELECT ${'{1,2}'}::int[]`).toEqual([1, 2])
    expect(await db.value`SELECT ${String.raw`\x00ff`}::bytea`).toEqual(Buffer.from([0, 255]))
    expect(await db.value`SELECT ${Buffer.from([0, 255])}::bytes`).toEqual(Buffer.from([0, 255]))
    expect(await db.value`SELECT ${[Buffer.from([0, 255]), null]}::bytes[]`).toEqual([Buffer.from([0, 255]), null])
    expect(await db.value`SELECT ${['sad', 'happy']}::mood[]`).toEqual(['sad', 'happy'])
  })

  test('an item of a jsonb[] may be an array', async () => {
    const documents = [[1, 2], [3], [], {}, 'x', [[4]]]
    expect(await db.value`SELECT ${documents}::jsonb[]`).toEqual(documents)
    expect(await db.value`SELECT array_ndims(${[[1], [2]]}::json[])`).toBe(1)
  })

  test.each([
    '-000001-06-15T12:00:00.500Z',
    '0000-02-29T00:00:00.000Z',
    '0099-01-01T00:00:00.000Z',
    '+010000-01-01T00:00:00.000Z',
    '+275760-09-12T23:59:59.999Z',
    '-004712-01-01T00:00:00.000Z',
  ])('a Date in the year of %s', async (text) => {
    await using own = database({ url: fresh.url, types: { timestamptz: codecs.date, timestamp: codecs.date } })
    const at = new Date(text)
    expect(await own.one`SELECT ${at}::timestamptz AS z, ${at}::timestamp AS t, ${[at]}::timestamptz[] AS a`).toEqual({
      z: at,
      t: at,
      a: [at],
    })
    expect(await own.value<number>`SELECT extract(epoch FROM ${at}::timestamptz)::float8`).toBe(at.getTime() / 1000)
  })

  test.each([
    ['timestamptz', 'infinity', '+275760-09-13T00:00:00.000Z'],
    ['timestamptz', '-infinity', '-271821-04-20T00:00:00.000Z'],
    ['date', 'infinity', '+275760-09-13T00:00:00.000Z'],
    ['timestamptz', '0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
    ['timestamp', '0001-12-31 23:59:59.9999 BC', '0000-12-31T23:59:59.999Z'],
    ['date', '0044-03-15 BC', '-000043-03-15T00:00:00.000Z'],
    ['timestamptz', '10000-01-01 00:00:00.123456+00', '+010000-01-01T00:00:00.123Z'],
    ['date', '99999-12-31', '+099999-12-31T00:00:00.000Z'],
    ['timestamp', '2026-06-01 12:00:00', '2026-06-01T12:00:00.000Z'],
  ])('codecs.date reads the %s %s, and writes it again', async (type, text, iso) => {
    const { date } = codecs
    await using own = database({ url: fresh.url, types: { timestamptz: date, timestamp: date, date } })
    const unsafe = own.unsafe(type)
    const read = await own.value<Date>`SELECT ${text}::${unsafe}`
    expect(read).toEqual(new Date(iso))
    expect(await own.value`SELECT ${[read]}::${own.unsafe(`${type}[]`)}`).toEqual([read])
    expect(await own.value`SELECT ${read}::${unsafe} = date_trunc('milliseconds', ${text}::${unsafe})`).toBe(true)
  })

  test('codecs.date reads any offset, and rejects what no Date can hold', async () => {
    await using own = database({ url: fresh.url, types: { timestamptz: codecs.date } })
    for (const zone of ['Asia/Kolkata', 'America/New_York', 'Africa/Monrovia']) {
      const read = await own.transaction(async (tx) => {
        await tx.execute`SELECT set_config('TimeZone', ${zone}, true)`
        return tx.value<Date>`SELECT '1950-01-02 03:04:05Z'::timestamptz`
      })
      expect(read).toEqual(new Date('1950-01-02T03:04:05Z'))
    }
    await expect(own.value`SELECT '294276-01-01 00:00Z'::timestamptz`).rejects.toMatchObject({
      cause: expect.objectContaining({ message: 'outside the range of a Date' }),
    })
  })

  test('a Date before PostgreSQL’s first year is a 400', async () => {
    const error: unknown = await db.value`SELECT ${new Date('-004800-01-01T00:00:00Z')}::timestamptz`.catch((e) => e)
    expect(httpErrorOf(error)).toMatchObject({ status: 400 })
  })
})

describe('rejects a value that is not an SQL value with the position of the parameter', () => {
  class Point {
    x = 1
  }
  test.each([
    ['a Set', new Set([1]), 'parameter $2: a Set is not an SQL value, use [...set]'],
    ['a Map', new Map([['a', 1]]), 'parameter $2: a Map is not an SQL value, use Object.fromEntries(map)'],
    ['a URL', new URL('https://example.com/'), 'parameter $2: a URL is not an SQL value, use url.href'],
    ['a Float64Array', new Float64Array([1]), 'parameter $2: a Float64Array is not an SQL value'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'parameter $2: an ArrayBuffer is not an SQL value'],
    ['a RegExp', /x/, 'parameter $2: a RegExp is not an SQL value'],
    ['a Promise', Promise.resolve(1), 'parameter $2: a Promise is not an SQL value'],
    ['an Error', new Error('x'), 'parameter $2: an Error is not an SQL value'],
    ['a symbol', Symbol('x'), 'parameter $2: a symbol is not an SQL value'],
    ['a function', () => 1, 'parameter $2: a function is not an SQL value'],
    ['undefined', undefined, 'parameter $2: undefined is not an SQL value, use null for NULL'],
  ])('%s', async (_, value, message) => {
    for (const type of ['text', 'jsonb', 'int', 'text[]'] as const) {
      const statement = db.value`SELECT ${1}::int, ${value}::${db.unsafe(type)}`
      await expect(statement).rejects.toThrow(TypeError)
    }
    await expect(db.value`SELECT ${1}::int, ${value}::text`).rejects.toThrow(message)
    await expect(db.value`SELECT ${1}::int, ${[value]}::text[]`).rejects.toThrow(message)
    expect(await db.value`SELECT ${1}::int`).toBe(1)
  })

  test('a Buffer or an array for another type, and another value for an array', async () => {
    await expect(db.value`SELECT ${Buffer.from('1234')}::int`).rejects.toThrow(
      'parameter $1: a Buffer needs a bytea parameter',
    )
    await expect(db.value`SELECT ${Buffer.from('{}')}::jsonb`).rejects.toThrow(
      'parameter $1: a Buffer needs a bytea parameter',
    )
    await expect(db.value`SELECT ${['a']}::text`).rejects.toThrow(
      'parameter $1: an array needs an array or JSON parameter',
    )
    await expect(db.value`SELECT ${{ a: 1 }}::text[]`).rejects.toThrow('parameter $1: an Object is not an array')
  })

  test('an instance of a class is encoded as JSON', async () => {
    const money = { toJSON: () => '1.50 EUR' }
    expect(await db.one`SELECT ${new Point()}::jsonb AS point, ${money}::jsonb AS money`).toEqual({
      point: { x: 1 },
      money: '1.50 EUR',
    })
  })
})

describe('cached parameter types', () => {
  test('save a round trip on the next connection, and are safe during a migration', async () => {
    await using other = database({ url: fresh.url, lanes: 0, pool: 1 })
    await other.script('CREATE TABLE changing (v text)')
    const insert = (on: Pick<Database, 'value'>) => on.value`INSERT INTO changing VALUES (${'5'}) RETURNING v`
    expect(await insert(db)).toBe('5')
    await other.script('ALTER TABLE changing ALTER v TYPE jsonb USING to_jsonb(v)')
    // The connections of the pool have not seen the text yet.
    expect(await insert(db.with({ slow: true }))).toBe('5')
    expect(await other.many`SELECT v FROM changing`).toEqual([{ v: '5' }, { v: '5' }])
  })
})
