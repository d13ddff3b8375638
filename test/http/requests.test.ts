import { connect } from 'node:net'
import { BadGateway, Conflict, contract, NotFound, service, t } from 'tricube'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const User = t.Object({ id: t.Integer(), name: t.String(), tags: t.Optional(t.Array(t.String())) })
const NewUser = t.Object({
  name: t.String({ minLength: 1, maxLength: 8 }),
  age: t.Optional(t.Integer({ minimum: 0 })),
  address: t.Optional(t.Object({ street: t.String() })),
  contact: t.Optional(
    t.Intersect([t.Object({ email: t.String({ format: 'email' }) }), t.Object({ phone: t.String() })]),
  ),
})
const users = contract('user-service', {
  getUser: { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] },
  getMe: { route: 'GET /users/me', returns: User },
  createUser: { route: 'POST /users', body: NewUser, returns: User, status: 201 },
  replaceUser: { route: 'PUT /users/:id', params: { id: t.Integer() }, body: NewUser, returns: User },
  deleteUser: { route: 'DELETE /users/:id', params: { id: t.Integer() }, status: 204 },
  clearUsers: { route: 'DELETE /users' },
  listUsers: {
    route: 'GET /users',
    query: { name: t.Optional(t.String()), tag: t.Optional(t.Array(t.String())), old: t.Optional(t.Boolean()) },
    paginated: true,
    returns: User,
  },
  report: { route: 'GET /report', headers: { 'x-tenant': t.Integer() }, returns: t.Object({ tenant: t.Integer() }) },
  fail: { route: 'GET /fail/:how', returns: t.String() },
})

const app = service(users, {
  cors: { origins: ['https://app.example.com'], credentials: true },
  limits: { bodyLimit: 1024 * 1024 },
  handlers: {
    getUser({ params: { id } }) {
      if (id > 99) throw new NotFound(`user ${id}`)
      const password = { password: 'secret' } // not in `returns`: never sent
      return { id, name: 'Li Lei', ...password }
    },
    getMe: () => ({ id: 0, name: 'me' }),
    createUser: ({ body }) => ({ id: 1, name: body.name }),
    replaceUser: ({ params, body }) => ({ id: params.id, name: body.name }),
    deleteUser() {},
    clearUsers() {},
    listUsers: ({ query: { page, size, name = '', tag = [], old } }) => ({
      items: [{ id: page, name, tags: [...tag, String(old), String(size)] }],
      total: 41,
    }),
    report: ({ headers }) => ({ tenant: headers['x-tenant'] }),
    fail({ params: { how } }) {
      if (how === 'conflict') throw new Conflict({ field: 'name' }, { code: 40917, message: 'Name Taken' })
      if (how === 'gateway') throw new BadGateway('other-service', { headers: { 'x-other': '1' } })
      if (how === 'string') throw 'a string'
      throw new Error('password=hunter2 in SELECT * FROM users')
    },
  },
})

let test: TestApp<typeof users>
beforeAll(async () => {
  test = await testService(app, { config: { logLevel: 'silent' } })
})
afterAll(() => test.close())

const json = { 'content-type': 'application/json' }
const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
  test.inject({ method: 'POST', url: '/users', payload, headers })

describe('a response', () => {
  it('has the envelope and only the fields of the contract', async () => {
    const response = await test.inject('/users/7')
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(response.body).toBe('{"code":0,"data":{"id":7,"name":"Li Lei"}}')
  })

  it('has the status of its operation', async () => {
    expect((await post('{"name":"Li Lei"}')).statusCode).toBe(201)
    const deleted = await test.inject({ method: 'DELETE', url: '/users/7' })
    expect([deleted.statusCode, deleted.body]).toEqual([204, ''])
    const cleared = await test.inject({ method: 'DELETE', url: '/users' })
    expect([cleared.statusCode, cleared.body]).toEqual([200, '{"code":0,"data":null}'])
  })

  it('has the page and the total when it is paginated', async () => {
    const first = await test.inject('/users')
    expect(first.json()).toEqual({
      code: 0,
      data: [{ id: 1, name: '', tags: ['undefined', '20'] }],
      pagination: { page: 1, size: 20, total: 41 },
    })
    const third = await test.inject('/users?page=3&size=7&name=Li&tag=a&tag=b&old=true')
    expect(third.json()).toEqual({
      code: 0,
      data: [{ id: 3, name: 'Li', tags: ['a', 'b', 'true', '7'] }],
      pagination: { page: 3, size: 7, total: 41 },
    })
  })

  it('to HEAD has the headers of GET and no body', async () => {
    const response = await test.inject({ method: 'HEAD', url: '/users/7' })
    expect([response.statusCode, response.body, response.headers['content-length']]).toEqual([200, '', '42'])
  })

  it('has security headers and the request id, even when it is an error', async () => {
    for (const url of ['/users/7', '/nowhere']) {
      const { headers } = await test.inject({ url, headers: { 'x-request-id': 'abc-1' } })
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-resource-policy': 'same-origin',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-request-id': 'abc-1',
      })
      expect(headers).not.toHaveProperty('server')
    }
    const { headers } = await test.inject({ url: '/users/7', headers: { 'x-request-id': 'a b\tc' } })
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('rejects', () => {
  it.each([
    ['malformed JSON', '{"name":', 'the body is not JSON'],
    ['wrong UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), 'the body is not UTF-8'],
    ['an empty body', '', 'a JSON body is required'],
    ['__proto__', '{"name":"a","__proto__":{"admin":true}}', 'the body names __proto__ or constructor.prototype'],
    [
      'constructor.prototype',
      '{"constructor":{"prototype":{"a":1}}}',
      'the body names __proto__ or constructor.prototype',
    ],
  ])('%s with 400 and code 40001', async (_title, payload, error) => {
    const response = await post(payload)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toEqual({ code: 40001, message: 'Bad Request', error })
  })

  it('a missing body with 400 and code 40001', async () => {
    const response = await test.inject({ method: 'POST', url: '/users' })
    expect([response.statusCode, response.json().code]).toEqual([400, 40001])
  })

  it('invalid input with 400, code 40002 and a list of every problem', async () => {
    const response = await test.inject({
      method: 'PUT',
      url: '/users/abc',
      payload: { name: '', age: '5', x: 1, address: { streat: 'a' } },
    })
    expect(response.statusCode).toBe(400)
    const { code, error } = response.json<{ code: number; error: { in: string; path: string; message: string }[] }>()
    expect(code).toBe(40002)
    expect(error.map((problem) => `${problem.in} ${problem.path}: ${problem.message}`).sort()).toEqual([
      'body address.streat: is not a known field, did you mean street?',
      'body address.street: is required',
      'body age: must be integer',
      'body name: must NOT have fewer than 1 characters',
      'body x: is not a known field',
      'params id: must be integer',
    ])
  })

  it('fields that no part of an intersection names', async () => {
    const contact = { email: 'a@example.com', phone: '1' }
    expect((await post(JSON.stringify({ name: 'a', contact }))).statusCode).toBe(201)
    const response = await post(JSON.stringify({ name: 'a', contact: { ...contact, fax: '2' } }))
    expect(response.json().error).toEqual([{ in: 'body', path: 'contact.fax', message: 'is not a known field' }])
  })

  it('an invalid query and invalid headers', async () => {
    expect((await test.inject('/users?size=0&page=x')).json().error).toEqual([
      { in: 'query', path: 'page', message: 'must be integer' },
      { in: 'query', path: 'size', message: 'must be >= 1' },
    ])
    expect((await test.inject('/report')).json().error).toEqual([
      { in: 'headers', path: 'x-tenant', message: 'is required' },
    ])
    expect((await test.inject({ url: '/report', headers: { 'x-tenant': '7' } })).json().data).toEqual({ tenant: 7 })
  })

  it('input with many problems, and lists at most 100', async () => {
    const some = await post(JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, 1]))))
    expect(some.json().error).toHaveLength(100)
    const many = await post(JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`x${i}`, 1]))))
    expect([many.statusCode, many.json().error.length]).toEqual([400, 100])
  })

  it('another content type with 415', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml']) {
      const response = await post('{"name":"a"}', { 'content-type': type })
      expect([response.statusCode, response.json().code]).toEqual([415, 41500])
    }
  })

  it('a compressed body with 415', async () => {
    for (const coding of ['gzip', 'br', 'deflate', 'x']) {
      const response = await post('{"name":"a"}', { ...json, 'content-encoding': coding })
      expect([response.statusCode, response.json().code, response.headers['accept-encoding']]).toEqual([
        415,
        41500,
        'identity',
      ])
    }
  })

  it.each([
    ['GET', '/users?__proto__=1', 400],
    ['GET', '/users?__proto__[admin]=1', 400], // an unknown name, because brackets are not parsed
    ['GET', '/users?name=a&constructor=1', 400],
    ['GET', '/users?%5F_proto__=1', 400],
    ['GET', '/users/__proto__', 400],
    ['GET', '/fail/__proto__', 400],
    ['GET', '/users?name=__proto__', 200], // a value
  ] as const)('names of prototypes, but not values: %s %s', async (method, url, status) => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    expect((await test.inject({ method, url })).statusCode).toBe(status)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
  })

  it('a body over the limit with 413', async () => {
    const response = await post(JSON.stringify({ name: 'a'.repeat(1024 * 1024) }))
    expect([response.statusCode, response.json().code]).toEqual([413, 41300])
  })

  it('a URL that cannot be decoded with 400', async () => {
    expect((await test.inject('/users/%zz')).json()).toMatchObject({ code: 40000 })
  })
})

describe('what does not exist', () => {
  it('is a 404 with code 40400 for a resource', async () => {
    const response = await test.inject('/users/100')
    expect([response.statusCode, response.json()]).toEqual([
      404,
      { code: 40400, message: 'Not Found', error: 'user 100' },
    ])
  })

  it('is a 404 with code 40401 for a route', async () => {
    const response = await test.inject('/nowhere?secret=1')
    expect([response.statusCode, response.json()]).toEqual([
      404,
      { code: 40401, message: 'Not Found', error: 'GET /nowhere' },
    ])
  })

  it.each([
    ['PATCH', '/users/7', 'DELETE, GET, HEAD, PUT'],
    ['POST', '/users/me', 'DELETE, GET, HEAD, PUT'],
    ['PUT', '/users?x=1', 'DELETE, GET, HEAD, POST'],
  ] as const)('is a 405 with allow for a method: %s %s', async (method, url, allow) => {
    const response = await test.inject({ method, url })
    expect([response.statusCode, response.json().code, response.headers.allow]).toEqual([405, 40500, allow])
  })

  it.each([
    ['an empty body', 'application/json', ''],
    ['a body that is not JSON', 'application/json', '{'],
    ['a body over the limit', 'application/json', 'a'.repeat(2_000_000)],
    ['another type', 'text/plain', 'hello'],
    ['no type', ' ', 'hello'],
  ])('is reported before problems of the body: %s', async (_title, type, payload) => {
    const headers = { 'content-type': type }
    const wrongMethod = await test.inject({ method: 'PATCH', url: '/users/7', headers, payload })
    expect([wrongMethod.statusCode, wrongMethod.json().code]).toEqual([405, 40500])
    const noRoute = await test.inject({ method: 'POST', url: '/nowhere', headers, payload })
    expect([noRoute.statusCode, noRoute.json().code]).toEqual([404, 40401])
  })
})

describe('an error', () => {
  it('is sent as it was thrown', async () => {
    const response = await test.inject('/fail/conflict')
    expect(response.statusCode).toBe(409)
    expect(response.json()).toEqual({ code: 40917, message: 'Name Taken', error: { field: 'name' } })
    expect((await test.inject('/fail/gateway')).headers['x-other']).toBe('1')
  })

  it('of an unknown class shows no details', async () => {
    for (const url of ['/fail/error', '/fail/string']) {
      const response = await test.inject(url)
      expect([response.statusCode, response.body]).toEqual([500, '{"code":50000,"message":"Internal Server Error"}'])
    }
  })

  it('is an instance of its class at the caller', async () => {
    await expect(test.client.getUser({ params: { id: 100 } })).rejects.toThrow(NotFound)
    await expect(test.client.fail({ params: { how: 'conflict' } })).rejects.toMatchObject({
      status: 409,
      code: 40917,
      reason: 'Name Taken',
      message: 'user-service.fail: Name Taken: {"field":"name"}',
      error: { field: 'name' },
    })
  })
})

describe('CORS', () => {
  const origin = 'https://app.example.com'

  it('responds to preflights of the allowed origins', async () => {
    const { statusCode, headers } = await test.inject({
      method: 'OPTIONS',
      url: '/users/7',
      headers: { origin, 'access-control-request-method': 'PUT' },
    })
    expect(statusCode).toBe(204)
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-max-age': '600',
    })
  })

  it('lets no other origin read responses', async () => {
    for (const other of ['https://app.example.com.evil.example', 'http://app.example.com', 'null']) {
      const { headers } = await test.inject({ url: '/users/7', headers: { origin: other } })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it('is off by default', async () => {
    await using plain = await testService(
      service(contract('a', { ping: { route: 'GET /ping' } }), { handlers: { ping() {} } }),
    )
    const { headers } = await plain.inject({ url: '/ping', headers: { origin } })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    const preflight = { origin, 'access-control-request-method': 'GET' }
    expect((await plain.inject({ method: 'OPTIONS', url: '/ping', headers: preflight })).statusCode).toBe(405)
  })

  it('rejects texts that are not origins', () => {
    const wrong = (): unknown =>
      service(contract('a', {}), { handlers: {}, cors: { origins: ['https://example.com/'] } })
    expect(wrong).toThrow('cors.origins: "https://example.com/" is not an origin like https://app.example.com')
  })
})

describe('over a socket', () => {
  it('responds in the same format to what is not HTTP, and with 413 to a chunked body over the limit', async () => {
    const { port } = new URL(await test.fastify.listen({ port: 0, host: '127.0.0.1' }))
    const talk = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let response = ''
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
        socket.on('data', (data) => (response += data))
        socket.on('close', () => resolve(response))
        socket.on('error', (error) => (response ? resolve(response) : reject(error)))
      })
    const malformed = await talk('GET / HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n')
    expect(malformed).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(malformed).toContain('{"code":40000,"message":"Bad Request","error":"the request cannot be parsed"}')
    const headers = await talk(`GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`)
    expect(headers).toMatch(/^HTTP\/1\.1 431 /)
    const chunk = `40000\r\n${'a'.repeat(0x40000)}\r\n`
    const large = await talk(
      `POST /users HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${chunk.repeat(5)}0\r\n\r\n`,
    )
    expect(large).toMatch(/^HTTP\/1\.1 413 /)
    expect(large).toContain('"code":41300')
  })
})

describe('schemas', () => {
  it('of any type write undefined as null', async () => {
    const anything = contract('any-service', { get: { route: 'GET /any', returns: t.Unknown() } })
    await using app = await testService(service(anything, { handlers: { get: () => undefined } }))
    expect((await app.inject('/any')).body).toBe('{"code":0,"data":null}')
  })

  it('may be named, shared, recursive, tuples and unions', async () => {
    const Node = t.Recursive((This) => t.Object({ name: t.String(), children: t.Array(This) }), { $id: 'Node' })
    const Shape = t.Union([
      t.Object({ kind: t.Literal('circle'), radius: t.Number() }),
      t.Object({ kind: t.Literal('line'), points: t.Tuple([t.Integer(), t.Integer()]) }),
    ])
    const Named = t.Object({ node: Node, shape: t.Optional(Shape) }, { $id: 'Named' })
    const shapes = contract('shape-service', {
      echo: { route: 'POST /echo', body: Named, returns: Named },
      nodes: { route: 'PUT /nodes', body: t.Array(Node), returns: t.Array(Node) },
    })
    await using app = await testService(
      service(shapes, { handlers: { echo: ({ body }) => body, nodes: ({ body }) => body } }),
    )
    const node = { name: 'a', children: [{ name: 'b', children: [] }] }
    const shape = { kind: 'line' as const, points: [1, 2] as [number, number] }
    expect((await app.client.echo({ body: { node, shape } })).data).toEqual({ node, shape })
    expect((await app.client.nodes({ body: [node] })).data).toEqual([node])
    const wrong = { node: { name: 'a', children: [{ name: 'b', children: [], x: 1 }] } }
    const response = await app.inject({ method: 'POST', url: '/echo', payload: wrong })
    expect(response.json().error).toEqual([{ in: 'body', path: 'node.children.0.x', message: 'is not a known field' }])
    const long = { node, shape: { kind: 'line', points: [1, 2, 3] } }
    expect((await app.inject({ method: 'POST', url: '/echo', payload: long })).statusCode).toBe(400)
  })

  it('with an unknown keyword or format stop the start', async () => {
    const wrong = async (schema: object): Promise<unknown> => {
      const c = contract('a', { a: { route: 'POST /a', body: t.Object({ x: t.String(schema) }) } })
      return service(c, { handlers: { a() {} } }).inject('/a')
    }
    await expect(wrong({ minLenght: 1 })).rejects.toThrow(
      'a.a: body.x: unknown keyword "minLenght", did you mean minLength?',
    )
    await expect(wrong({ format: 'emial' })).rejects.toThrow('a.a: body.x: unknown format "emial", did you mean email?')
  })
})

describe("envelope: 'plain'", () => {
  const plain = contract(
    'plain-service',
    {
      getUser: { route: 'GET /users/:id', returns: User },
      listUsers: { route: 'GET /users', paginated: true, returns: User },
      ping: { route: 'GET /ping' },
    },
    { envelope: 'plain' },
  )

  it('sends and receives the data without an envelope', async () => {
    await using app = await testService(
      service(plain, {
        handlers: {
          getUser: () => ({ id: 1, name: 'a' }),
          listUsers: () => ({ items: [{ id: 1, name: 'a' }], total: 1 }),
          ping() {},
        },
      }),
    )
    expect((await app.inject('/users/1')).body).toBe('{"id":1,"name":"a"}')
    expect((await app.inject('/users')).body).toBe('{"items":[{"id":1,"name":"a"}],"page":1,"size":20,"total":1}')
    expect((await app.inject('/users?size=0')).json()).toMatchObject({ code: 40002 })
    expect((await app.client.getUser({ params: { id: '1' } })).data).toEqual({ id: 1, name: 'a' })
    const { data, pagination } = await app.client.listUsers()
    expect([data, pagination]).toEqual([[{ id: 1, name: 'a' }], { page: 1, size: 20, total: 1 }])
    expect((await app.client.ping()).data).toBeUndefined()
  })
})
