import { formatNames } from 'ajv-formats/dist/formats.js'
import fc from 'fast-check'
import { contract, ContractError, NotFound, t } from 'tricube'
import { describe, expect, it } from 'vitest'

const User = t.Object({ id: t.Integer(), name: t.String() })

/** What the compiler would refuse is given as JavaScript would give it. */
function define(operations: object, name = 'user-service', options: object = {}): unknown {
  return contract(name, operations as {}, options)
}

describe('a contract', () => {
  it('is the data it was given, frozen', () => {
    const getUser = { route: 'GET /users/:id', params: { id: t.Integer() }, returns: User, errors: [NotFound] } as const
    const users = contract('user-service', { getUser })
    expect(users.name).toBe('user-service')
    expect(users.operations.getUser).toBe(getUser)
    expect(users.envelope).toBe('standard')
    expect(Object.isFrozen(users)).toBe(true)
  })

  it('is put together from parts', () => {
    const people = { listUsers: { route: 'GET /users', returns: t.Array(User) } } as const
    const admin = { deleteUser: { route: 'DELETE /users/:id' } } as const
    expect(Object.keys(contract('user-service', { ...people, ...admin }).operations)).toEqual([
      'listUsers',
      'deleteUser',
    ])
  })
})

describe('a wrong contract fails at definition with one line', () => {
  const wrong: [title: string, operations: object, message: string][] = [
    [
      'an unknown method',
      { a: { route: 'FETCH /users' } },
      'user-service.a: route "FETCH /users": unknown method "FETCH", expected one of GET, POST, PUT, PATCH, DELETE',
    ],
    [
      'the same route twice, whatever its parameter is called',
      { a: { route: 'GET /users/:id' }, b: { route: 'GET /users/:name' } },
      'user-service.b: route "GET /users/:name" is taken by a',
    ],
    [
      'a path parameter without its schema',
      { a: { route: 'GET /users/:id/roles/:role', params: { id: t.Integer() } } },
      'user-service.a: path parameter ":role" has no schema in params',
    ],
    [
      'a schema without its path parameter',
      { a: { route: 'GET /users', params: { id: t.Integer() } } },
      'user-service.a: params.id is not in the route "GET /users"',
    ],
    ['a body on GET', { a: { route: 'GET /users', body: User } }, 'user-service.a: a GET has no body'],
    [
      'a field that operations do not have',
      { a: { route: 'GET /users', return: User } },
      'user-service.a: unknown field "return", expected route, summary, description, tags, params, query, headers, body, returns, status, paginated, errors, idempotent, timeoutMs, rateLimit, priority, internal, deprecated',
    ],
    [
      'a type that JSON does not have',
      { a: { route: 'GET /users', query: { since: t.Date() } } },
      "user-service.a: query.since: Date is not JSON, use t.String({ format: 'date-time' })",
    ],
    [
      'code in a schema',
      { a: { route: 'POST /a', body: t.Object({ at: t.Transform(t.String()).Decode(Date.parse).Encode(String) }) } },
      'user-service.a: body: t.Transform does not run, write the type of the JSON and convert it in the handler',
    ],
    [
      'an object in a query',
      { a: { route: 'GET /a', query: { o: t.Optional(t.Object({ x: t.Integer() })) } } },
      'user-service.a: query.o: a query is text and cannot hold an object or a list of lists, use a scalar or a list of scalars',
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
      'user-service.a: query.l: a query is text and cannot hold an object or a list of lists, use a scalar or a list of scalars',
    ],
    [
      'a query that is a schema',
      { a: { route: 'GET /a', query: User } },
      'user-service.a: query is a plain object of schemas: write query: { id: t.Integer() }',
    ],
    [
      'a query of something else',
      { a: { route: 'GET /a', query: { x: 'string' } } },
      'user-service.a: query.x is not a schema',
    ],
    [
      'a body that is no schema',
      { a: { route: 'POST /a', body: { name: 1 } } },
      'user-service.a: body is not a schema: write body: t.Object({ … })',
    ],
    [
      'a header in upper case',
      { a: { route: 'GET /a', headers: { 'X-A': t.String() } } },
      'user-service.a: headers.X-A: header names are lower case',
    ],
    [
      'a route of the framework',
      { a: { route: 'GET /health/live' } },
      'user-service.a: /health is answered by tricube itself',
    ],
    [
      'a wildcard',
      { a: { route: 'GET /files/*' } },
      'user-service.a: route "GET /files/*": expected a path like /users/:id, without wildcards or a slash at the end',
    ],
    [
      'a slash at the end',
      { a: { route: 'GET /files/' } },
      'user-service.a: route "GET /files/": expected a path like /users/:id, without wildcards or a slash at the end',
    ],
    [
      'one path parameter twice',
      { a: { route: 'GET /a/:id/b/:id' } },
      'user-service.a: route "GET /a/:id/b/:id": the same path parameter twice',
    ],
    [
      'pages of nothing',
      { a: { route: 'GET /a', paginated: true } },
      'user-service.a: a paginated operation needs returns, the schema of one item',
    ],
    [
      'pages of a POST',
      { a: { route: 'POST /a', paginated: true, returns: User } },
      'user-service.a: only a GET can be paginated',
    ],
    [
      'its own page',
      { a: { route: 'GET /a', paginated: true, returns: User, query: { page: t.Integer() } } },
      'user-service.a: paginated adds query.page itself',
    ],
    [
      'an error for success',
      { a: { route: 'GET /a', status: 404 } },
      'user-service.a: status is the status of success, 200 to 299, not 404',
    ],
    [
      'a body for 204',
      { a: { route: 'GET /a', status: 204, returns: User } },
      'user-service.a: status 204 has no body, but returns is given',
    ],
    [
      'an error that is no class',
      { a: { route: 'GET /a', errors: [404] } },
      'user-service.a: errors[0] is not an error class like NotFound: it has to extend HttpError',
    ],
    [
      'a timeout of nothing',
      { a: { route: 'GET /a', timeoutMs: 0 } },
      'user-service.a: timeoutMs is a positive number of milliseconds, not 0',
    ],
    [
      'a rate limit of nothing',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 0, windowMs: 1000 } } },
      'user-service.a: rateLimit.limit is a whole number from 1 on, not 0',
    ],
    [
      'a rate limit in no time',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 1, windowMs: 0 } } },
      'user-service.a: rateLimit.windowMs is a number of milliseconds, not 0',
    ],
    [
      'a rate limit beyond what is counted',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 2001, windowMs: 2 } } },
      'user-service.a: rateLimit.limit is at most 1,000 for each of the 2 milliseconds',
    ],
    [
      'a rate limit of nobody',
      { a: { route: 'GET /a', rateLimit: { limit: 1, windowMs: 1000 } } },
      "user-service.a: rateLimit.key is 'ip', { header: 'x-api-key' } or the name of a function in the service's rateLimits.keys",
    ],
    [
      'a rate limit by a header that nobody can send',
      { a: { route: 'GET /a', rateLimit: { key: { header: 'X-Api-Key' }, limit: 1, windowMs: 1000 } } },
      "user-service.a: rateLimit.key.header is a header's name in lower case, like x-api-key",
    ],
    [
      'a rate limit with a field that it does not have',
      { a: { route: 'GET /a', rateLimit: { key: 'ip', limit: 1, windowMs: 1000, burst: 7 } } },
      'user-service.a: rateLimit.burst is unknown, expected key, limit, windowMs',
    ],
    [
      'a priority that there is not',
      { a: { route: 'GET /a', priority: 'high' } },
      'user-service.a: priority is one of critical, normal, sheddable, not "high"',
    ],
    [
      'a name with a dash',
      { 'get-user': { route: 'GET /a' } },
      "user-service.get-user: an operation's name is a JavaScript identifier, like getUser",
    ],
  ]
  it.each(wrong)('%s', (_title, operations, message) => {
    expect(() => define(operations)).toThrow(new ContractError(message))
  })

  it('a name or an envelope that is none', () => {
    expect(() => define({}, 'UserService')).toThrow(
      'contract "UserService": a service\'s name is kebab-case, like user-service',
    )
    expect(() => define({}, 'a', { envelope: 'xml' })).toThrow(
      `contract "a": envelope is 'standard' or 'plain', not "xml"`,
    )
  })

  it('whatever is given, it is a contract or one line that says why not', () => {
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
    [{ body: t.String({ minLength: '3' as never }) }, 'a.a: body: minLength: expected a whole number from 0, got "3"'],
    [{ body: t.String({ maxLength: -1 }) }, 'a.a: body: maxLength: expected a whole number from 0, got -1'],
    [{ body: t.Number({ minimum: Number.NaN }) }, 'a.a: body: minimum: expected a number, got NaN'],
    [
      { body: t.Array(t.String(), { uniqueItems: 1 as never }) },
      'a.a: body: uniqueItems: expected true or false, got 1',
    ],
  ])('that says what nobody keeps is named by its path: %#', (operation, message) => {
    expect(wrong(operation)).toThrow(message)
  })

  it('may have what is not a rule, and a field may have any name', () => {
    const body = t.Object({ minLenght: t.String({ 'x-order': 1, examples: ['a'], title: 'A' }) })
    expect(wrong({ body })).not.toThrow()
  })

  it.each(formatNames)('may have the format %s', (format) => {
    expect(wrong({ body: t.String({ format }) })).not.toThrow()
  })
})
