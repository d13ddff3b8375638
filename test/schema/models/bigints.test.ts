import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bigint, integer, pgTable } from 'drizzle-orm/pg-core'
import { contract, service, t } from 'tricube'
import { client } from 'tricube/client'
import { insertSchema, selectSchema } from 'tricube/models'
import { describe, expect, it, onTestFinished } from 'vitest'

const things = pgTable('things', { id: integer().primaryKey(), code: bigint({ mode: 'bigint' }).notNull() })
const Thing = selectSchema(things)

it('writes a bigint as a number up to 2^53, and as digits beyond', async () => {
  const rows = [5n, 2n ** 53n - 1n, 2n ** 53n + 1n, -(2n ** 63n)].map((code, id) => ({ id, code }))
  const app = service(contract('a', { list: { route: 'GET /things', returns: t.Array(Thing) } }), {
    handlers: { list: () => rows as never },
  })
  const { data } = JSON.parse((await app.inject('/things')).body) as { data: { code: unknown }[] }
  expect(data.map(({ code }) => code)).toEqual([5, 9007199254740991, '9007199254740993', '-9223372036854775808'])
  await app.close()
})

it('rejects a bigint where the schema has another text', async () => {
  const app = service(contract('a', { one: { route: 'GET /one', returns: t.Object({ name: t.String() }) } }), {
    handlers: { one: () => ({ name: 5n as never }) },
  })
  expect((await app.inject('/one')).statusCode).toBe(500)
  await app.close()
})

describe('an integer beyond 2^53', () => {
  const Order = t.Object({ n: t.Integer(), pages: t.Optional(t.Array(t.Integer({ minimum: 1 }))) })
  const orders = contract('order-service', {
    save: { route: 'POST /orders', body: Order, returns: t.Boolean() },
    count: { route: 'GET /count', returns: t.Object({ n: t.Integer() }) },
    next: { route: 'GET /next', returns: t.Object({ n: t.Union([t.Integer(), t.Null()]) }) },
  })
  const problem = 'exceeds 2^53, beyond which JSON parsers round'

  it.each([
    ['{"n":9007199254740993}', 'n'],
    ['{"n":-9007199254740992}', 'n'],
    ['{"n":1,"pages":[1,1e300]}', 'pages.1'],
  ])('is rejected in a request: %s', async (payload, path) => {
    const app = service(orders, { handlers: { save: () => true, count: () => ({ n: 1 }), next: () => ({ n: 1 }) } })
    const headers = { 'content-type': 'application/json' }
    const response = await app.inject({ method: 'POST', url: '/orders', headers, payload })
    expect([response.statusCode, response.json().error]).toEqual([400, [{ in: 'body', path, message: problem }]])
    await app.close()
  })

  it('is rejected in a response of a service in another language', async () => {
    const other = createServer((_, response) => void response.end('{"code":0,"data":{"n":9007199254740993}}'))
    await once(other.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo
    await using caller = client(orders, { url: `http://127.0.0.1:${port}`, lanes: false })
    await expect(caller.count()).rejects.toThrow(`order-service.count broke its contract: n ${problem}`)
    await expect(caller.next()).rejects.toThrow(`order-service.next broke its contract: n ${problem}`)
  })
})

describe('a number beyond 2^53, which JSON.parse has rounded already, is to be sent as a string', () => {
  const Lists = t.Object({ codes: t.Array(Thing.properties.code) })
  const app = service(
    contract('a', {
      one: { route: 'POST /one', body: insertSchema(things), returns: t.Boolean() },
      many: { route: 'POST /many', body: Lists, returns: t.Boolean() },
      nullable: {
        route: 'POST /nullable',
        body: t.Object({ code: t.Union([Thing.properties.code, t.Null()]) }),
        returns: t.Boolean(),
      },
    }),
    { handlers: { one: () => true, many: () => true, nullable: () => true } },
  )
  const problems = async (path: string, payload: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json' }
    const { body } = await app.inject({ method: 'POST', url: path, headers, payload })
    return JSON.parse(body).error
  }
  const message = 'exceeds 2^53, beyond which JSON parsers round: send it as a string'

  it.each([
    ['/one', '{"id":1,"code":9007199254740993}', 'code'],
    ['/one', '{"id":1,"code":-9223372036854775808}', 'code'],
    ['/many', '{"codes":[1,9007199254740992]}', 'codes.1'],
    ['/nullable', '{"code":1e300}', 'code'],
  ])('%s %s', async (path, payload, field) => {
    expect(await problems(path, payload)).toEqual([{ in: 'body', path: field, message }])
  })

  it.each(['true', '1.5', '"x"', '"12345678901234567890"'])('%s gets its own problem', async (value) => {
    expect(JSON.stringify(await problems('/one', `{"id":1,"code":${value}}`))).not.toContain('2^53')
  })
})
