import { contract, NotFound, service, t } from 'tricube'
import { client, type ClientOptions } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { callee, memoryRegistry, unusedAddress } from '../client/callee.ts'
import { type Row, testMessages } from './row.ts'

const orderService = contract('order-service', {
  getOrder: {
    route: 'GET /orders/:id',
    params: { id: t.Integer() },
    headers: { 'x-tags': t.Optional(t.Array(t.String())) },
    returns: t.Object({ id: t.Integer() }),
    errors: [NotFound],
  },
})
const storeService = contract('stock-service', { add: { route: 'POST /stock', body: t.Unknown() } })
const asking = service(contract('asking-service', {}), { clients: { orders: orderService }, handlers: {} })
const answering = service(orderService, { handlers: { getOrder: ({ params }) => params } })
const get = { params: { id: 7 } }
const url = 'http://127.0.0.1:1'

describe('options of client', () => {
  const options: readonly Row<object>[] = [
    ['no address', {}, 'client(order-service): expected a url like http://127.0.0.1:8030 or a registry, got neither'],
    [
      'two addresses',
      { url, registry: memoryRegistry() },
      'client(order-service): expected a url like http://127.0.0.1:8030 or a registry, got both',
    ],
    [
      'a url with a path',
      { url: 'https://a.example/v2' },
      'client(order-service): url: expected an origin like https://api.example.com, got "https://a.example/v2": the paths are in the contract',
    ],
    [
      'an operation that does not exist',
      { url, operations: { getOrders: {} } },
      'client(order-service): operations.getOrders is not an operation of order-service',
    ],
    [
      'a time limit that is not positive',
      { url, timeoutMs: 0 },
      'order-service.getOrder: timeoutMs must be a positive number of milliseconds, got 0',
    ],
    [
      'a size as text',
      { url, maxResponseBytes: '1mb' },
      'client(order-service): maxResponseBytes: expected a whole number of bytes from 1, got "1mb"',
    ],
    [
      'an unknown balancer',
      { url, balancer: 'fastest' },
      'client(order-service): balancer: expected one of p2c, round-robin, random, least-loaded, consistent-hash, got "fastest"',
    ],
  ]
  testMessages(options, (wrong) => client(orderService, wrong as never))
})

describe('input of a call', () => {
  const inputs: readonly Row<readonly [input: object, options?: object]>[] = [
    ['a missing path parameter', [{ params: {} }], 'order-service.getOrder: params.id is required, got undefined'],
    ['an empty path parameter', [{ params: { id: '' } }], 'order-service.getOrder: params.id is required, got ""'],
    [
      'a path parameter that leads elsewhere',
      [{ params: { id: '..' } }],
      'order-service.getOrder: params.id must not be "." or "..", got ".."',
    ],
    [
      'a list with a comma in an item',
      [{ ...get, headers: { 'x-tags': ['a', 'b,c'] } }],
      'order-service.getOrder: headers.x-tags[1] must not have a comma, which separates the items',
    ],
    [
      'a header with a line break',
      [get, { headers: { 'x-tenant': 'a\nb' } }],
      'order-service.getOrder: headers.x-tenant must not have the character U+000A',
    ],
    [
      'a header with a space in its name',
      [get, { headers: { 'x tenant': 'a' } }],
      'order-service.getOrder: headers: "x tenant" is not a valid name',
    ],
    [
      'a header of the connection',
      [get, { headers: { 'Content-Length': '1' } }],
      'order-service.getOrder: headers.content-length is set by the call itself',
    ],
    [
      'a time limit that is no number',
      [get, { timeoutMs: Number.NaN }],
      'order-service.getOrder: timeoutMs must be a positive number of milliseconds, got NaN',
    ],
  ]
  testMessages(inputs, ([input, options]) => caller(url).getOrder(input as never, options))

  const typos: readonly Row<readonly [input: object, options?: object]>[] = [
    [
      'a misspelt part',
      [{ param: { id: 7 } }],
      'order-service.getOrder: unknown part param of the input, expected params, query, headers; did you mean params?',
    ],
    [
      'a body that the operation does not have',
      [{ ...get, body: { id: 7 } }],
      'order-service.getOrder: unknown part body of the input, expected params, query, headers',
    ],
    ['no object', [7 as never], 'order-service.getOrder: input: expected an object, got 7'],
    [
      'a time limit without its unit',
      [get, { timeout: 5 }],
      'order-service.getOrder: unknown option timeout, expected fallback, hashKey, headers, hedge, idempotencyKey, region, retries, signal, timeoutMs; did you mean timeoutMs?',
    ],
    [
      'a time limit as text',
      [get, { timeoutMs: '5' }],
      'order-service.getOrder: timeoutMs: expected a number of milliseconds from 1, got "5"',
    ],
    [
      'retries as text',
      [get, { retries: '3' }],
      'order-service.getOrder: retries: expected a whole number from 0, got "3"',
    ],
    [
      'a misspelt percentile of a hedge',
      [get, { hedge: { afterp: 95 } }],
      'order-service.getOrder: unknown option hedge.afterp, expected afterP; did you mean afterP?',
    ],
    [
      'a time in place of the options',
      [get, 5000 as never],
      'order-service.getOrder: options: expected an object, got 5000',
    ],
    [
      'the controller of a signal',
      [get, { signal: new AbortController() }],
      'order-service.getOrder: signal: expected an AbortSignal, got an object (AbortController)',
    ],
  ]
  testMessages(typos, ([input, options]) => caller(url).getOrder(input as never, options))

  test.each(typos)('%s: fetchClient, mocks and the test client reject the same', async (_mistake, wrong, line) => {
    const [input, options] = wrong as readonly [never, never]
    await expect(fetchClient(orderService, { url }).getOrder(input, options)).rejects.toThrow(new TypeError(line))
    await using app = await testService(asking, { config: { logLevel: 'silent' } })
    app.mock(orderService).getOrder.returns({ id: 7 })
    const call = app.run(({ clients }) => clients.orders.getOrder(input, options))
    await expect(call).rejects.toThrow(new TypeError(line))
    await using orders = await testService(answering, { config: { logLevel: 'silent' } })
    await expect(orders.client.getOrder(input, options)).rejects.toThrow(new TypeError(line))
  })

  testMessages<object>(
    [
      [
        'a body with a bigint',
        { n: 1n },
        'stock-service.add: the body cannot be written as JSON: Do not know how to serialize a BigInt',
      ],
    ],
    (body) => client(storeService, { url }).add({ body: body as never }),
  )
})

describe('fetchClient', () => {
  const calls: readonly Row<() => unknown>[] = [
    [
      'an unknown option',
      () => fetchClient(orderService, { header: {} } as never),
      'fetchClient(order-service): unknown option header, expected credentials, fetch, headers, timeoutMs, token, url; did you mean headers?',
    ],
    ['no contract', () => fetchClient('orders' as never), 'fetchClient: expected a contract, got "orders"'],
    [
      'no listener',
      async () => fetchClient(orderService, { url: `http://${await unusedAddress()}` }).getOrder(get),
      'order-service.getOrder: order-service is unavailable',
    ],
    [
      'no response',
      async () => {
        const { address } = await callee('order-service', () => 'silence')
        return fetchClient(orderService, { url: `http://${address}`, timeoutMs: 50 }).getOrder(get)
      },
      'order-service.getOrder: order-service did not respond within 50 ms',
    ],
  ]
  testMessages(calls, (call) => call())
})

function caller(address: string, options: ClientOptions<typeof orderService> = {}) {
  const orders = client(orderService, { url: address, ...options })
  onTestFinished(() => orders[Symbol.asyncDispose]())
  return orders
}
