import { Conflict, contract, jobs, multipart, NotFound, service, t, upload } from 'tricube'
import { describe, test } from 'vitest'
import { type Row, testMessages } from './row.ts'

const User = t.Object({ id: t.Integer(), name: t.String() })

class Taken extends Conflict {
  static readonly code = 40903
}

const operations: readonly Row<object>[] = [
  [
    'misspells by key',
    { route: 'POST /users', idempotent: 'bykey' },
    `user-service.op: idempotent must be true, false or 'by key', got "bykey"`,
  ],
  [
    'writes a status as text',
    { route: 'POST /users', status: '201' },
    'user-service.op: status must be an integer from 200 to 299, got "201"',
  ],
  [
    'writes a timeout as text',
    { route: 'GET /users', timeoutMs: '5' },
    'user-service.op: timeoutMs must be a positive number of milliseconds, got "5"',
  ],
  [
    'writes a rate limit as text',
    { route: 'GET /users', rateLimit: { key: 'ip', limit: '10', windowMs: 1000 } },
    'user-service.op: rateLimit.limit must be a positive integer, got "10"',
  ],
  [
    'gives an error a code of tricube',
    { route: 'GET /users', errors: [Taken] },
    'user-service.op: errors[0]: code 40903 is reserved for tricube: use 40910 to 40999',
  ],
  [
    'lists an error of a file that imports this one',
    { route: 'GET /users', errors: [undefined] },
    'user-service.op: errors[0] is undefined: files that import each other may not have it yet',
  ],
  [
    'gives one error instead of a list',
    { route: 'GET /users', errors: NotFound },
    'user-service.op: errors must be a list of error classes like [NotFound], got a function',
  ],
  [
    'misspells a field of an operation',
    { route: 'GET /users', return: User },
    'user-service.op: unknown field "return", expected route, summary, description, tags, params, query, headers, body, compressedBody, returns, status, responses, responseHeaders, cookies, setCookies, etag, cacheControl, paginated, cursor, errors, idempotent, timeoutMs, auth, scopes, callers, rateLimit, priority, internal, deprecated; did you mean returns?',
  ],
  [
    'forgets the route',
    { returns: User },
    "user-service.op: route must be a text like 'GET /users/:id', got undefined",
  ],
  [
    'writes an unknown method',
    { route: 'FETCH /users' },
    'user-service.op: route "FETCH /users": unknown method "FETCH", expected one of GET, POST, PUT, PATCH, DELETE',
  ],
  [
    'writes a wildcard before the end',
    { route: 'GET /files/*/info' },
    'user-service.op: route "GET /files/*/info": expected a path like /users/:id or /files/*, without a trailing slash',
  ],
  [
    'uses a path of tricube',
    { route: 'GET /metrics' },
    'user-service.op: route "GET /metrics": /metrics is reserved for tricube, use another path',
  ],
  [
    'forgets the schema of a path parameter',
    { route: 'GET /users/:id/:role', params: { id: t.Integer() } },
    'user-service.op: path parameter ":role" has no schema in params',
  ],
  [
    'names a parameter that is not in the path',
    { route: 'GET /users', params: { id: t.Integer() } },
    'user-service.op: params.id is not in the route "GET /users"',
  ],
  [
    'gives a GET a body',
    { route: 'GET /users', body: User },
    'user-service.op: a GET cannot have a body, use query or another method',
  ],
  [
    'passes a schema as query',
    { route: 'GET /users', query: User },
    'user-service.op: query must be a plain object of schemas, like { id: t.Integer() }, got one schema: pass its .properties',
  ],
  [
    'passes a schema as params',
    { route: 'GET /users/:id', params: t.Object({ id: t.Integer() }) },
    'user-service.op: params must be a plain object of schemas, like { id: t.Integer() }, got one schema: pass its .properties',
  ],
  [
    'passes a plain object as body',
    { route: 'POST /users', body: { name: t.String() } },
    'user-service.op: body must be a schema, like t.Object({ … })',
  ],
  [
    'passes a builder that nobody has called as body',
    { route: 'POST /users', body: upload },
    'user-service.op: body must be a schema, like t.Object({ … }), got the function upload: call it',
  ],
  [
    'makes a body optional',
    { route: 'POST /users', body: t.Optional(User) },
    'user-service.op: body cannot be optional: make its fields optional, or allow null with t.Union([…, t.Null()])',
  ],
  [
    'writes a header in upper case',
    { route: 'GET /users', headers: { 'X-Tenant': t.String() } },
    'user-service.op: headers.X-Tenant must be in lower case: x-tenant',
  ],
  [
    'uses a Date in a schema',
    { route: 'POST /users', body: t.Object({ born: t.Date() }) },
    "user-service.op: body.born: Date is not a JSON type, use t.String({ format: 'date-time' })",
  ],
  [
    'misspells a rule of a schema',
    { route: 'POST /users', body: t.Object({ name: t.String({ minLenght: 3 }) }) },
    'user-service.op: body.name: unknown keyword "minLenght", did you mean minLength?',
  ],
  [
    'misspells a format',
    { route: 'POST /users', body: t.Object({ mail: t.String({ format: 'emial' }) }) },
    'user-service.op: body.mail: unknown format "emial", did you mean email?',
  ],
  [
    'has a pattern that is no regular expression',
    { route: 'POST /users', body: t.Object({ name: t.String({ pattern: '(' }) }) },
    'user-service.op: body.name: pattern: Invalid regular expression: /(/u: Unterminated group',
  ],
  [
    'paginates without returns',
    { route: 'GET /users', paginated: true },
    'user-service.op: a paginated operation needs returns, the schema of one item',
  ],
  [
    'declares a status of failure',
    { route: 'GET /users', status: 404 },
    'user-service.op: status must be an integer from 200 to 299, got 404',
  ],
  [
    'declares an error by its status',
    { route: 'GET /users', errors: [NotFound, 409] },
    'user-service.op: errors[1] must be an error class that extends HttpError, like NotFound',
  ],
  [
    'sets a timeout of 0',
    { route: 'GET /users', timeoutMs: 0 },
    'user-service.op: timeoutMs must be a positive number of milliseconds, got 0',
  ],
  [
    'sets a timeout of a month',
    { route: 'GET /users', timeoutMs: 30 * 86_400_000 },
    'user-service.op: timeoutMs must be at most 2147483647 milliseconds, the longest wait of a timer, got 2592000000',
  ],
  [
    'writes an unknown priority',
    { route: 'GET /users', priority: 'high' },
    'user-service.op: priority must be one of critical, normal, sheddable, got "high"',
  ],
  [
    'limits by a header in upper case',
    { route: 'GET /users', rateLimit: { key: { header: 'X-Key' }, limit: 1, windowMs: 1000 } },
    'user-service.op: rateLimit.key.header must be a header name in lower case, like x-api-key',
  ],
]

class OutOfStock extends Conflict {
  static readonly code = 40910
}
class AlreadySold extends Conflict {
  static readonly code = 40910
}
class Blocked extends Conflict {}

const errorLists: readonly Row<readonly unknown[]>[] = [
  [
    'have the same code',
    [NotFound, OutOfStock, AlreadySold],
    'user-service.op: errors[2]: AlreadySold has the code 40910 of errors[1], OutOfStock: give one of them a static code from 40910 to 40999',
  ],
  [
    'have no code of their own',
    [Conflict, Blocked],
    'user-service.op: errors[1]: Blocked has the code 40900 of errors[0], Conflict: give one of them a static code from 40910 to 40999',
  ],
  [
    'have a code of tricube',
    [OutOfStock, Taken],
    'user-service.op: errors[1]: code 40903 is reserved for tricube: use 40910 to 40999',
  ],
]

const notes = contract('note-service', { getNote: { route: 'GET /notes', returns: t.String() } })

const declarations: readonly Row<() => unknown>[] = [
  [
    'of a contract has no operations',
    () => contract('user-service', undefined as never),
    `contract "user-service": expected an object of operations such as { getUser: { route: 'GET /users/:id' } }, got undefined`,
  ],
  [
    'of a service has a name instead of a contract',
    () => service('user-service' as never, { handlers: {} } as never),
    `service: expected a contract, from contract('user-service', { … }), got "user-service"`,
  ],
  [
    'of a service has a contract of its own making',
    () => service({ name: 'user-service' } as never, { handlers: {} } as never),
    `service: expected a contract, from contract('user-service', { … }), got an object (Object)`,
  ],
  [
    'has its events among its operations',
    () => contract('user-service', { events: { gone: { payload: t.Object({}) } } } as never),
    'user-service.events: events is an option of the contract: pass it in the third argument, contract(name, operations, { events })',
  ],
  [
    'has its access among its operations',
    () => contract('user-service', { auth: 'user' } as never),
    'user-service.auth: auth is an option of the contract: pass it in the third argument, contract(name, operations, { auth })',
  ],
  [
    'gives a string as handler',
    () => service(notes, { handlers: { getNote: 'x' } } as never),
    'note-service: handler getNote: expected a function, got "x"',
  ],
  [
    'misspells a handler',
    () => service(notes, { handlers: { getNoet: () => 'x' } } as never),
    'note-service: handler getNoet belongs to no operation; did you mean getNote?',
  ],
  [
    'misspells the handler of a job',
    () =>
      service(notes, {
        jobs: jobs({ send: {} }),
        jobHandlers: { sned: () => {} } as never,
        handlers: { getNote: () => 'x' },
      }),
    'note-service: jobHandlers.sned: jobs has no sned; did you mean send?',
  ],
  [
    'misspells an option of a job',
    () => jobs({ send: { retry: 3 } as never }),
    'job send: unknown field "retry", expected input, description, retries, backoff, timeoutMs, concurrency, globalConcurrency, rateLimit, priority, key, transaction, schedule, timeZone, missed, overlap; did you mean retries?',
  ],
  [
    'misspells the limit of an upload',
    () => upload({ maxByte: 1 } as never),
    'upload: unknown option "maxByte", expected types, maxBytes; did you mean maxBytes?',
  ],
  [
    'misspells the limit of a file',
    () => multipart({ files: { photo: { maxByte: 1 } as never } }),
    'multipart: files.photo: unknown option "maxByte", expected maxBytes, types, max, optional; did you mean maxBytes?',
  ],
  [
    'misspells an option of a contract',
    () => contract('user-service', {}, { event: {} } as never),
    'contract "user-service": unknown option "event", expected title, description, version, envelope, prefix, trailingSlash, auth, partitioned, events; did you mean events?',
  ],
  [
    'misspells a keyword of an event',
    () => contract('user-service', {}, { events: { gone: { payload: t.Object({ id: t.String({ minLenght: 3 }) }) } } }),
    'user-service: event gone: payload.id: unknown keyword "minLenght", did you mean minLength?',
  ],
  [
    'names a key of a payload without fields',
    () => contract('user-service', {}, { events: { gone: { payload: t.Record(t.String(), t.String()), key: 'id' } } }),
    'user-service: event gone: key: payload has no field "id", it must be a t.Object with that field',
  ],
  [
    'misspells a field of the backoff of a job',
    () => jobs({ send: { backoff: { base: 3 } as never } }),
    'job send: unknown field "backoff.base", expected baseMs, capMs; did you mean baseMs?',
  ],
  [
    'gives a job the name of a backoff',
    () => jobs({ send: { backoff: 'exponential' as never } }),
    'job send: backoff must be an object with baseMs and capMs, got "exponential"',
  ],
  [
    'writes the retries of a job as text',
    () => jobs({ send: { retries: '3' as never } }),
    'job send: retries must be an integer of at least 0, got "3"',
  ],
  [
    'names a service in camel case',
    () => contract('userService', {}),
    'contract "userService": the name must be kebab-case, like user-service',
  ],
  [
    'writes an unknown envelope',
    () => contract('user-service', {}, { envelope: 'xml' as never }),
    `contract "user-service": envelope must be 'standard' or 'plain', got "xml"`,
  ],
  [
    'names an operation with a dash',
    () => contract('user-service', { 'get-user': { route: 'GET /users' } }),
    'user-service.get-user: the name of an operation must be a JavaScript identifier, like getUser',
  ],
  [
    'uses a route twice',
    () => contract('user-service', { one: { route: 'GET /users/:id' }, two: { route: 'GET /users/:name' } }),
    'user-service.two: route "GET /users/:name" is already the route of one',
  ],
  [
    'sets negative retries of a job',
    () => jobs({ sweep: { retries: -1 } }),
    'job sweep: retries must be an integer of at least 0, got -1',
  ],
  [
    'orders a job without input by a key',
    () => jobs({ sweep: { key: 'id' } }),
    'job sweep: key "id" names a field of input, but there is no input',
  ],
]

describe('what you read when you declare an operation that', () => {
  testMessages(operations, (op) => contract('user-service', { op: op as never }))
})
describe('what you read when the errors of an operation', () => {
  testMessages(errorLists, (errors) =>
    contract('user-service', { op: { route: 'GET /users', errors: errors as never } }),
  )
  test('are one class twice, you read nothing', () => {
    contract('user-service', { op: { route: 'GET /users', errors: [NotFound, OutOfStock, NotFound] } })
  })
})
describe('what you read when a declaration', () => {
  testMessages(declarations, (declare) => declare())
})
