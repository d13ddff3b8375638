import { contract, NotFound, t } from 'tricube'
import { client, type ClientOptions } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { describe, onTestFinished } from 'vitest'
import { at, callee, memoryRegistry, unusedAddress, type Reply } from '../client/callee.ts'
import { authority } from '../http/certificates.ts'
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
const stockService = contract(
  'stock-service',
  { count: { route: 'GET /stock', returns: t.Integer() } },
  { partitioned: true },
)
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
      'headers.x-tags[1] must not have a comma, which separates the items',
    ],
    [
      'a header with a line break',
      [get, { headers: { 'x-tenant': 'a\nb' } }],
      'headers.x-tenant must not have the character U+000A',
    ],
    [
      'a header with a space in its name',
      [get, { headers: { 'x tenant': 'a' } }],
      'headers: "x tenant" is not a valid name',
    ],
    [
      'a header of the connection',
      [get, { headers: { 'Content-Length': '1' } }],
      'headers.content-length is set by the call itself',
    ],
    [
      'a time limit that is no number',
      [get, { timeoutMs: Number.NaN }],
      'order-service.getOrder: timeoutMs must be a positive number of milliseconds, got NaN',
    ],
  ]
  testMessages(inputs, ([input, options]) => caller(url).getOrder(input as never, options))
})

describe('a failed call', () => {
  const of = 'order-service.getOrder: order-service'
  const replies: readonly Row<Reply>[] = [
    [
      'the error of the callee',
      { status: 404, body: { code: 40400, message: 'Not Found', error: 'order 7' } },
      'order-service.getOrder: order 7',
    ],
    ['an error without a detail', { status: 500, body: 'Oops' }, `${of} responded with 500`],
    [
      'a redirect',
      { status: 302, headers: { location: '/' } },
      `${of} responded with 302, but calls follow no redirects`,
    ],
    [
      'a body of another form',
      { body: { id: 7 } },
      `${of} responded with 200, but its body is not {"code":0,"data":…}`,
    ],
    [
      'a value against the contract',
      { body: { code: 0, data: { id: 'x' } } },
      'order-service.getOrder broke its contract: id must be integer',
    ],
    ['a response that is too large', { body: 'x'.repeat(5000) }, `${of} sent a response larger than maxResponseBytes`],
    [
      'too many headers',
      { headers: { 'x-large': 'x'.repeat(20_000) } },
      `${of} sent more response headers than --max-http-header-size`,
    ],
    ['no response', 'silence', `${of} did not respond in time`],
    ['a broken connection', 'break', `${of} is unavailable`],
  ]
  testMessages(replies, async (reply) => {
    const { address } = await callee('order-service', () => reply)
    return caller(`http://${address}`, { maxResponseBytes: 4000 }).getOrder(get, {
      retries: 0,
      ...(reply === 'silence' && { timeoutMs: 100 }),
    })
  })

  const calls: readonly Row<() => Promise<unknown>>[] = [
    ['no listener', async () => caller(`http://${await unusedAddress()}`).getOrder(get), `${of} is unavailable`],
    [
      'no instance',
      () => client(orderService, { registry: memoryRegistry(...[]) }).getOrder(get, { timeoutMs: 50 }),
      `${of} has no instance`,
    ],
    [
      'an open circuit breaker',
      async () => {
        const { address } = await callee('order-service', () => ({ status: 500 }))
        const orders = caller(`http://${address}`, { retries: 0 })
        for (;;) await orders.getOrder(get).catch(onlyOpenBreaker)
      },
      `${of} fails too often, so the circuit breaker rejected the call`,
    ],
    [
      'a partitioned service without a region',
      () => client(stockService, { registry: memoryRegistry(at('127.0.0.1:1')) }).count(),
      'stock-service.count: a call to a partitioned service needs a region',
    ],
    [
      'a partitioned service without an instance in the region',
      () =>
        client(stockService, { registry: memoryRegistry(at('127.0.0.1:1', { region: 'west' })) }).count(
          {},
          { region: 'east' },
        ),
      'stock-service.count: stock-service has no instance in the region "east"',
    ],
    [
      'HTTPS to a server that speaks HTTP',
      async () =>
        caller(`https://${(await callee()).address}`, { tls: { ca: authority().cert } }).getOrder(get, { retries: 0 }),
      `${of} does not speak TLS`,
    ],
  ]
  testMessages(calls, (call) => call())
})

describe('fetchClient', () => {
  const calls: readonly Row<() => unknown>[] = [
    [
      'an unknown option',
      () => fetchClient(orderService, { header: {} } as never),
      'fetchClient(order-service): unknown option header, expected credentials, fetch, headers, timeoutMs, token, url',
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
      'order-service.getOrder: order-service did not respond in time',
    ],
  ]
  testMessages(calls, (call) => call())
})

function caller(address: string, options: ClientOptions<typeof orderService> = {}) {
  const orders = client(orderService, { url: address, ...options })
  onTestFinished(() => orders[Symbol.asyncDispose]())
  return orders
}

/** Ignores the failures that open the breaker, and throws its own. */
function onlyOpenBreaker(error: Error): void {
  if (error.message.includes('breaker')) throw error
}
