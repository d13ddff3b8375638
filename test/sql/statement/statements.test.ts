import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, DatabaseError, database, sql } from 'tricube/sql'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

let fresh: Awaited<ReturnType<typeof freshDatabase>>
let db: Database

beforeAll(async () => {
  fresh = await freshDatabase(`
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE users (
      id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL CONSTRAINT users_name_key UNIQUE,
      age int CONSTRAINT users_age_check CHECK (age >= 0),
      tags jsonb,
      created timestamptz NOT NULL DEFAULT '2026-11-23T05:36:00.123456Z'
    );
    INSERT INTO users (name, age) VALUES ('Ada', 36), ('Alan', 41);
  `)
  db = await database({ url: fresh.url })
})
afterAll(async () => {
  await db.close()
  await fresh[Symbol.asyncDispose]()
})

describe('the tags', () => {
  test('one returns the only row', async () => {
    const user = await db.one<{ id: number; name: string }>`SELECT id, name FROM users WHERE name = ${'Ada'}`
    expect(user).toEqual({ id: 1, name: 'Ada' })
    await expect(db.one`SELECT 1 WHERE false`).rejects.toMatchObject({ sqlstate: 'P0002' })
    await expect(db.one`SELECT generate_series(1, 2)`).rejects.toMatchObject({ sqlstate: 'P0003' })
  })

  test('maybeOne returns the row or undefined', async () => {
    expect(await db.maybeOne`SELECT id FROM users WHERE name = ${'Ada'}`).toEqual({ id: 1 })
    expect(await db.maybeOne`SELECT id FROM users WHERE name = ${'Eve'}`).toBeUndefined()
    await expect(db.maybeOne`SELECT id FROM users`).rejects.toMatchObject({ sqlstate: 'P0003' })
  })

  test('many returns all rows, value the first column, execute the number of rows', async () => {
    expect(await db.many`SELECT name FROM users ORDER BY id LIMIT ${2}`).toEqual([{ name: 'Ada' }, { name: 'Alan' }])
    expect(await db.value<number>`SELECT count(*) FROM users WHERE age > ${40}`).toBe(1)
    expect(await db.execute`UPDATE users SET age = age WHERE id <= ${2}`).toBe(2)
    expect(await db.execute`SELECT`).toBe(1)
    expect(await db.many``).toEqual([])
  })

  test('a string is rejected', async () => {
    // @ts-expect-error a string where a template belongs
    await expect(db.one('SELECT 1')).rejects.toThrow(TypeError)
    // @ts-expect-error an array is not enough
    await expect(db.execute(['SELECT 1'])).rejects.toThrow('a statement must be a template: write db.one`SELECT …`')
    // @ts-expect-error nor for fragments
    expect(() => sql('x')).toThrow(TypeError)
  })

  test('a column may have the name __proto__', async () => {
    const row = await db.one`SELECT 1 AS __proto__, 2 AS constructor`
    expect(Object.entries(row)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ])
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
  })

  test('statements that change the session are rejected before they are sent', async () => {
    await expect(db.execute`BEGIN`).rejects.toMatchObject({ sqlstate: '25001' })
    await expect(db.execute`/* x */ set search_path = y`).rejects.toThrow('use db.transaction')
  })
})

describe('fragments', () => {
  test('compose, and stay parameters', async () => {
    const adult = sql`age >= ${40}`
    const named = sql`name LIKE ${'A%'} AND ${adult}`
    expect(await db.many`SELECT ${sql.id('name')} FROM users WHERE ${named} ORDER BY ${sql.unsafe('id')}`).toEqual([
      { name: 'Alan' },
    ])
  })

  test('id quotes', async () => {
    expect(await db.one`SELECT 1 AS ${sql.id('a "b"; --')}`).toEqual({ 'a "b"; --': 1 })
    expect(await db.value`SELECT ${sql.id('users', 'age')} FROM ${sql.id('public', 'users')} WHERE id = 1`).toBe(36)
  })

  test('values and set write rows', async () => {
    await db.transaction(async (tx) => {
      const body: { name: string; age?: number } = { name: 'Grace' }
      expect(await tx.one`INSERT INTO users ${tx.values(body)} RETURNING name, age`).toEqual({
        name: 'Grace',
        age: null,
      })
      const rows = [{ name: 'a', age: 1 }, { name: 'b' }]
      expect(await tx.many`INSERT INTO users ${sql.values(rows)} RETURNING name, age`).toEqual([
        { name: 'a', age: 1 },
        { name: 'b', age: null },
      ])
      expect(
        await tx.execute`INSERT INTO users (age, name) VALUES ${tx.values({ name: 'c', age: 2 }, ['age', 'name'])}`,
      ).toBe(1)
      expect(
        await tx.one`UPDATE users SET ${tx.set({ age: 3, name: undefined })} WHERE name = 'a' RETURNING age`,
      ).toEqual({
        age: 3,
      })
      expect(await tx.execute`UPDATE users ${tx.set({ age: sql`age + ${1}` })} WHERE name = 'a'`).toBe(1)
      expect(await tx.value`SELECT age FROM users WHERE name = 'a'`).toBe(4)
    })
    expect(() => sql.set({})).toThrow(TypeError)
    expect(() => sql.values([])).toThrow(TypeError)
  })

  test('in accepts any list, also an empty one', async () => {
    const ids = (list: readonly number[]) =>
      db.many`SELECT id FROM users WHERE id < 3 AND id IN ${sql.in(list)} ORDER BY id`
    const others = (list: readonly number[]) => db.many`SELECT id FROM users WHERE id < 3 AND id NOT IN ${sql.in(list)}`
    expect(await ids([2, 1, 9])).toEqual([{ id: 1 }, { id: 2 }])
    expect(await ids([])).toEqual([])
    expect(await others([1])).toEqual([{ id: 2 }])
    expect((await others([])).length).toBe(2)
    expect(await db.many`SELECT name FROM users WHERE name IN ${sql.in(['Ada', 'o\'"\\,{}'])}`).toEqual([
      { name: 'Ada' },
    ])
  })
})

describe('bad input', () => {
  test('errors name constraints, not values', async () => {
    const error = await db.execute`INSERT INTO users (name) VALUES (${'Ada'})`.catch((e: unknown) => e)
    expect(error).toBeInstanceOf(DatabaseError)
    expect(error).toMatchObject({ sqlstate: '23505', constraint: 'users_name_key', table: 'users' })
    expect(JSON.stringify(error) + String(error)).not.toContain('Ada')
    expect((error as DatabaseError).detail).toContain('Ada')
    await expect(db.execute`INSERT INTO users (name) VALUES (${null})`).rejects.toMatchObject({
      sqlstate: '23502',
      column: 'name',
    })
    await expect(db.execute`UPDATE users SET age = ${-1}`).rejects.toMatchObject({ constraint: 'users_age_check' })
  })

  test('a value that a column rejects is reported with the position of its parameter', async () => {
    const wrong = db.one`SELECT * FROM users WHERE name = ${'x'} AND id = ${'secret'}`
    await expect(wrong).rejects.toMatchObject({ sqlstate: '22P02', parameter: 2 })
    await expect(wrong).rejects.not.toThrow('secret')
    await expect(db.one`SELECT ${'a\0b'}::text`).rejects.toMatchObject({ sqlstate: '22021', parameter: 1 })
    await expect(db.one`SELECT ${1}::int, ${2 ** 40}::int`).rejects.toMatchObject({ sqlstate: '22003', parameter: 2 })
    await expect(db.one`SELECT ${Number.NaN}::int`).rejects.toMatchObject({ sqlstate: '22P02', parameter: 1 })
    await expect(db.one`SELECT ${new Date(Number.NaN)}::date`).rejects.toMatchObject({
      sqlstate: '22000',
      parameter: 1,
    })
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    await expect(db.one`SELECT ${1}::int, ${circular}::json`).rejects.toMatchObject({ sqlstate: '22000', parameter: 2 })
  })

  test('65,536 parameters are one too many', async () => {
    const list = (length: number) => sql.values(Array.from({ length }, (_, i) => ({ n: i })))
    const sum = (length: number) => db.value`SELECT count(*) FROM (VALUES ${list(length)}) AS v(n)`
    await expect(sum(65_536)).rejects.toMatchObject({ sqlstate: '54000' })
    expect(await sum(65_535)).toBe(65_535)
  })

  test('an invalid statement fails each concurrent caller with the right error', async () => {
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => db.many`SELECT * FROM no_such_table`))
    for (const result of results) expect(result).toMatchObject({ reason: { sqlstate: '42P01' } })
    const mixed = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => db.value`SELECT 10 / ${i % 2}::int AS fresh_text`),
    )
    mixed.forEach((result, i) => {
      expect(result).toMatchObject(i % 2 ? { value: 10 } : { reason: { sqlstate: '22012' } })
    })
  })
})

test('reads a table whose columns change, without a restart', async () => {
  await db.script('CREATE TABLE changing (a int); INSERT INTO changing VALUES (1)')
  const read = () => db.many`SELECT * FROM changing`
  for (let i = 0; i < 6; i++) expect(await read()).toEqual([{ a: 1 }])
  await db.script('ALTER TABLE changing ADD COLUMN b text DEFAULT $$x$$')
  expect(await Promise.all([read(), read(), read(), read()])).toEqual(Array(4).fill([{ a: 1, b: 'x' }]))
})

test.skipIf(isPooled)('limits the number of prepared statements, and evicts the least recently used', async () => {
  await using small = await database({ url: fresh.url, lanes: 1, preparedStatements: 5 })
  for (let i = 0; i < 20; i++) {
    await small.value`SELECT 'often'`
    await small.value`SELECT ${sql.unsafe(String(i))}`
  }
  const texts = await small.many<{ statement: string }>`SELECT statement FROM pg_prepared_statements`
  expect(texts.length).toBe(5)
  expect(texts.map(({ statement }) => statement)).toContain("SELECT 'often'")
})

test('an array or object is encoded by the type of its parameter', async () => {
  const both = (list: unknown) => db.one`SELECT ${list}::int[] AS a, ${list}::jsonb AS j`
  expect(await Promise.all([both([1, 2]), both([1, 2]), both([])])).toEqual([
    { a: [1, 2], j: [1, 2] },
    { a: [1, 2], j: [1, 2] },
    { a: [], j: [] },
  ])
  await expect(db.one`SELECT ${[1]}::no_such_type`).rejects.toMatchObject({ sqlstate: '42704' })
})
