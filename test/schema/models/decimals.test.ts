import fc from 'fast-check'
import { numeric, pgTable, serial } from 'drizzle-orm/pg-core'
import { contract, service } from 'tricube'
import { insertSchema, selectSchema } from 'tricube/models'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

const products = pgTable('products', {
  id: serial().primaryKey(),
  price: numeric({ precision: 12, scale: 2 }).notNull(),
  discount: numeric({ precision: 5, scale: 4, mode: 'number' }),
  balance: numeric().notNull().default('0'),
})
const rules = {
  price: { decimalMinimum: '0', decimalMaximum: '99999.99' },
  discount: { decimalExclusiveMinimum: '-0.5', decimalExclusiveMaximum: '1' },
} as const

const productService = contract('product-service', {
  add: { route: 'POST /products', body: insertSchema(products, rules), returns: selectSchema(products, rules) },
})

let app: TestApp<typeof productService>

beforeAll(async () => {
  app = await testService(
    service(productService, {
      database: {},
      handlers: { add: ({ body, db }) => db.one`INSERT INTO products ${db.values(body)} RETURNING *` },
    }),
  )
  await app.db.script(
    `CREATE TABLE products (id serial, price numeric(12, 2) NOT NULL, discount numeric(5, 4), balance numeric DEFAULT 0)`,
  )
})
afterAll(() => app.close())

const add = async (body: object) => {
  const response = await app.inject({ method: 'POST', url: '/products', payload: body })
  return response.json() as { data?: unknown; error?: unknown }
}

describe('limits of a decimal number', () => {
  test.each(['0', '0.00', '-0', '99999.99', '00012.50'])('a price of %s', async (price) => {
    expect((await add({ price })).data).toMatchObject({ price: expect.stringMatching(/^\d+\.\d\d$/) })
  })

  test.each([
    [{ price: '-5' }, 'price', 'must be >= 0'],
    [{ price: '-0.01' }, 'price', 'must be >= 0'],
    [{ price: '100000' }, 'price', 'must be <= 99999.99'],
    [{ price: '99999.9900001' }, 'price', 'must match pattern'],
    [{ price: '1', discount: '-0.5' }, 'discount', 'must be > -0.5'],
    [{ price: '1', discount: '-0.5000' }, 'discount', 'must be > -0.5'],
    [{ price: '1', discount: '1.0000' }, 'discount', 'must be < 1'],
  ])('%j is a 400 that names the field', async (body, path, message) => {
    const { error } = await add(body)
    expect(error).toContainEqual({ in: 'body', path, message: expect.stringContaining(message) })
  })

  test('reject null', async () => {
    expect((await add({ price: '1', discount: null })).data).toMatchObject({ discount: null })
  })

  test('are compared digit by digit, of any length', async () => {
    vi.stubEnv('LOG_LEVEL', 'silent')
    const amount = fc
      .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat(4))
      .map(([digits, zeros]) => `${digits}.${'0'.repeat(zeros + 1)}`)
    await fc.assert(
      fc.asyncProperty(amount, amount, async (limit, value) => {
        const bounded = contract('bounded-service', {
          put: { route: 'PUT /', body: insertSchema(products, { balance: { decimalMinimum: limit } }), status: 204 },
        })
        const one = service(bounded, { handlers: { put: () => undefined } })
        const response = await one.inject({ method: 'PUT', url: '/', payload: { price: '1', balance: value } })
        const isLess = BigInt(value.split('.')[0]!) < BigInt(limit.split('.')[0]!)
        expect(response.statusCode).toBe(isLess ? 400 : 204)
        await one.close()
      }),
      { numRuns: 30 },
    )
  })

  test('reject a limit that is no number at the start; a wrong name does not compile', async () => {
    const wrong = insertSchema(products, { price: { decimalMinimum: 'none' } })
    const api = contract('wrong-service', { put: { route: 'PUT /', body: wrong, status: 204 } })
    const start = async () => service(api, { handlers: { put: () => undefined } }).inject('/')
    await expect(start()).rejects.toThrow("decimalMinimum must be a decimal number such as '0.01', got 'none'")
    // @ts-expect-error numbers are for numbers
    insertSchema(products, { price: { minimum: 0 } })
    // @ts-expect-error decimal limits are for numeric
    insertSchema(products, { id: { decimalMinimum: '0' } })
  })
})
