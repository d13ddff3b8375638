import { t, contract, service } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { staticRegistry } from 'tricube/discovery'
import { database } from 'tricube/sql'
import { testService } from 'tricube/testing'
import { describe, expect, it } from 'vitest'
import { callee, productService } from './callee.ts'

const get = { params: { id: 1 } }

describe('a client of a script', () => {
  it('takes a url, and sends its headers with each call', async () => {
    const a = await callee('a')
    await using products = client(productService, {
      url: `http://${a.address}`,
      headers: { authorization: 'Bearer x' },
    })
    expect(await products.getProduct(get)).toEqual({ id: 1, from: 'a' })
    await products.getProduct(get, { headers: { Authorization: 'Bearer y', 'x-tenant': 't' } })
    expect(a.requests.map(({ headers }) => [headers['authorization'], headers['x-tenant']])).toEqual([
      ['Bearer x', undefined],
      ['Bearer y', 't'],
    ])
  })

  it('calls its headers function for each call', async () => {
    const a = await callee('a')
    let token = 1
    await using products = client(productService, {
      url: `http://${a.address}/`,
      headers: () => ({ 'x-token': `${token++}` }),
    })
    await products.getProduct(get)
    await products.getProduct(get)
    expect(a.requests.map(({ headers }) => headers['x-token'])).toEqual(['1', '2'])
  })
})

const registry = staticRegistry({})
describe('an invalid option is reported in one line with its path, the expected and the actual value', () => {
  it.each([
    [{}, 'expected a url like http://127.0.0.1:8030 or a registry, got neither'],
    [undefined, 'options: expected an object, got undefined'],
    [{ url: 'http://a', registry }, 'expected a url like http://127.0.0.1:8030 or a registry, got both'],
    [{ url: '10.0.0.7:8030' }, 'url: expected a URL like https://api.example.com, got "10.0.0.7:8030"'],
    [
      { url: 'https://a/v2' },
      'url: expected an origin like https://api.example.com, got "https://a/v2": the paths are in the contract',
    ],
    [{ registry: {} }, 'registry: expected a registry such as staticRegistry({ … }), got an object (Object)'],
    [{ url: 'http://a', headers: { a: 1 } }, 'headers.a: expected the text of a header, got 1'],
    [{ url: 'http://a', headers: 'x' }, 'headers: expected headers by name, or a function, got "x"'],
    [{ url: 'http://a', timeoutMs: '5s' }, 'timeoutMs: expected a number of milliseconds from 1, got "5s"'],
    [{ url: 'http://a', timeout: 5 }, 'unknown option timeout; did you mean timeoutMs?'],
    [
      { url: 'http://a', breaker: { windowMs: '1s' } },
      'breaker.windowMs: expected a number of milliseconds from 1, got "1s"',
    ],
    [
      { url: 'http://a', operations: { getProducts: {} } },
      'operations.getProducts is not an operation of product-service',
    ],
    [
      { url: 'http://a', operations: { getProduct: { retries: 1.5 } } },
      'operations.getProduct.retries: expected a whole number from 0, got 1.5',
    ],
    [{ url: 'http://a', operations: { getProduct: 5 } }, 'operations.getProduct: expected an object, got 5'],
  ])('client: %#', (options, problem) => {
    expect(() => client(productService, options as never)).toThrow(`client(product-service): ${problem}`)
  })

  it('client without a contract', () => {
    expect(() => client({} as never, { url: 'http://a' })).toThrow(
      'client(…): expected a contract, got an object (Object)',
    )
  })

  it.each([
    [{ url: 5 }, 'url: expected the start of a URL, got 5'],
    [{ credentials: true }, 'credentials: expected one of omit, same-origin, include, got true'],
    [{ timeoutMs: '5s' }, 'timeoutMs: expected a number of milliseconds from 1, or Infinity, got "5s"'],
    [{ header: {} }, 'unknown option header, expected credentials, fetch, headers, timeoutMs, token, url'],
    ['http://a', 'options: expected an object, got "http://a"'],
  ])('fetchClient: %#', (options, problem) => {
    expect(() => fetchClient(productService, options as never)).toThrow(`fetchClient(product-service): ${problem}`)
  })

  const url = 'postgres://localhost/a'
  it.each([
    [{ url: 5 }, 'url: expected a connection string like postgres://host/name, got 5'],
    [{ url, pool: 0 }, 'pool: expected a whole number from 1, got 0'],
    [{ url, lanes: '2' }, 'lanes: expected a whole number from 0, got "2"'],
    [{ url, statementTimeoutMs: -1 }, 'statementTimeoutMs: expected a number of milliseconds from 0, got -1'],
    [
      { url, acquireTimeoutMs: 5e9 },
      'acquireTimeoutMs: expected at most 2147483647 milliseconds, the longest wait of a timer, got 5000000000',
    ],
    [{ url, poolSize: 5 }, 'unknown option poolSize, expected '],
    [{ url, replicas: [url, 5] }, 'replicas[1]: expected a connection string like postgres://host/name, got 5'],
    [
      { shards: { key: () => 'a', map: { a: { uri: url } } } },
      'unknown option shards.map.a.uri, expected replicas, url',
    ],
    [url, 'options: expected an object, got "postgres://localhost/a"'],
  ])('database: %#', (options, problem) => {
    expect(() => database(options as never)).toThrow(`database: ${problem}`)
  })

  const a = service(contract('a-service', {}), { settings: { pspUrl: t.String() }, handlers: {} })
  it.each([
    [{ seed: 'yes' }, 'testService(a-service): seed: expected true or false, got "yes"'],
    [{ setings: {} }, 'testService(a-service): unknown option setings, expected '],
    [
      { settings: { pspURL: 'x' } },
      'testService(a-service): settings.pspURL: a-service has no such setting, expected one of pspUrl',
    ],
    [
      { config: { logLevl: 'debug' } },
      'testService(a-service): config.logLevl: a-service has no such setting; did you mean logLevel?',
    ],
    [{ http: { 'https://a.example': { 'GTE /x': {} } } }, 'like "POST /charges", got "GTE /x"'],
    [{ settings: { pspUrl: 5 } }, 'pspUrl of the test: '],
    [{ settings: { pspUrl: 'x' }, config: { logLevel: 'loud' } }, 'logLevel of the test: expected one of trace, '],
  ])('testService: %#', async (options, problem) => {
    await expect(testService(a, options as never)).rejects.toThrow(problem)
  })

  it('service: %#', () => {
    const wrong = (options: object) => () => service(contract('a', {}), { handlers: {}, ...options })
    expect(wrong({ drain: { timeoutMs: -5 } })).toThrow(
      'a: drain.timeoutMs: expected a number of milliseconds from 0, got -5',
    )
    expect(wrong({ drain: { timeoutMs: 2 ** 31 } })).toThrow(
      'a: drain.timeoutMs: expected at most 2147483647 milliseconds, the longest wait of a timer, got 2147483648',
    )
    expect(wrong({ limits: { keepAliveTimeoutMs: 1e15 } })).toThrow(
      'a: limits.keepAliveTimeoutMs: expected at most 2147483647 milliseconds, the longest wait of a timer, got 1000000000000000',
    )
    expect(wrong({ cors: { origins: 'https://a.b' } })).toThrow('a: cors.origins: expected a list of origins like ')
    expect(wrong({ cors: { origins: ['https://a.b', 5] } })).toThrow('a: cors.origins[1]: expected an origin, got 5')
    expect(wrong({ limits: { bodyLimit: '1mb' } })).toThrow(
      'a: limits.bodyLimit: expected a whole number of bytes from 1, got "1mb"',
    )
    expect(wrong({ clients: { products: productService }, calls: { products: 5 } })).toThrow(
      'a: calls.products: expected an object, got 5',
    )
  })
})
