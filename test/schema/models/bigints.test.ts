import { bigint, integer, pgTable } from 'drizzle-orm/pg-core'
import { contract, service, t } from 'tricube'
import { selectSchema } from 'tricube/models'
import { expect, it } from 'vitest'

const things = pgTable('things', { id: integer().primaryKey(), code: bigint({ mode: 'bigint' }).notNull() })
const Thing = selectSchema(things)

it('a bigint in a response is a number up to 2^53, and its digits beyond', async () => {
  const rows = [5n, 2n ** 53n - 1n, 2n ** 53n + 1n, -(2n ** 63n)].map((code, id) => ({ id, code }))
  const app = service(contract('a', { list: { route: 'GET /things', returns: t.Array(Thing) } }), {
    handlers: { list: () => rows as never },
  })
  const { data } = JSON.parse((await app.inject('/things')).body) as { data: { code: unknown }[] }
  expect(data.map(({ code }) => code)).toEqual([5, 9007199254740991, '9007199254740993', '-9223372036854775808'])
  await app.close()
})

it('a bigint is no text where the schema has another one', async () => {
  const app = service(contract('a', { one: { route: 'GET /one', returns: t.Object({ name: t.String() }) } }), {
    handlers: { one: () => ({ name: 5n as never }) },
  })
  expect((await app.inject('/one')).statusCode).toBe(500)
  await app.close()
})
