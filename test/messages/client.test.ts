import { contract, NotFound, t } from 'tricube'
import { client, type ClientOptions } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { describe, onTestFinished } from 'vitest'
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
