/** What a caller reads when a call fails: which operation, which service, why. */
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { contract, NotFound, service, t } from 'tricube'
import { client, type ClientOptions } from 'tricube/client'
import type { Instance } from 'tricube/discovery'
import { type TestApp, testService } from 'tricube/testing'
import { afterEach, beforeEach, describe, onTestFinished } from 'vitest'
import { at, callee, memoryRegistry, type Reply, unusedAddress } from '../client/callee.ts'
import { authority } from '../http/certificates.ts'
import { type Row, testMessages } from './row.ts'

const orderService = contract('order-service', {
  getOrder: {
    route: 'GET /orders/:id',
    params: { id: t.Integer() },
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
const of = 'order-service.getOrder: order-service'

describe('a response that is no result', () => {
  const replies: readonly Row<Reply>[] = [
    [
      'the error of the callee',
      { status: 404, body: { code: 40400, message: 'Not Found', error: 'order 7' } },
      'order-service.getOrder: order 7',
    ],
    ['an error without a detail', { status: 500, body: 'Oops' }, `${of} responded with 500`],
    ['an error of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }, `${of} responded with 502`],
    [
      'a route that the callee does not have',
      { status: 404, body: { code: 40401, message: 'Not Found', error: 'GET /orders/7' } },
      `${of} responded with 404, but it does not have this route: it runs another release, or its address is that of another service`,
    ],
    [
      'a method that the callee does not have',
      { status: 405, headers: { allow: 'POST' }, body: { code: 40500, message: 'Method Not Allowed' } },
      `${of} responded with 405, but it does not have this route: it runs another release, or its address is that of another service`,
    ],
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
    ['a page of HTML', { body: '<html></html>' }, `${of} responded with 200, but its body is not {"code":0,"data":…}`],
    [
      'a value against the contract',
      { body: { code: 0, data: { id: 'x' } } },
      'order-service.getOrder broke its contract: id must be integer',
    ],
    ['a missing field', { body: { code: 0, data: {} } }, 'order-service.getOrder broke its contract: id is required'],
    ['a response that is too large', { body: 'x'.repeat(5000) }, `${of} sent a response larger than maxResponseBytes`],
    [
      'too many headers',
      { headers: { 'x-large': 'x'.repeat(20_000) } },
      `${of} sent more response headers than --max-http-header-size`,
    ],
  ]
  testMessages(replies, async (reply) => {
    const { address } = await callee('order-service', () => reply)
    return caller(`http://${address}`, { maxResponseBytes: 4000, retries: 0 }).getOrder(get)
  })
})

describe('no response', () => {
  const calls: readonly Row<() => Promise<unknown>>[] = [
    [
      'a callee that is too slow',
      async () => (await callerOf('silence')).getOrder(get, { timeoutMs: 100 }),
      `${of} did not respond within 100 ms`,
    ],
    [
      'a connection that breaks',
      async () => (await callerOf('break')).getOrder(get),
      `${of} is unavailable: the connection broke before the response was complete`,
    ],
    [
      'a response that ends early',
      () => servedBy((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{"code"')),
      `${of} is unavailable: the connection broke before the response was complete`,
    ],
    [
      'a server that speaks something else',
      () => servedBy((socket) => socket.end('+PONG\r\n')),
      `${of} is unavailable: it does not speak HTTP`,
    ],
    [
      'no listener',
      async () => caller(`http://${await unusedAddress()}`, { retries: 0 }).getOrder(get),
      `${of} is unavailable: nothing listens at its address`,
    ],
    [
      'a host without an address',
      () => caller('http://no-such-host.invalid', { retries: 0 }).getOrder(get),
      `${of} is unavailable: the name of its host is not known`,
    ],
    [
      'no listener, and no budget for retries',
      async () => caller(`http://${await unusedAddress()}`, { retryBudget: { share: 0, perSecond: 0 } }).getOrder(get),
      `${of} is unavailable: nothing listens at its address, and the retry budget is empty`,
    ],
    [
      'every instance ejected',
      async () => {
        const instances = [await unusedAddress(), await unusedAddress()].map((address) => at(address))
        const orders = callerOfInstances(instances, { retries: 0, breaker: false })
        for (let n = 0; n < 10; n += 1) await orders.getOrder(get).catch(() => {})
        return orders.getOrder(get)
      },
      `${of} is unavailable: nothing listens at its address`,
    ],
    [
      'no instance',
      () => client(orderService, { registry: memoryRegistry(...[]) }).getOrder(get, { timeoutMs: 50 }),
      `${of} has no instance`,
    ],
    [
      'an open circuit breaker',
      async () => {
        const orders = await callerOf({ status: 500 })
        for (;;) await orders.getOrder(get).catch(onlyOpenBreaker)
      },
      `${of} fails too often, so the circuit breaker rejected the call`,
    ],
    [
      'a call that its caller has cancelled',
      async () =>
        (await callerOf('silence')).getOrder(get, { signal: AbortSignal.abort(new Error('no longer needed')) }),
      'no longer needed',
    ],
  ]
  testMessages(calls, (call) => call())
})

describe('an instance that is not called', () => {
  const calls: readonly Row<() => Promise<unknown>>[] = [
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
        caller(`https://${(await callee()).address}`, { tls: { ca: authority().cert }, retries: 0 }).getOrder(get),
      `${of} does not speak TLS`,
    ],
  ]
  testMessages(calls, (call) => call())
})

describe('a call without a mock', () => {
  const guideContract = contract('guide-service', {
    describe: { route: 'GET /guide/:id', params: { id: t.Integer() }, returns: t.String() },
  })
  const guide = service(guideContract, {
    clients: { orders: orderService },
    handlers: { describe: async ({ params, clients }) => String((await clients.orders.getOrder({ params })).id) },
  })
  let app: TestApp<typeof guideContract>
  beforeEach(async () => {
    app = await testService(guide, { config: { logLevel: 'silent' } })
  })
  afterEach(() => app.close())

  const calls: readonly Row<() => unknown>[] = [
    [
      'that the test has not mocked',
      () => app.client.describe(get),
      'order-service.getOrder was called, but the test has not mocked it: add app.mock(…).getOrder.returns(…)',
    ],
    [
      'whose mock returns another type',
      () => {
        app.mock(orderService).getOrder.returns({ id: '7' } as never)
        return app.client.describe(get)
      },
      'order-service.getOrder: the mock returned what the contract does not allow: id must be integer',
    ],
  ]
  testMessages(calls, (call) => call())
})

function caller(address: string, options: ClientOptions<typeof orderService> = {}) {
  const orders = client(orderService, { url: address, ...options })
  onTestFinished(() => orders[Symbol.asyncDispose]())
  return orders
}

/** Returns a client of a service that always replies in the same way. It retries nothing. */
async function callerOf(reply: Reply) {
  const { address } = await callee('order-service', () => reply)
  return caller(`http://${address}`, { retries: 0 })
}

function callerOfInstances(instances: readonly Partial<Instance>[], options: ClientOptions<typeof orderService>) {
  const orders = client(orderService, { registry: memoryRegistry(...instances), ...options })
  onTestFinished(() => orders[Symbol.asyncDispose]())
  return orders
}

/** Calls a TCP server. */
async function servedBy(onRequest: (socket: Socket) => void): Promise<unknown> {
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => onRequest(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return caller(`http://127.0.0.1:${(server.address() as { port: number }).port}`, { retries: 0 }).getOrder(get)
}

/** Ignores the failures that open the breaker, and throws its own. */
function onlyOpenBreaker(error: Error): void {
  if (error.message.includes('breaker')) throw error
}
