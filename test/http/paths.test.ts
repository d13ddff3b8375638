/** Prefixes, wildcards, trailing slashes and deprecated operations, through sockets. */
import { connect } from 'node:net'
import {
  contract,
  openapiDocument,
  service,
  t,
  type Client,
  type ContractOptions,
  type InputOf,
  type ParamsOf,
} from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'

const options = { prefix: '/v1', trailingSlash: 'optional' } satisfies ContractOptions
const fileContract = contract(
  'file-service',
  {
    index: { route: 'GET /', returns: t.String() },
    getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: t.Integer() },
    putUser: { route: 'PUT /users/:id', params: { id: t.Integer() }, body: t.Object({}), returns: t.Integer() },
    getFile: { route: 'GET /files/*', returns: t.String() },
    getInfo: { route: 'GET /files/info', returns: t.String() },
    getShort: {
      route: 'GET /short/:bucket/*',
      params: { bucket: t.String(), '*': t.String({ maxLength: 8 }) },
      returns: t.String(),
    },
    oldUsers: {
      route: 'GET /people',
      deprecated: { since: '2026-11-27', sunset: '2027-03-01', use: 'users' },
      returns: t.String(),
    },
    users: { route: 'GET /users', returns: t.String() },
    oldGet: { route: 'GET /people/:id', deprecated: { since: '2026-01-01', use: 'getUser' }, returns: t.String() },
    gone: {
      route: 'GET /gone',
      description: 'Old.',
      deprecated: { use: 'https://example.com/new' },
      returns: t.String(),
    },
    older: { route: 'GET /older', deprecated: true, returns: t.String() },
  },
  options,
)
const files = service(fileContract, {
  handlers: {
    index: () => 'index',
    getUser: ({ params }) => params.id,
    putUser: ({ params }) => params.id,
    getFile: ({ params }) => params['*'],
    getInfo: () => 'info',
    getShort: ({ params }) => `${params.bucket}:${params['*']}`,
    oldUsers() {
      throw new Error('fails')
    },
    users: () => 'users',
    oldGet: () => 'old',
    gone: () => 'gone',
    older: () => 'older',
  },
})

let app: TestApp<typeof fileContract>
let url: string
beforeAll(async () => {
  app = await testService(files, { config: { logLevel: 'silent' } })
  url = await app.fastify.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => app.close())

/** Sends a path as it is: `fetch` would resolve its dots. */
function get(path: string): Promise<{ status: number; body: any }> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.end(`GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`),
    )
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.on('end', () =>
      resolve({ status: Number(text.slice(9, 12)), body: JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)) }),
    )
    socket.on('error', reject)
  })
}
const dataOf = async (path: string): Promise<unknown> => (await get(path)).body.data

describe('a prefix', () => {
  it('begins all paths', async () => {
    expect(await dataOf('/v1')).toBe('index')
    expect(await dataOf('/v1/users/7')).toBe(7)
    expect((await get('/users/7')).status).toBe(404)
    expect((await get('/v1/nothing')).status).toBe(404)
    expect(Object.keys(openapiDocument(fileContract).paths)).toContain('/v1/users/{id}')
    expect((await fetch(`${url}/v1/users/7`, { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD, PUT')
  })

  it.each([
    ['v1', 'prefix must be a path like /v1, got "v1"'],
    ['/v1/', 'prefix must be a path like /v1, got "/v1/"'],
    ['/:tenant', 'prefix must be a path like /v1, got "/:tenant"'],
    ['/../x y', 'prefix must be a path like /v1'],
  ])('is rejected: %s', (prefix, message) => {
    expect(() => contract('bad-service', {}, { prefix: prefix as never })).toThrow(`contract "bad-service": ${message}`)
  })

  it('cannot take a reserved path', () => {
    expect(() => contract('bad-service', { get: { route: 'GET /a' } }, { prefix: '/health' })).toThrow(
      '/health is reserved',
    )
  })
})

describe('a slash at the end', () => {
  it('makes no difference where the contract says so', async () => {
    expect(await dataOf('/v1/users/7/')).toBe(7)
    expect(await dataOf('/v1/')).toBe('index')
    expect((await get('/v1/users/7//')).status).toBe(404)
    expect((await fetch(`${url}/v1/users/7/`, { method: 'DELETE' })).status).toBe(405)
  })

  it('is a 404 otherwise', async () => {
    await using other = await testService(
      service(contract('strict-service', { get: { route: 'GET /a', returns: t.Null() } }), {
        handlers: { get: () => null },
      }),
      { config: { logLevel: 'silent' } },
    )
    expect((await other.inject('/a')).statusCode).toBe(200)
    expect((await other.inject('/a/')).statusCode).toBe(404)
    expect(() => contract('bad-service', {}, { trailingSlash: 'maybe' as never })).toThrow(
      `trailingSlash must be 'never' or 'optional', got "maybe"`,
    )
  })
})

describe('a wildcard', () => {
  it('takes the rest of the path', async () => {
    expect(await dataOf('/v1/files/a/b%20c/d.txt')).toBe('a/b c/d.txt')
    expect(await dataOf('/v1/files/a%2Fb')).toBe('a/b')
    expect(await dataOf('/v1/files/info')).toBe('info')
    expect(await dataOf('/v1/short/b/x/y')).toBe('b:x/y')
    expect(await dataOf('/v1/files/..a/b..')).toBe('..a/b..')
  })

  it.each([
    '/v1/files/../secret',
    '/v1/files/a/../../secret',
    '/v1/files/%2e%2e/secret',
    '/v1/files/a/%2e%2e%2fx',
    '/v1/files/..%5Cx',
    '/v1/files/a%00b',
    '/v1/files/.',
  ])('cannot lead elsewhere: %s', async (path) => {
    const { status, body } = await get(path)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(body.data).toBeUndefined()
  })

  it('is checked by its schema', async () => {
    expect((await get('/v1/short/b/123456789')).body.error).toEqual([
      { in: 'params', path: '*', message: 'must NOT have more than 8 characters' },
    ])
  })

  it('is written by clients, and cannot change the path', async () => {
    await using calls = client(fileContract, { url })
    for (const one of [calls as Client<typeof fileContract>, fetchClient(fileContract, { url })]) {
      expect(await one.getFile({ params: { '*': 'a/b c/ä.txt' } })).toBe('a/b c/ä.txt')
      expect(await one.getUser({ params: { id: 7 } })).toBe(7)
      await expect(async () => one.getFile({ params: { '*': 'a/../b' } })).rejects.toThrow(
        'must not have the segment ".."',
      )
    }
  })

  it('is a parameter in OpenAPI', () => {
    const { paths } = openapiDocument(fileContract)
    expect(paths['/v1/files/{wildcard}']!['get']!.parameters).toEqual([
      expect.objectContaining({ name: 'wildcard', in: 'path', required: true }),
    ])
  })

  it('has its type, and is only the last segment', () => {
    type Ops = (typeof fileContract)['operations']
    expectTypeOf<ParamsOf<Ops['getFile']>>().toEqualTypeOf<{ '*': string }>()
    expectTypeOf<InputOf<Ops['getShort']>>().toEqualTypeOf<{ params: { bucket: string; '*': string } }>()
    for (const route of ['GET /*/a', 'GET /a*', 'GET /a/**']) {
      expect(() => contract('bad-service', { get: { route: route as never } })).toThrow(
        'expected a path like /users/:id or /files/*',
      )
    }
  })
})

describe('a deprecated operation', () => {
  const headersOf = async (path: string): Promise<Record<string, string | null>> => {
    const { headers } = await fetch(url + path)
    return Object.fromEntries(['deprecation', 'sunset', 'link'].map((name) => [name, headers.get(name)]))
  }

  it('says so in its responses, errors included', async () => {
    expect(await headersOf('/v1/people')).toEqual({
      deprecation: '@1795737600',
      sunset: 'Mon, 01 Mar 2027 00:00:00 GMT',
      link: '</v1/users>; rel="successor-version"',
    })
    expect(await headersOf('/v1/people/1')).toEqual({ deprecation: '@1767225600', sunset: null, link: null })
    expect(await headersOf('/v1/gone')).toEqual({
      deprecation: null,
      sunset: null,
      link: '<https://example.com/new>; rel="successor-version"',
    })
    for (const path of ['/v1/older', '/v1/users']) {
      expect(await headersOf(path)).toEqual({ deprecation: null, sunset: null, link: null })
    }
  })

  it('says so in OpenAPI', () => {
    const { paths } = openapiDocument(fileContract)
    expect(paths['/v1/people']!['get']).toMatchObject({
      deprecated: true,
      'x-sunset': '2027-03-01',
      description: 'Deprecated since 2026-11-27. It may be gone from 2027-03-01. Use users instead.',
      responses: { 200: { headers: { sunset: { schema: { const: 'Mon, 01 Mar 2027 00:00:00 GMT' } } } } },
    })
    expect(paths['/v1/gone']!['get']!.description).toBe('Old.\n\nUse https://example.com/new instead.')
    expect(paths['/v1/older']!['get']).toMatchObject({ deprecated: true })
  })

  it.each([
    [{ since: '27.11.2026' }, `deprecated.since must be a day like '2026-11-27', got "27.11.2026"`],
    [{ sunset: '2026-13-01' }, `deprecated.sunset must be a day like '2026-11-27', got "2026-13-01"`],
    [{ since: '2026-11-27', sunset: '2026-11-26' }, 'deprecated.sunset is before deprecated.since'],
    [{ use: 'nobody' }, 'deprecated.use must be an operation of this contract or a URL, got "nobody"'],
    [{ use: 'https://a\r\nx: y' }, 'deprecated.use must be an operation of this contract or a URL'],
    [{ until: 1 }, 'unknown field "deprecated.until", expected since, sunset, use'],
    ['yes', 'deprecated must be true, false or an object'],
  ])('is checked when it is defined: %j', (deprecated, message) => {
    expect(() => contract('bad-service', { get: { route: 'GET /a', deprecated: deprecated as never } })).toThrow(
      `bad-service.get: ${message}`,
    )
  })
})
