import { formatNames } from 'ajv-formats/dist/formats.js'
import fc from 'fast-check'
import { contract, ContractError, external, NotFound, t } from 'tricube'
import { describe, expect, it } from 'vitest'

const User = t.Object({ id: t.Integer(), name: t.String() })

/** Defines a contract without the compiler's checks, as JavaScript does. */
function define(operations: object, name = 'user-service', options: object = {}): unknown {
  return contract(name, operations as {}, options)
}

describe('a contract', () => {
  it('is frozen data', () => {
    const getUser = { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] } as const
    const users = contract('user-service', { getUser })
    expect(users.name).toBe('user-service')
    expect(users.operations.getUser).toBe(getUser)
    expect(users.envelope).toBe('standard')
    expect(Object.isFrozen(users)).toBe(true)
  })

  it('can be composed from objects', () => {
    const people = { listUsers: { route: 'GET /users', returns: t.Array(User) } } as const
    const admin = { deleteUser: { route: 'DELETE /users/:id' } } as const
    expect(Object.keys(contract('user-service', { ...people, ...admin }).operations)).toEqual([
      'listUsers',
      'deleteUser',
    ])
  })
})

describe('contract() rejects in one line', () => {
  const wrong: [title: string, operations: object, message: string][] = [
    [
      'an unknown method',
      { a: { route: 'FETCH /users' } },
      'user-service.a: route "FETCH /users": unknown method "FETCH", expected one of GET, POST, PUT, PATCH, DELETE',
    ],
    [
      'the same route twice, also with another parameter name',
      { a: { route: 'GET /users/:id' }, b: { route: 'GET /users/:name' } },
      'user-service.b: route "GET /users/:name" is already the route of a',
    ],
    [
      'a path parameter without its schema',
      { a: { route: 'GET /users/:id/roles/:role', params: { id: t.Integer() } } },
      'user-service.a: path parameter ":role" has no schema in params',
    ],
    [
      'a params schema that is not in the route',
      { a: { route: 'GET /users', params: { id: t.Integer() } } },
      'user-service.a: params.id is not in the route "GET /users"',
    ],
    [
      'a body on GET',
      { a: { route: 'GET /users', body: User } },
      'user-service.a: a GET cannot have a body, use query or another method',
    ],
    [
      'an unknown field',
      { a: { route: 'GET /users', return: User } },
      'user-service.a: unknown field "return", expected route, summary, description, tags, params, query, headers, body, compressedBody, returns, status, responses, responseHeaders, cookies, setCookies, etag, cacheControl, paginated, cursor, errors, idempotent, timeoutMs, auth, scopes, callers, rateLimit, priority, internal, deprecated; did you mean returns?',
    ],
    [
      'a type that JSON does not have',
      { a: { route: 'GET /users', query: { since: t.Date() } } },
      "user-service.a: query.since: Date is not a JSON type, use t.String({ format: 'date-time' })",
    ],
    [
      'code in a schema',
      { a: { route: 'POST /a', body: t.Object({ at: t.Transform(t.String()).Decode(Date.parse).Encode(String) }) } },
      'user-service.a: body.at: t.Transform is never run, use the type of the JSON and convert it in the handler',
    ],
    [
      'an object in an object of a query',
      { a: { route: 'GET /a', query: { o: t.Optional(t.Object({ x: t.Object({ y: t.Integer() }) })) } } },
      'user-service.a: query.o: x: an object of a query can hold scalars and lists of scalars',
    ],
    [
      'objects in a header',
      { a: { route: 'GET /a', headers: { 'x-o': t.Array(t.Record(t.String(), t.Integer())) } } },
      'user-service.a: headers.x-o: a header is text and cannot hold an object or a list of lists, use a scalar or a list of scalars',
    ],
    [
      'an intersection in a path',
      { a: { route: 'GET /a/:id', params: { id: t.Intersect([t.Object({ x: t.Integer() }), t.Object({})]) } } },
      'user-service.a: params.id: a path is text and cannot hold an object or a list of lists, use a scalar or a list of scalars',
    ],
    [
      'a list of lists in a query',
      { a: { route: 'GET /a', query: { l: t.Array(t.Array(t.Integer())) } } },
      'user-service.a: query.l: a list of a query cannot hold objects or lists, use a list of scalars',
    ],
    [
      'a query that is a schema',
      { a: { route: 'GET /a', query: User } },
      'user-service.a: query must be a plain object of schemas, like { id: t.Integer() }, got one schema: pass its .properties',
    ],
    [
      'a query parameter that is not a schema',
      { a: { route: 'GET /a', query: { x: 'string' } } },
      'user-service.a: query.x must be a schema, like t.String()',
    ],
    [
      'a body that is not a schema',
      { a: { route: 'POST /a', body: { name: 1 } } },
      'user-service.a: body must be a schema, like t.Object({ … })',
    ],
    [
      'a header in upper case',
      { a: { route: 'GET /a', headers: { 'X-A': t.String() } } },
      'user-service.a: headers.X-A must be in lower case: x-a',
    ],
    [
      'a reserved path',
      { a: { route: 'GET /health/live' } },
      'user-service.a: route "GET /health/live": /health is reserved for tricube, use another path',
    ],
    [
      'a wildcard that is not the last segment',
      { a: { route: 'GET /files/*/raw' } },
      'user-service.a: route "GET /files/*/raw": expected a path like /users/:id or /files/*, without a trailing slash',
    ],
    [
      'a trailing slash',
      { a: { route: 'GET /files/' } },
      'user-service.a: route "GET /files/": expected a path like /users/:id or /files/*, without a trailing slash',
    ],
    [
      'one path parameter twice',
      { a: { route: 'GET /a/:id/b/:id' } },
      'user-service.a: route "GET /a/:id/b/:id": a path parameter occurs twice, rename one',
    ],
    [
      'pagination without returns',
      { a: { route: 'GET /a', paginated: true } },
      'user-service.a: a paginated operation needs returns, the schema of one item',
    ],
    [
      'pagination of a POST',
      { a: { route: 'POST /a', paginated: true, returns: User } },
      'user-service.a: only a GET can be paginated',
    ],
    [
      'a query parameter that pagination adds',
      { a: { route: 'GET /a', paginated: true, returns: User, query: { page: t.Integer() } } },
      'user-service.a: query.page is added by paginated, remove it',
    ],
    [
      'a status of failure',
      { a: { route: 'GET /a', status: 404 } },
      'user-service.a: status must be an integer from 200 to 299, got 404',
    ],
    [
      'a body for 204',
      { a: { route: 'GET /a', status: 204, returns: User } },
      'user-service.a: status 204 cannot have a body: remove returns, or use another status',
    ],
    [
      'an error that is not a class',
      { a: { route: 'GET /a', errors: [404] } },
      'user-service.a: errors[0] must be an error class that extends HttpError, like NotFound',
    ],
    [
      'a timeout of 0',
      { a: { route: 'GET /a', timeoutMs: 0 } },
      'user-service.a: timeoutMs must be a positive number of milliseconds, got 0',
    ],
    [
      'a rate limit of 0',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 0, windowMs: 1000 } } },
      'user-service.a: rateLimit.limit must be a positive integer, got 0',
    ],
    [
      'a rate limit with a window of 0 ms',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 1, windowMs: 0 } } },
      'user-service.a: rateLimit.windowMs must be at least 1 millisecond and below 2^31, got 0',
    ],
    [
      'a rate limit of more than 1,000 per millisecond',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 2001, windowMs: 2 } } },
      'user-service.a: rateLimit.limit must be at most 2000, 1,000 per millisecond of windowMs, got 2001',
    ],
    [
      'a rate limit without a key',
      { a: { route: 'GET /a', rateLimit: { limit: 1, windowMs: 1000 } } },
      "user-service.a: rateLimit.key must be 'ip', 'caller', { header: 'x-api-key' } or the name of a function in the service's rateLimits.keys",
    ],
    [
      'a rate limit by a header in upper case',
      { a: { route: 'GET /a', rateLimit: { key: { header: 'X-Api-Key' }, limit: 1, windowMs: 1000 } } },
      'user-service.a: rateLimit.key.header must be a header name in lower case, like x-api-key',
    ],
    [
      'a rate limit with an unknown field',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 1, windowMs: 1000, burst: 7 } } },
      'user-service.a: rateLimit: unknown field "burst", expected key, limit, windowMs',
    ],
    [
      'an unknown priority',
      { a: { route: 'GET /a', priority: 'high' } },
      'user-service.a: priority must be one of critical, normal, sheddable, got "high"',
    ],
    [
      'a name with a dash',
      { 'get-user': { route: 'GET /a' } },
      'user-service.get-user: the name of an operation must be a JavaScript identifier, like getUser',
    ],
  ]
  it.each(wrong)('%s', (_title, operations, message) => {
    expect(() => define(operations)).toThrow(new ContractError(message))
  })

  it.each(['then', 'catch', 'finally', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'toJSON'])(
    'a name that promises or objects have: %s',
    (name) => {
      const operations = { [name]: { route: 'GET /a' as const } }
      const problem = `${name}: JavaScript gives the name ${name} its own meaning, use another one`
      expect(() => define(operations)).toThrow(new ContractError(`user-service.${problem}`))
      const url = 'https://api.example'
      expect(() => external('bank', { url, operations })).toThrow(new ContractError(`bank.${problem}`))
    },
  )

  it('an invalid name or envelope', () => {
    expect(() => define({}, { name: 'user-service', operations: {} } as never)).toThrow(
      "contract: expected a name such as 'user-service' and then the operations, got an object (Object) as the name",
    )
    expect(() => define({}, 'UserService')).toThrow(
      'contract "UserService": the name must be kebab-case, like user-service',
    )
    expect(() => define({}, 'a', { envelope: 'xml' })).toThrow(
      `contract "a": envelope must be 'standard' or 'plain', got "xml"`,
    )
  })

  it('any invalid operation, with a ContractError', () => {
    const anything = fc.record({
      route: fc.oneof(fc.string(), fc.constantFrom('GET /a', 'POST /a/:id', 'PUT /:id')),
      params: fc.option(fc.dictionary(fc.string(), fc.anything())),
      status: fc.option(fc.integer()),
      [fc.sample(fc.string(), 1)[0] as string]: fc.anything(),
    })
    fc.assert(
      fc.property(fc.string(), anything, (key, operation) => {
        try {
          define({ [key]: Object.fromEntries(Object.entries(operation).filter(([, value]) => value !== null)) })
        } catch (error) {
          expect(error).toBeInstanceOf(ContractError)
        }
      }),
    )
  })
})

describe('a schema', () => {
  const wrong = (operation: object) => () => contract('a', { a: { route: 'POST /a', ...operation } as never })
  it.each([
    [
      { body: t.Object({ n: t.String({ minLenght: 3 }) }) },
      'a.a: body.n: unknown keyword "minLenght", did you mean minLength?',
    ],
    [{ query: { n: t.Integer({ minimun: 3 }) } }, 'a.a: query.n: unknown keyword "minimun", did you mean minimum?'],
    [
      { headers: { 'x-a': t.String({ patern: 'a' }) } },
      'a.a: headers.x-a: unknown keyword "patern", did you mean pattern?',
    ],
    [
      { returns: t.Object({ list: t.Array(t.Object({ s: t.String({ format: 'emial' }) })) }) },
      'a.a: returns.list[].s: unknown format "emial", did you mean email?',
    ],
    [{ body: t.Object({ n: t.Union([t.Null(), t.String({ maxlen: 3 })]) }) }, 'a.a: body.n: unknown keyword "maxlen"'],
    [{ body: t.String({ minLength: '3' as never }) }, 'a.a: body: minLength: must be a non-negative integer, got "3"'],
    [{ body: t.String({ maxLength: -1 }) }, 'a.a: body: maxLength: must be a non-negative integer, got -1'],
    [{ body: t.Number({ minimum: Number.NaN }) }, 'a.a: body: minimum: must be a number, got NaN'],
    [
      { body: t.Array(t.String(), { uniqueItems: 1 as never }) },
      'a.a: body: uniqueItems: must be true or false, got 1',
    ],
  ])('with an unknown or invalid keyword is rejected with its path: %#', (operation, message) => {
    expect(wrong(operation)).toThrow(message)
  })

  it('accepts keywords that are not rules, and any field name', () => {
    const body = t.Object({ minLenght: t.String({ 'x-order': 1, examples: ['a'], title: 'A' }) })
    expect(wrong({ body })).not.toThrow()
  })

  it.each(formatNames)('accepts the format %s', (format) => {
    expect(wrong({ body: t.String({ format }) })).not.toThrow()
  })
})
