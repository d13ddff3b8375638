// What the error of a statement tells the engineer who looks for its cause.
import { contract } from 'tricube'
import { database, type Database, DatabaseError } from 'tricube/sql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { logging } from '../../log/logFile.ts'
import { freshDatabase } from '../freshDatabase.ts'

let own: Awaited<ReturnType<typeof freshDatabase>>
let db: Database
beforeAll(async () => {
  own = await freshDatabase(
    'CREATE TABLE products (id int PRIMARY KEY, price numeric(5, 2), code varchar(3), name text UNIQUE)',
  )
  db = database({ url: own.url })
})
afterAll(async () => {
  await db.close()
  await own[Symbol.asyncDispose]()
})

async function failureOf(run: () => PromiseLike<unknown>): Promise<DatabaseError> {
  const error: unknown = await Promise.resolve(run()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(DatabaseError)
  return error as DatabaseError
}

/** The functions of this file that a stack names, the innermost first. */
function framesOf({ stack = '' }: Error): string[] {
  expect(stack).not.toMatch(/node:internal|[/\\]src[/\\]sql[/\\]/)
  return stack
    .split('\n')
    .flatMap((line) => /^\s+at (?:async )?(\w+) \(.*errors\.test\.ts:\d+:\d+\)$/.exec(line)?.[1] ?? [])
}

describe('the stack of a failed statement', () => {
  const missing = (): Promise<unknown> => db.one`SELECT idd FROM products`
  async function awaited(): Promise<unknown> {
    return await db.one`SELECT idd FROM products WHERE id = ${1}`
  }
  async function outer(): Promise<unknown> {
    const rows = await awaited()
    return rows
  }
  const ways: Record<string, () => PromiseLike<unknown>> = {
    missing,
    awaited,
    inTransaction: () =>
      db.transaction(async function inTransaction(tx) {
        return await tx.many`SELECT idd FROM products`
      }),
    inSavepoint: () =>
      db.transaction((tx) =>
        tx.transaction(async function inSavepoint(inner) {
          return await inner.execute`SELECT idd FROM products`
        }),
      ),
    composed: async function composed() {
      return await db.value`SELECT idd FROM products ${db.sql`WHERE id = ${2}`}`
    },
    batched: async function batched() {
      return await db.batch([1, 2])`INSERT INTO products (idd) VALUES (${(id) => id})`
    },
    streamed: async function streamed() {
      for await (const row of db.stream`SELECT idd FROM products`) return row
      return undefined
    },
    streamedLater: async function streamedLater() {
      let rows = 0
      for await (const _ of db.stream`SELECT 1 / (1000 - i) FROM generate_series(1, 2000) i`) rows++
      return rows
    },
    slow: async function slow() {
      return await db.with({ slow: true }).one`SELECT idd FROM products`
    },
    late: async function late() {
      return await db.with({ timeoutMs: 20 }).one`SELECT pg_sleep(10)`
    },
  }
  test.each(Object.keys(ways))('%s names the line of the statement', async (name) => {
    const run = ways[name]!
    for (let i = 0; i < 2; i++) expect(framesOf(await failureOf(run))[0]).toBe(name)
  })

  test.each<[string, (value: unknown) => PromiseLike<unknown>]>([
    ['alone', async (value) => await db.one`SELECT ${value}::int`],
    ['in a transaction', async (value) => await db.transaction((tx) => tx.one`SELECT ${value}::int`)],
    ['of a batch', async (value) => await db.batch([1])`INSERT INTO products (id) VALUES (${() => value})`],
    ['on a lane of its own', async (value) => await db.with({ slow: true }).one`SELECT ${value}::int`],
  ])('names the line of a parameter that is no SQL value: %s', async (_, statement) => {
    for (const value of [undefined, new Set()]) {
      const error: unknown = await Promise.resolve(statement(value)).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toMatch(/^parameter \$1: /)
      expect((error as Error).stack).toMatch(/^TypeError: parameter \$1: .*\n +at .*errors\.test\.ts/)
      expect((error as Error).stack).not.toMatch(/[/\\]src[/\\]sql[/\\]/)
      expect(error).not.toHaveProperty('cause')
    }
  })

  test('names the functions that await it', async () => {
    expect(framesOf(await failureOf(outer))).toEqual(expect.arrayContaining(['awaited', 'outer']))
  })

  test('is separate for each statement that one error ends', async () => {
    const down = database({ url: 'postgres://u@127.0.0.1:1/d', acquireTimeoutMs: 100 })
    onTestFinished(() => down.close())
    async function one(): Promise<unknown> {
      return await down.one`SELECT 'one'`
    }
    async function two(): Promise<unknown> {
      return await down.one`SELECT 2`
    }
    const [first, second] = await Promise.all([failureOf(one), failureOf(two)])
    expect([framesOf(first)[0], framesOf(second)[0]]).toEqual(['one', 'two'])
    expect([first.statement, second.statement]).toEqual(['SELECT ?', 'SELECT ?'])
    expect(
      framesOf(
        await failureOf(async function begin() {
          return await down.transaction(async () => 1)
        }),
      ),
    ).toContain('begin')
  })

  test('of a Drizzle query reaches the function that awaits it', async () => {
    async function query(): Promise<unknown> {
      return await db.drizzle.execute('SELECT idd FROM products')
    }
    const error: unknown = await query().catch((thrown: unknown) => thrown)
    expect((error as Error).stack).toMatch(/query.*errors\.test\.ts/)
  })
})

test('a failed statement has its code, and its text without literals', async () => {
  const error = await failureOf(() => db.execute`INSERT INTO products (id, nam) VALUES (${1}, 'secret')`)
  expect(error).toMatchObject({
    code: '42703',
    sqlstate: '42703',
    statement: 'INSERT INTO products (id, nam) VALUES ($1, ?)',
    message: 'column "nam" of relation "products" does not exist',
  })
})

describe('the position of the parameter', () => {
  test.each<[title: string, run: () => PromiseLike<unknown>, parameter: number | undefined]>([
    ['a numeric that overflows', () => db.execute`INSERT INTO products (id, price) VALUES (${1}, ${'12345.6'})`, 2],
    ['by rounding', () => db.execute`INSERT INTO products (price, id) VALUES (${'999.995'}, ${900000})`, undefined],
    ['by rounding alone', () => db.execute`INSERT INTO products (price, id) VALUES (${'999.995'}, ${1})`, 1],
    ['negative', () => db.execute`UPDATE products SET price = ${-1000} WHERE id = ${0} OR true`, 1],
    ['a text that is too long', () => db.execute`INSERT INTO products (id, code) VALUES (${1}, ${'wxyz'})`, 2],
    [
      'two that may be meant',
      () => db.execute`INSERT INTO products (name, code) VALUES (${'long'}, ${'wxyz'})`,
      undefined,
    ],
    ['an integer', () => db.execute`INSERT INTO products (id, code) VALUES (${'99999999999'}, ${'a'})`, 1],
  ])('%s', async (_title, run, parameter) => {
    await db.execute`INSERT INTO products (id) VALUES (0) ON CONFLICT DO NOTHING`
    const error = await failureOf(run)
    expect(error.sqlstate).toMatch(/^22/)
    expect(error.parameter).toBe(parameter)
  })
})

test('the log has the statement, its operation and its line, and a stack for thrown strings too', async () => {
  const api = contract('product-service', { getProduct: { route: 'GET /product' }, throwText: { route: 'GET /text' } })
  vi.stubEnv('DATABASE_URL', own.url)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { app, lines } = await logging(api, {
    database: {},
    handlers: {
      getProduct: ({ db }) => db.execute`SELECT idd FROM pg_class WHERE relname = ${'secret'}`.then(() => {}),
      throwText() {
        // oxlint-disable-next-line no-throw-literal, typescript/only-throw-error -- users do
        throw 'boom'
      },
    },
  })
  expect((await app.inject('/product')).statusCode).toBe(500)
  expect((await app.inject('/text')).statusCode).toBe(500)
  const [statement, thrown] = (await lines()).filter(({ level }) => level === 'error')
  expect(statement).toMatchObject({
    operation: 'getProduct',
    err: { type: 'DatabaseError', sqlstate: '42703', statement: 'SELECT idd FROM pg_class WHERE relname = $1' },
  })
  expect(statement!['err'].stack).toMatch(/^DatabaseError: column "idd" does not exist\n {4}at .*errors\.test\.ts:\d+/)
  expect(JSON.stringify(statement)).not.toContain('secret')
  expect(thrown).toMatchObject({
    operation: 'throwText',
    err: { message: 'throwText threw "boom", which is not an Error: throw an Error, whose stack names the line' },
  })
  expect(thrown!['err'].stack).toMatch(/\n {4}at /)
})
