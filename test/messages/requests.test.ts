import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const orderService = contract('order-service', {
  getOrder: { route: 'GET /orders/:id', params: { id: t.Integer({ minimum: 1 }) }, returns: t.Integer() },
  listOrders: {
    route: 'GET /orders',
    query: { state: t.Optional(t.Union([t.Literal('new'), t.Literal('paid')])), size: t.Optional(t.Integer()) },
    returns: t.Integer(),
  },
  addOrder: {
    route: 'POST /orders',
    body: t.Object({
      email: t.String({ format: 'email' }),
      quantity: t.Integer({ maximum: 99 }),
      note: t.Optional(t.String({ maxLength: 5 })),
      lines: t.Optional(t.Array(t.Object({ sku: t.String({ pattern: '^[A-Z]{3}$' }) }), { maxItems: 2 })),
    }),
    returns: t.Integer(),
  },
  change: {
    route: 'POST /changes',
    body: t.Object(
      { state: t.Optional(t.String()), at: t.Optional(t.String({ format: 'date-time' })) },
      { minProperties: 1 },
    ),
    returns: t.Integer(),
  },
  limited: { route: 'GET /limited', rateLimit: { key: 'ip', limit: 1, windowMs: 60_000 }, returns: t.Integer() },
})
const good = { email: 'li.lei@example.com', quantity: 1 }

type Sent = {
  method?: 'GET' | 'POST' | 'DELETE'
  url: string
  payload?: object | string
  headers?: Record<string, string>
}
type Row = readonly [mistake: string, sent: Sent, response: string]
const post = (payload: object | string, headers: Record<string, string> = {}): Sent => ({
  method: 'POST',
  url: '/orders',
  payload,
  headers: { 'content-type': 'application/json', ...headers },
})

const rows: readonly Row[] = [
  ['an empty path parameter', { url: '/orders/' }, '404 40401 GET /orders/'],
  ['a path that does not exist', { url: '/order/1' }, '404 40401 GET /order/1'],
  ['a method that the path does not have', { method: 'DELETE', url: '/orders/1' }, '405 40500 DELETE /orders/1'],
  ['a text instead of a number in the path', { url: '/orders/abc' }, '400 40002 params.id must be integer'],
  ['a number below its minimum', { url: '/orders/0' }, '400 40002 params.id must be >= 1'],
  ['a number with a leading zero', { url: '/orders/01' }, '400 40002 params.id must be integer'],
  [
    'an unknown query parameter',
    { url: '/orders?sise=3' },
    '400 40002 query.sise is not a known field, did you mean size?',
  ],
  [
    'a query parameter that is not one of the values',
    { url: '/orders?state=old' },
    '400 40002 query.state must be one of new, paid',
  ],
  [
    'a repeated query parameter',
    { url: '/orders?size=1&size=2' },
    '400 40002 query.size is given several times, expected once',
  ],
  [
    'no field where one is needed',
    { method: 'POST', url: '/changes', payload: {} },
    '400 40002 body must have at least one of state, at',
  ],
  [
    'a time without its offset',
    { method: 'POST', url: '/changes', payload: { at: '2030-01-01T09:00:00' } },
    '400 40002 body.at must match format "date-time": its offset is missing, such as Z or +02:00',
  ],
  [
    'a time that is none',
    { method: 'POST', url: '/changes', payload: { at: 'soon' } },
    '400 40002 body.at must match format "date-time"',
  ],
  ['no body', post(''), '400 40001 a JSON body is required'],
  ['a body that is not JSON', post('{"email":'), '400 40001 the body is not JSON'],
  [
    'a body of another type',
    post('email=a', { 'content-type': 'application/x-www-form-urlencoded' }),
    '415 41500 the body has to be application/json',
  ],
  [
    'a compressed body',
    post('{}', { 'content-encoding': 'gzip' }),
    '415 41500 the body has a content-encoding: send it without',
  ],
  ['a body with __proto__', post('{"__proto__":{}}'), '400 40001 the body names __proto__ or constructor.prototype'],
  ['a body without a required field', post({ email: good.email }), '400 40002 body.quantity is required'],
  ['a field of another type', post({ ...good, quantity: '1' }), '400 40002 body.quantity must be integer'],
  ['a field that is null', post({ ...good, email: null }), '400 40002 body.email must be string'],
  ['a field over its maximum', post({ ...good, quantity: 100 }), '400 40002 body.quantity must be <= 99'],
  [
    'a text that is too long',
    post({ ...good, note: 'abcdef' }),
    '400 40002 body.note must NOT have more than 5 characters',
  ],
  ['a text of another format', post({ ...good, email: 'li.lei' }), '400 40002 body.email must match format "email"'],
  [
    'an unknown field',
    post({ ...good, quantty: 1 }),
    '400 40002 body.quantty is not a known field, did you mean quantity?',
  ],
  [
    'an item that does not match',
    post({ ...good, lines: [{ sku: 'abc' }] }),
    '400 40002 body.lines.0.sku must match pattern "^[A-Z]{3}$"',
  ],
  [
    'too many items',
    post({ ...good, lines: [{ sku: 'ABC' }, { sku: 'ABC' }, { sku: 'ABC' }] }),
    '400 40002 body.lines must NOT have more than 2 items',
  ],
  [
    'two faults at once',
    post({ email: 'x', quantity: 100 }),
    '400 40002 body.email must match format "email"; body.quantity must be <= 99',
  ],
  ['a list instead of an object', post([]), '400 40002 body must be object'],
]

let app: Awaited<ReturnType<typeof start>>
const start = () => {
  const handlers = { getOrder: () => 1, listOrders: () => 1, addOrder: () => 1, change: () => 1, limited: () => 1 }
  return testService(service(orderService, { handlers }), { config: { logLevel: 'silent' } })
}
beforeAll(async () => void (app = await start()))
afterAll(() => app.close())

const textOf = (error: unknown): string =>
  Array.isArray(error)
    ? error.map(({ in: part, path, message }) => `${part}${path === '' ? '' : `.${path}`} ${message}`).join('; ')
    : String(error)
async function respond({ method = 'GET', ...sent }: Sent): Promise<string> {
  const response = await app.inject({ method, ...sent })
  const { code, error } = response.json<{ code: number; error: unknown }>()
  return `${response.statusCode} ${code} ${textOf(error)}`
}

describe('what a caller reads that sends', () => {
  test.each(rows)('%s', async (_mistake, sent, response) => {
    expect(await respond(sent)).toBe(response)
  })

  test('more requests than its rate limit', async () => {
    await app.inject('/limited')
    expect(await respond({ url: '/limited' })).toBe('429 42900 more than 1 requests in 60000 ms')
  })
})
