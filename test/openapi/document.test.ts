import { contract, Conflict, HttpError, NotFound, t, UnprocessableEntity } from 'tricube'
import { describe, expect, it } from 'vitest'
import { openapiDocument } from 'tricube'
import { problemsOf } from './validate.ts'

const City = t.Object({ id: t.Integer({ examples: [7] }), name: t.String() }, { $id: 'City' })
const User = t.Object({ id: t.Integer(), name: t.String({ maxLength: 128 }), city: City }, { $id: 'User' })

class UserNotFound extends NotFound {
  constructor(error?: unknown) {
    super(error, { code: 40410, message: 'No such user' })
  }
}

const users = contract(
  'user-service',
  {
    createUser: {
      route: 'POST /users',
      summary: 'create user',
      tags: ['users'],
      body: t.Object({ name: t.String({ minLength: 1 }), age: t.Integer({ minimum: 18 }) }),
      returns: t.Object({ id: t.Integer() }),
      status: 201,
      errors: [Conflict, UnprocessableEntity],
      idempotent: true,
      rateLimit: { key: 'ip', limit: 10, windowMs: 60_000 },
    },
    getUser: {
      route: 'GET /users/:id',
      params: { id: t.Integer({ description: 'number of the user' }) },
      returns: User,
      errors: [NotFound, UserNotFound],
      timeoutMs: 200,
    },
    listUsers: {
      route: 'GET /users',
      tags: ['users', 'lists'],
      query: { name: t.Optional(t.String()), sort: t.String({ default: 'id' }), city: t.Integer() },
      headers: { 'x-tenant': t.String({ examples: ['beijing'] }) },
      paginated: true,
      returns: User,
    },
    deleteUser: {
      route: 'DELETE /users/:name/:id',
      status: 204,
      deprecated: true,
      description: 'It does not come back.',
    },
  },
  { title: 'Users', description: 'Who is who', version: '2.1.0' },
)

const document = openapiDocument(users)
const operationOf = (path: string, method: string) => document.paths[path]![method]!
const ok = (path: string, method: string, status = '200') =>
  (operationOf(path, method).responses[status] as any).content['application/json']

describe('openapiDocument', () => {
  it('is valid OpenAPI 3.1', async () => {
    expect(await problemsOf(document)).toEqual([])
  })

  it('has the title, description and version of the service', () => {
    expect(document.info).toEqual({ title: 'Users', version: '2.1.0', description: 'Who is who' })
    expect(document.servers).toEqual([{ url: '/' }])
    expect(document.tags).toEqual([{ name: 'users' }, { name: 'lists' }])
  })

  it('uses the name of the service and the given version', () => {
    const servers = [{ url: 'https://users.example.com', description: 'production' }]
    const { info, servers: written } = openapiDocument(contract('tiny', {}), { version: '3.0.0', servers })
    expect(info).toEqual({ title: 'tiny', version: '3.0.0' })
    expect(written).toEqual(servers)
  })

  it('names operations as the contract does, paths with braces', () => {
    expect(Object.keys(document.paths)).toEqual(['/users', '/users/{id}', '/users/{name}/{id}'])
    expect(operationOf('/users', 'post')).toMatchObject({
      operationId: 'createUser',
      summary: 'create user',
      tags: ['users'],
    })
    expect(operationOf('/users/{name}/{id}', 'delete')).toMatchObject({
      deprecated: true,
      description: 'It does not come back.',
    })
  })

  it('marks idempotent operations and their timeouts', () => {
    expect(operationOf('/users', 'post')['x-idempotent']).toBe(true)
    expect(operationOf('/users/{id}', 'get')).toMatchObject({ 'x-idempotent': true, 'x-timeout-ms': 200 })
    expect(operationOf('/users/{name}/{id}', 'delete')).not.toHaveProperty('x-idempotent', false) // pages show it as null
    const limited = operationOf('/users', 'post')
    expect(limited['x-rate-limit']).toEqual({ key: 'ip', limit: 10, windowMs: 60_000 })
    const rateLimitHeaders = [
      'RateLimit',
      'RateLimit-Policy',
      'RateLimit-Limit',
      'RateLimit-Remaining',
      'RateLimit-Reset',
    ]
    expect(Object.keys((limited.responses['201'] as any).headers)).toEqual(rateLimitHeaders)
    expect(limited.responses['429']).toEqual({ $ref: '#/components/responses/TooManyRequests' })
    const { headers } = document.components.responses['TooManyRequests']!
    expect(Object.keys(headers!)).toEqual(['Retry-After', ...rateLimitHeaders])
    expect(operationOf('/users', 'get').responses['429']).toBeUndefined()
  })

  it('describes parameters, with strings as the default for paths', () => {
    expect(operationOf('/users/{id}', 'get').parameters).toEqual([
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'number of the user',
        schema: { type: 'integer', description: 'number of the user' },
        example: 1,
      },
    ])
    expect(operationOf('/users/{name}/{id}', 'delete').parameters?.map(({ name, schema }) => [name, schema])).toEqual([
      ['name', { type: 'string' }],
      ['id', { type: 'string' }],
    ])
  })

  it('requires parameters without a default, and adds page and size', () => {
    const parameters = operationOf('/users', 'get').parameters!
    expect(parameters.map(({ name, in: where, required }) => [where, name, required])).toEqual([
      ['query', 'name', false],
      ['query', 'sort', false],
      ['query', 'city', true],
      ['query', 'page', false],
      ['query', 'size', false],
      ['header', 'x-tenant', true],
    ])
    expect(parameters[4]?.schema).toMatchObject({ type: 'integer', minimum: 1, maximum: 100, default: 20 })
    expect(parameters[5]?.example).toBe('beijing')
  })

  it('wraps responses in the envelope, with an example', () => {
    expect(ok('/users', 'post', '201')).toEqual({
      schema: {
        type: 'object',
        required: ['code', 'data'],
        properties: {
          code: { const: 0 },
          data: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
        },
      },
      example: { code: 0, data: { id: 1 } },
    })
    expect(ok('/users', 'get').example).toEqual({
      code: 0,
      data: [{ id: 1, name: 'string', city: { id: 7, name: 'string' } }],
      pagination: { page: 1, size: 20, total: 1 },
    })
    expect(operationOf('/users/{name}/{id}', 'delete').responses['204']).toEqual({ description: 'Done; no body' })
  })

  it('supports the plain envelope', () => {
    const { listUsers, getUser } = users.operations
    const ping = { route: 'POST /ping' } as const
    const { paths } = openapiDocument(contract('plain', { listUsers, getUser, ping }, { envelope: 'plain' }))
    const schema = (path: string, method: string) =>
      (paths[path]![method]!.responses['200'] as any).content['application/json'].schema
    expect(schema('/users/{id}', 'get')).toEqual({ $ref: '#/components/schemas/User' })
    expect(schema('/users', 'get')).toMatchObject({ required: ['items', 'page', 'size', 'total'] })
    expect(schema('/ping', 'post')).toEqual({ type: 'null' })
  })

  it('refers to named schemas everywhere, without traces of TypeBox', () => {
    expect(ok('/users/{id}', 'get').schema.properties.data).toEqual({ $ref: '#/components/schemas/User' })
    expect(Object.keys(document.components.schemas)).toEqual(['City', 'ErrorBody', 'User', 'ValidationErrorBody'])
    expect(document.components.schemas['User']).toEqual({
      type: 'object',
      required: ['id', 'name', 'city'],
      properties: {
        id: { type: 'integer' },
        name: { type: 'string', maxLength: 128 },
        city: { $ref: '#/components/schemas/City' },
      },
    })
    expect(JSON.stringify(document)).not.toContain('$id')
    expect(symbolsIn(document)).toEqual([])
  })

  it('describes recursive types, modules and tuples', async () => {
    const Node = t.Recursive((This) => t.Object({ id: t.Integer(), children: t.Array(This) }), { $id: 'Node' })
    const shapes = t.Module({ Point: t.Tuple([t.Number(), t.Number()]), Line: t.Array(t.Ref('Point')) })
    const graph = contract('graph', {
      tree: { route: 'GET /tree', returns: Node },
      line: { route: 'GET /line', returns: shapes.Import('Line') },
    })
    const described = openapiDocument(graph)
    expect(await problemsOf(described)).toEqual([])
    expect(described.components.schemas).toMatchObject({
      Line: { type: 'array', items: { $ref: '#/components/schemas/Point' } },
      Node: { properties: { children: { type: 'array', items: { $ref: '#/components/schemas/Node' } } } },
      Point: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], items: false },
    })
  })

  it('rejects an invalid component name and a dangling reference', () => {
    const odd = contract('odd', { one: { route: 'GET /one', returns: t.String({ $id: 'a name' }) } })
    expect(() => openapiDocument(odd)).toThrow('schema $id "a name"')
    const lost = contract('lost', { one: { route: 'GET /one', returns: t.Array(t.Ref('Nowhere')) } })
    expect(() => openapiDocument(lost)).toThrow('no schema has the $id "Nowhere" that a $ref names')
  })

  it('lists the errors of an operation and the common ones', () => {
    const statuses = (path: string, method: string) => Object.keys(operationOf(path, method).responses)
    expect(statuses('/users', 'post')).toEqual(['201', '400', '409', '413', '415', '422', '429', '500', '503', '504'])
    expect(statuses('/users/{name}/{id}', 'delete')).toEqual(['204', '500', '503', '504'])
    expect(operationOf('/users', 'post').responses['409']).toEqual({ $ref: '#/components/responses/Conflict' })
    expect(document.components.responses['Conflict']).toEqual({
      description: 'Conflict',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/ErrorBody' },
          examples: { Conflict: { value: { code: 40900, message: 'Conflict' } } },
        },
      },
    })
  })

  it('combines errors that share a status', () => {
    expect(operationOf('/users/{id}', 'get').responses['404']).toEqual({
      description: 'Not Found, or No such user',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/ErrorBody' },
          examples: {
            NotFound: { value: { code: 40400, message: 'Not Found' } },
            UserNotFound: { value: { code: 40410, message: 'No such user' } },
          },
        },
      },
    })
  })

  it('rejects two error classes of one name', () => {
    const other = {
      Conflict: class Conflict extends HttpError {
        static readonly status = 409
        constructor(error?: unknown) {
          super(409, error)
        }
      },
    }.Conflict
    const mixed = contract('mixed', {
      one: { route: 'POST /one', errors: [Conflict] },
      two: { route: 'POST /two', errors: [other] },
    })
    expect(() => openapiDocument(mixed)).toThrow('two different error classes are named "Conflict": rename one of them')
  })

  it('is the same every time, key for key', () => {
    expect(JSON.stringify(openapiDocument(users))).toBe(JSON.stringify(document))
  })
})

function symbolsIn(value: unknown): symbol[] {
  if (typeof value !== 'object' || value === null) return []
  return [...Object.getOwnPropertySymbols(value), ...Object.values(value).flatMap(symbolsIn)]
}
