/** Changes of contracts with their verdicts. Both versions are the arguments of `contract` after its name. */

export interface Case {
  readonly title: string
  readonly before: string
  readonly after: string
  /** `level path` of each change. */
  readonly changes: readonly string[]
}

const body = (schema: string): string => `{ add: { route: 'POST /things', body: t.Object({ ${schema} }) } }`
const returns = (schema: string): string => `{ get: { route: 'GET /things', returns: t.Object({ ${schema} }) } }`
const query = (schema: string): string => `{ find: { route: 'GET /things', query: { ${schema} } } }`
const headers = (schema: string): string => `{ find: { route: 'GET /things', headers: { ${schema} } } }`
const event = (payload: string, more = ''): string =>
  `{}, { events: { sold: { payload: t.Object({ ${payload} })${more} } } }`
const operation = (fields: string): string => `{ get: { route: 'GET /things'${fields} } }`
const post = (fields: string): string => `{ add: { route: 'POST /things'${fields} } }`
const union = (...values: string[]): string => `t.Union([${values.map((one) => `t.Literal('${one}')`).join(', ')}])`

const parts = (fields: string, files: string): string =>
  post(`, body: multipart({ fields: { ${fields} }, files: { ${files} } })`)
const returned = ', returns: t.Object({ a: t.String() })'
const other = (responses?: string): string =>
  `, returns: t.String()${responses === undefined ? '' : `, responses: { ${responses} }`}`
const sent = (headersSent: string): string => `, responseHeaders: { ${headersSent} }`
const service = (fields: string): string => operation(`, auth: 'service'${fields}`)

type Row = readonly [title: string, before: string, after: string, ...changes: string[]]

const requests: readonly Row[] = [
  ['a required field more', body('a: t.String()'), body('a: t.String(), b: t.String()'), 'breaking add.body.b'],
  [
    'an optional field more',
    body('a: t.String()'),
    body('a: t.String(), b: t.Optional(t.String())'),
    'safe add.body.b',
  ],
  ['a field with a default more', body(''), body(`b: t.String({ default: 'x' })`), 'safe add.body.b'],
  ['a required field less', body('a: t.String(), b: t.String()'), body('a: t.String()'), 'breaking add.body.b'],
  ['an optional field less', body('b: t.Optional(t.String())'), body(''), 'breaking add.body.b'],
  ['a field becomes required', body('a: t.Optional(t.String())'), body('a: t.String()'), 'breaking add.body.a'],
  [
    'a field becomes required with a default',
    body('a: t.Optional(t.Integer())'),
    body('a: t.Integer({ default: 1 })'),
    'risky add.body.a',
  ],
  ['a field becomes optional', body('a: t.String()'), body('a: t.Optional(t.String())'), 'safe add.body.a'],
  ['a default changes', body('a: t.Integer({ default: 1 })'), body('a: t.Integer({ default: 2 })'), 'risky add.body.a'],
  ['a default is gone', body('a: t.Integer({ default: 1 })'), body('a: t.Integer()'), 'breaking add.body.a'],
  ['an integer becomes a number', body('a: t.Integer()'), body('a: t.Number()'), 'safe add.body.a'],
  ['a number becomes an integer', body('a: t.Number()'), body('a: t.Integer()'), 'breaking add.body.a'],
  ['a text becomes a number', body('a: t.String()'), body('a: t.Number()'), 'breaking add.body.a'],
  ['null is allowed', body('a: t.String()'), body('a: t.Union([t.String(), t.Null()])'), 'safe add.body.a'],
  [
    'null is no longer allowed',
    body('a: t.Union([t.String(), t.Null()])'),
    body('a: t.String()'),
    'breaking add.body.a',
  ],
  ['a value more', body(`a: ${union('x', 'y')}`), body(`a: ${union('x', 'y', 'z')}`), 'safe add.body.a'],
  ['a value less', body(`a: ${union('x', 'y', 'z')}`), body(`a: ${union('x', 'y')}`), 'breaking add.body.a'],
  ['another order of values', body(`a: ${union('x', 'y')}`), body(`a: ${union('y', 'x')}`)],
  ['values become any text', body(`a: ${union('x', 'y')}`), body('a: t.String()'), 'safe add.body.a'],
  ['any text becomes values', body('a: t.String()'), body(`a: ${union('x', 'y')}`), 'breaking add.body.a'],
  ['a longer text', body('a: t.String({ maxLength: 5 })'), body('a: t.String({ maxLength: 9 })'), 'safe add.body.a'],
  [
    'a shorter text',
    body('a: t.String({ maxLength: 9 })'),
    body('a: t.String({ maxLength: 5 })'),
    'breaking add.body.a',
  ],
  ['a limit more', body('a: t.String()'), body('a: t.String({ maxLength: 5 })'), 'breaking add.body.a'],
  ['a limit less', body('a: t.String({ minLength: 1 })'), body('a: t.String()'), 'safe add.body.a'],
  [
    'the same bound in another form',
    body('a: t.Integer({ minimum: 1 })'),
    body('a: t.Integer({ exclusiveMinimum: 0 })'),
  ],
  ['a higher minimum', body('a: t.Number({ minimum: 1 })'), body('a: t.Number({ minimum: 2 })'), 'breaking add.body.a'],
  [
    'a coarser step',
    body('a: t.Integer({ multipleOf: 2 })'),
    body('a: t.Integer({ multipleOf: 6 })'),
    'breaking add.body.a',
  ],
  ['a finer step', body('a: t.Integer({ multipleOf: 6 })'), body('a: t.Integer({ multipleOf: 2 })'), 'safe add.body.a'],
  ['a pattern more', body('a: t.String()'), body(`a: t.String({ pattern: '^x' })`), 'breaking add.body.a'],
  [
    'another pattern',
    body(`a: t.String({ pattern: '^x' })`),
    body(`a: t.String({ pattern: '^y' })`),
    'breaking add.body.a',
  ],
  ['a format less', body(`a: t.String({ format: 'email' })`), body('a: t.String()'), 'safe add.body.a'],
  [
    'more items',
    body('a: t.Array(t.String(), { maxItems: 5 })'),
    body('a: t.Array(t.String(), { maxItems: 9 })'),
    'safe add.body.a',
  ],
  [
    'unique items',
    body('a: t.Array(t.String())'),
    body('a: t.Array(t.String(), { uniqueItems: true })'),
    'breaking add.body.a',
  ],
  [
    'a field in a list',
    body('a: t.Array(t.Object({}))'),
    body('a: t.Array(t.Object({ b: t.Integer() }))'),
    'breaking add.body.a[].b',
  ],
  [
    'other fields are rejected',
    `{ add: { route: 'POST /things', body: t.Object({}, { additionalProperties: true }) } }`,
    body(''),
    'breaking add.body[*]',
  ],
  ['a body more', post(''), body('a: t.String()'), 'breaking add.body'],
  ['a body less', body('a: t.String()'), post(''), 'risky add.body'],
  [
    'an optional query parameter',
    operation(''),
    `{ get: { route: 'GET /things', query: { a: t.Optional(t.String()) } } }`,
    'safe get.query.a',
  ],
  [
    'a query parameter less',
    query('a: t.Optional(t.String()), b: t.Optional(t.String())'),
    query('a: t.Optional(t.String())'),
    'breaking find.query.b',
  ],
  ['a number in a query becomes any text', query('a: t.Integer()'), query('a: t.String()'), 'safe find.query.a'],
  ['a text in a query becomes a number', query('a: t.String()'), query('a: t.Integer()'), 'breaking find.query.a'],
  [
    'a smaller page',
    query('size: t.Integer({ maximum: 100 })'),
    query('size: t.Integer({ maximum: 50 })'),
    'breaking find.query.size',
  ],
  ['a required header', headers('a: t.String()'), headers('a: t.String(), b: t.String()'), 'breaking find.headers.b'],
  ['a header less', headers('a: t.String(), b: t.String()'), headers('a: t.String()'), 'risky find.headers.b'],
]

const responses: readonly Row[] = [
  ['a field more', returns('a: t.String()'), returns('a: t.String(), b: t.String()'), 'safe get.returns.b'],
  [
    'a required field less',
    returns('a: t.String(), b: t.String()'),
    returns('a: t.String()'),
    'breaking get.returns.b',
  ],
  ['an optional field less', returns('b: t.Optional(t.String())'), returns(''), 'risky get.returns.b'],
  [
    'a field becomes optional',
    returns('a: t.String()'),
    returns('a: t.Optional(t.String())'),
    'breaking get.returns.a',
  ],
  ['a field is always there', returns('a: t.Optional(t.String())'), returns('a: t.String()'), 'safe get.returns.a'],
  [
    'null is possible',
    returns('a: t.String()'),
    returns('a: t.Union([t.String(), t.Null()])'),
    'breaking get.returns.a',
  ],
  ['null is gone', returns('a: t.Union([t.Null(), t.String()])'), returns('a: t.String()'), 'safe get.returns.a'],
  [
    'a value more',
    returns(`a: ${union('x', 'y')}`),
    returns(`a: ${union('x', 'y', 'on_hold')}`),
    'breaking get.returns.a',
  ],
  ['a value less', returns(`a: ${union('x', 'y')}`), returns(`a: ${union('x')}`), 'safe get.returns.a'],
  ['values become any text', returns(`a: ${union('x', 'y')}`), returns('a: t.String()'), 'breaking get.returns.a'],
  ['an integer becomes a number', returns('a: t.Integer()'), returns('a: t.Number()'), 'breaking get.returns.a'],
  ['a text becomes a number', returns('a: t.String()'), returns('a: t.Integer()'), 'breaking get.returns.a'],
  ['a limit less', returns('a: t.String({ maxLength: 5 })'), returns('a: t.String()'), 'risky get.returns.a'],
  ['a limit more', returns('a: t.String()'), returns('a: t.String({ maxLength: 5 })'), 'safe get.returns.a'],
  ['a form less', returns(`a: t.String({ format: 'uuid' })`), returns('a: t.String()'), 'risky get.returns.a'],
  [
    'another form',
    returns(`a: t.String({ format: 'date' })`),
    returns(`a: t.String({ format: 'date-time' })`),
    'breaking get.returns.a',
  ],
  [
    'a field of an item less',
    `{ list: { route: 'GET /things', returns: t.Object({ a: t.String(), b: t.String() }), paginated: true } }`,
    `{ list: { route: 'GET /things', returns: t.Object({ a: t.String() }), paginated: true } }`,
    'breaking list.returns.b',
  ],
  [
    'an alternative more',
    returns(
      `a: t.Union([t.Object({ kind: t.Literal('card'), no: t.String() }), t.Object({ kind: t.Literal('cash') })])`,
    ),
    returns(
      `a: t.Union([t.Object({ kind: t.Literal('card'), no: t.String() }), t.Object({ kind: t.Literal('cash') }), t.Object({ kind: t.Literal('bank') })])`,
    ),
    'breaking get.returns.a',
  ],
  [
    'a field in an alternative',
    returns(
      `a: t.Union([t.Object({ kind: t.Literal('card'), no: t.String() }), t.Object({ kind: t.Literal('cash') })])`,
    ),
    returns(`a: t.Union([t.Object({ kind: t.Literal('cash') }), t.Object({ kind: t.Literal('card') })])`),
    'breaking get.returns.a(kind: "card").no',
  ],
  [
    'a name of a schema',
    `{ get: { route: 'GET /things', returns: t.Object({ a: t.String() }, { $id: 'A' }) } }`,
    `{ get: { route: 'GET /things', returns: t.Object({ a: t.String() }, { $id: 'B' }) } }`,
  ],
  [
    'an intersection that is the same object',
    returns('a: t.String(), b: t.String()'),
    `{ get: { route: 'GET /things', returns: t.Intersect([t.Object({ a: t.String() }), t.Object({ b: t.String() })]) } }`,
  ],
  [
    'words for people',
    returns('a: t.String()'),
    `{ get: { route: 'GET /things', summary: 'All', tags: ['a'], returns: t.Object({ a: t.String({ description: 'the a', title: 'A' }) }) } }`,
  ],
  [
    'a field of a tree',
    `{ get: { route: 'GET /things', returns: t.Recursive((Node) => t.Object({ next: t.Array(Node), a: t.String() }), { $id: 'N' }) } }`,
    `{ get: { route: 'GET /things', returns: t.Recursive((Node) => t.Object({ next: t.Array(Node) }), { $id: 'M' }) } }`,
    'breaking get.returns.a',
  ],
  [
    'a tuple of another length',
    returns('a: t.Tuple([t.String(), t.String()])'),
    returns('a: t.Tuple([t.String()])'),
    'breaking get.returns.a',
    'safe get.returns.a',
    'risky get.returns.a',
  ],
  [
    'values of a record',
    returns('a: t.Record(t.String(), t.Integer())'),
    returns('a: t.Record(t.String(), t.Number())'),
    'breaking get.returns.a[*]',
  ],
  ['a response less', operation(', returns: t.String()'), operation(''), 'breaking get.returns'],
  ['a response more', operation(''), operation(', returns: t.String()'), 'safe get.returns'],
]

const bodies: readonly Row[] = [
  ['JSON becomes a form', body('a: t.String()'), post(', body: form({ a: t.String() })'), 'breaking add.body'],
  [
    'a required field of a form',
    post(', body: form({ a: t.String() })'),
    post(', body: form({ a: t.String(), b: t.Integer() })'),
    'breaking add.body.b',
  ],
  [
    'a number of a form becomes any text',
    post(', body: form({ a: t.Integer() })'),
    post(', body: form({ a: t.String() })'),
    'safe add.body.a',
  ],
  ['text becomes bytes', post(', body: text()'), post(', body: raw()'), 'breaking add.body'],
  ['bytes are streamed', post(', body: raw({ maxBytes: 9 })'), post(', body: upload({ maxBytes: 9 })')],
  [
    'a media type less',
    post(`, body: raw({ types: ['image/png', 'image/gif'] })`),
    post(`, body: raw({ types: ['image/png'] })`),
    'breaking add.body',
  ],
  [
    'a range of media types',
    post(`, body: raw({ types: ['image/png', 'image/gif'] })`),
    post(`, body: raw({ types: ['image/*'] })`),
    'safe add.body',
  ],
  ['a smaller body', post(', body: raw({ maxBytes: 9 })'), post(', body: raw({ maxBytes: 5 })'), 'breaking add.body'],
  ['a larger body', post(', body: upload({ maxBytes: 5 })'), post(', body: upload({ maxBytes: 9 })'), 'safe add.body'],
  ['a limit of its own', post(', body: text()'), post(', body: text({ maxBytes: 5 })'), 'risky add.body'],
  ['a required field of parts', parts('', ''), parts('a: t.String()', ''), 'breaking add.body.a'],
  ['a number of parts becomes text', parts('a: t.Integer()', ''), parts('a: t.String()', ''), 'safe add.body.a'],
  ['a required file', parts('', ''), parts('', 'f: { maxBytes: 9 }'), 'breaking add.body.f'],
  ['an optional file', parts('', ''), parts('', 'f: { maxBytes: 9, optional: true }'), 'safe add.body.f'],
  ['a list of files', parts('', ''), parts('', 'f: { maxBytes: 9, max: 3 }'), 'safe add.body.f'],
  ['a file less', parts('', 'f: { maxBytes: 9, optional: true }'), parts('', ''), 'breaking add.body.f'],
  [
    'a file becomes required',
    parts('', 'f: { maxBytes: 9, optional: true }'),
    parts('', 'f: { maxBytes: 9 }'),
    'breaking add.body.f',
  ],
  [
    'fewer files',
    parts('', 'f: { maxBytes: 9, max: 5 }'),
    parts('', 'f: { maxBytes: 9, max: 2 }'),
    'breaking add.body.f',
  ],
  ['smaller files', parts('', 'f: { maxBytes: 9 }'), parts('', 'f: { maxBytes: 5 }'), 'breaking add.body.f'],
  [
    'files of one type',
    parts('', 'f: { maxBytes: 9 }'),
    parts('', `f: { maxBytes: 9, types: ['image/png'] }`),
    'breaking add.body.f',
  ],
  [
    'a compressed body',
    body('a: t.String()'),
    post(', compressedBody: true, body: t.Object({ a: t.String() })'),
    'safe add.compressedBody',
  ],
  [
    'a compressed body no longer',
    post(', compressedBody: true, body: t.Object({ a: t.String() })'),
    body('a: t.String()'),
    'breaking add.compressedBody',
  ],
]

const responseParts: readonly Row[] = [
  ['a status more', operation(other()), operation(other('202: t.String()')), 'breaking get.responses.202'],
  ['a status without data', operation(other()), operation(other('204: null')), 'breaking get.responses.204'],
  ['a status less', operation(other('202: t.String()')), operation(other()), 'safe get.responses.202'],
  [
    'the data of a status',
    operation(other('202: t.Object({ a: t.String() })')),
    operation(other('202: t.Object({})')),
    'breaking get.responses.202.a',
  ],
  [
    'a status loses its data',
    operation(other('202: t.String()')),
    operation(other('202: null')),
    'breaking get.responses.202',
  ],
  ['a status gains data', operation(other('202: null')), operation(other('202: t.String()')), 'safe get.responses.202'],
  ['a response header more', operation(''), operation(sent(`'x-a': t.String()`)), 'safe get.responseHeaders.x-a'],
  ['a response header less', operation(sent(`'x-a': t.String()`)), operation(''), 'breaking get.responseHeaders.x-a'],
  [
    'a response header may be missing',
    operation(sent(`'x-a': t.Integer()`)),
    operation(sent(`'x-a': t.Optional(t.Integer())`)),
    'breaking get.responseHeaders.x-a',
  ],
  [
    'another media type of a file',
    operation(`, returns: file('text/csv')`),
    operation(`, returns: file()`),
    'breaking get.returns',
  ],
  ['data becomes a file', operation(', returns: t.String()'), operation(', returns: file()'), 'breaking get.returns'],
  [
    'data becomes a redirect',
    operation(', returns: t.String()'),
    operation(', returns: redirect()'),
    'breaking get.returns',
  ],
  [
    'another status of a redirect',
    operation(', returns: redirect()'),
    operation(', returns: redirect({ status: 307 })'),
    'risky get.status',
  ],
  ['a cookie more', operation(''), operation(', cookies: { a: cookie() }'), 'safe get.cookies.a'],
  ['a cookie less', operation(', cookies: { a: cookie() }'), operation(''), 'risky get.cookies.a'],
  [
    'a signed cookie',
    operation(', cookies: { a: cookie() }'),
    operation(', cookies: { a: cookie({ signed: true }) }'),
    'risky get.cookies.a',
  ],
  [
    'another name of a cookie in the contract',
    operation(`, cookies: { a: cookie({ name: 'sid' }) }`),
    operation(`, cookies: { b: cookie({ name: 'sid' }) }`),
  ],
  [
    'attributes of a cookie that is only read',
    operation(', cookies: { a: cookie() }'),
    operation(', cookies: { a: cookie({ maxAgeSeconds: 5 }) }'),
  ],
  ['no cookie is set', operation(', setCookies: { a: cookie() }'), operation(''), 'risky get.setCookies.a'],
  [
    'a cookie that lasts longer',
    operation(', setCookies: { a: cookie({ maxAgeSeconds: 5 }) }'),
    operation(', setCookies: { a: cookie({ maxAgeSeconds: 9 }) }'),
    'safe get.setCookies.a',
  ],
  [
    'a cookie that scripts cannot read',
    operation(`, setCookies: { a: cookie({ httpOnly: false, sameSite: 'strict' }) }`),
    operation(', setCookies: { a: cookie() }'),
    'safe get.setCookies.a',
    'risky get.setCookies.a',
  ],
  ['a tag', operation(returned), operation(`${returned}, etag: true`), 'safe get.etag'],
  ['no tag', operation(`${returned}, etag: true`), operation(returned), 'risky get.etag'],
  ['no tag, as before', operation(returned), operation(`${returned}, etag: false`)],
  [
    'a required tag',
    `{ set: { route: 'PUT /things', etag: true } }`,
    `{ set: { route: 'PUT /things', etag: 'required' } }`,
    'breaking set.etag',
  ],
  ['a cache', operation(''), operation(`, cacheControl: 'max-age=60'`), 'risky get.cacheControl'],
  ['no cache', operation(`, cacheControl: 'max-age=60'`), operation(''), 'safe get.cacheControl'],
  [
    'pages become a cursor',
    operation(`${returned}, paginated: true`),
    operation(`${returned}, paginated: 'cursor'`),
    'breaking get.paginated',
  ],
  [
    'other positions',
    operation(`${returned}, paginated: 'cursor'`),
    operation(`${returned}, paginated: 'cursor', cursor: t.Object({ id: t.Integer() })`),
    'risky get.cursor',
  ],
]

const operations: readonly Row[] = [
  ['an operation more', '{}', operation(''), 'safe get'],
  ['an operation less', operation(''), '{}', 'breaking get'],
  ['another name', operation(''), `{ fetch: { route: 'GET /things' } }`, 'risky get'],
  ['another path', operation(''), `{ get: { route: 'GET /items' } }`, 'breaking get.route'],
  ['another method', post(''), `{ add: { route: 'PUT /things' } }`, 'breaking add.route'],
  [
    'another name in a path',
    `{ get: { route: 'GET /things/:id', params: { id: t.Integer() } } }`,
    `{ get: { route: 'GET /things/:thing', params: { thing: t.Integer() } } }`,
    'safe get.params.thing',
  ],
  [
    'a narrower path parameter',
    `{ get: { route: 'GET /things/:id' } }`,
    `{ get: { route: 'GET /things/:id', params: { id: t.Integer() } } }`,
    'breaking get.params.id',
  ],
  ['another status', post(''), post(', status: 201'), 'risky add.status'],
  [
    'pages',
    operation(', returns: t.String()'),
    operation(', returns: t.String(), paginated: true'),
    'breaking get.paginated',
  ],
  ['an error more', operation(''), operation(', errors: [NotFound]'), 'risky get.errors'],
  ['an error less', operation(', errors: [NotFound]'), operation(''), 'safe get.errors'],
  [
    'no longer idempotent',
    `{ set: { route: 'PUT /things' } }`,
    `{ set: { route: 'PUT /things', idempotent: false } }`,
    'breaking set.idempotent',
  ],
  ['idempotent by key', post(''), post(`, idempotent: 'by key'`), 'safe add.idempotent'],
  ['no longer by key', post(`, idempotent: 'by key'`), post(''), 'breaking add.idempotent'],
  ['less time', operation(', timeoutMs: 900'), operation(', timeoutMs: 100'), 'risky get.timeoutMs'],
  ['more time', operation(', timeoutMs: 100'), operation(', timeoutMs: 900'), 'safe get.timeoutMs'],
  [
    'a rate limit',
    operation(''),
    operation(`, rateLimit: { key: 'ip', limit: 5, windowMs: 1000 }`),
    'risky get.rateLimit',
  ],
  [
    'a higher rate limit',
    operation(`, rateLimit: { key: 'ip', limit: 5, windowMs: 1000 }`),
    operation(`, rateLimit: { key: 'ip', limit: 9, windowMs: 1000 }`),
    'safe get.rateLimit',
  ],
  ['less important', operation(''), operation(`, priority: 'sheddable'`), 'risky get.priority'],
  ['internal', operation(''), operation(', internal: true'), 'breaking get.internal'],
  ['public', operation(', internal: true'), operation(''), 'safe get.internal'],
  ['deprecated', operation(''), operation(', deprecated: true'), 'safe get.deprecated'],
  ['users only', operation(''), operation(`, auth: 'user'`), 'breaking get.auth'],
  ['users no longer', operation(`, auth: 'user'`), operation(''), 'safe get.auth'],
  ['public, as before', operation(''), operation(`, auth: 'public'`)],
  ['users by default', operation(''), `${operation('')}, { auth: 'user' }`, 'breaking get.auth'],
  [
    'another scope',
    operation(`, auth: 'user', scopes: ['a']`),
    operation(`, auth: 'user', scopes: ['a', 'b']`),
    'breaking get.scopes',
  ],
  [
    'a scope less',
    operation(`, auth: 'user', scopes: ['a', 'b']`),
    operation(`, auth: 'user', scopes: ['a']`),
    'safe get.scopes',
  ],
  ['services only', operation(''), operation(`, auth: 'service'`), 'breaking get.auth'],
  ['another way more', operation(`, auth: 'user'`), operation(`, auth: ['service', 'user']`), 'safe get.auth'],
  ['the same ways', operation(`, auth: ['user', 'service']`), operation(`, auth: ['service', 'user']`)],
  ['some services', service(''), service(`, callers: ['a', 'b']`), 'breaking get.callers'],
  ['a service less', service(`, callers: ['a', 'b']`), service(`, callers: ['a']`), 'breaking get.callers'],
  ['a service more', service(`, callers: ['b']`), service(`, callers: ['a', 'b']`), 'safe get.callers'],
  ['any service', service(`, callers: ['b']`), service(''), 'safe get.callers'],
  [
    'a sunset',
    operation(', deprecated: true'),
    operation(`, deprecated: { sunset: '2099-02-01' }`),
    'safe get.deprecated',
  ],
  [
    'an earlier sunset',
    operation(`, deprecated: { sunset: '2099-02-01' }`),
    operation(`, deprecated: { sunset: '2099-01-01' }`),
    'risky get.deprecated',
  ],
  ['an operation less before its sunset', operation(`, deprecated: { sunset: '2099-01-01' }`), '{}', 'breaking get'],
  ['an operation less after its sunset', operation(`, deprecated: { sunset: '2020-01-01' }`), '{}', 'risky get'],
  ['a prefix', operation(''), `${operation('')}, { prefix: '/v1' }`, 'breaking get.route'],
  ['a prefix, as before', operation(''), `{ get: { route: 'GET /' } }, { prefix: '/things' }`],
  ['a slash at the end', operation(''), `${operation('')}, { trailingSlash: 'optional' }`, 'safe trailingSlash'],
  ['no slash at the end', `${operation('')}, { trailingSlash: 'optional' }`, operation(''), 'breaking trailingSlash'],
  [
    'another style of a query',
    query('a: t.Optional(t.Array(t.Integer()))'),
    query(`a: t.Optional(t.Array(t.Integer(), { style: 'comma' }))`),
    'breaking find.query.a',
  ],
  [
    'a parameter with a style',
    operation(''),
    `{ get: { route: 'GET /things', query: { a: t.Optional(t.Array(t.Integer(), { style: 'comma' })) } } }`,
    'safe get.query.a',
  ],
  ['another envelope', operation(''), `${operation('')}, { envelope: 'plain' }`, 'breaking envelope'],
  ['regions', operation(''), `${operation('')}, { partitioned: true }`, 'risky partitioned'],
]

const events: readonly Row[] = [
  ['an event more', '{}', event(''), 'safe events.sold'],
  ['an event less', event(''), '{}', 'breaking events.sold'],
  ['a required field more', event('a: t.String()'), event('a: t.String(), b: t.String()'), 'breaking events.sold.b'],
  ['an optional field more', event(''), event('b: t.Optional(t.String())'), 'safe events.sold.b'],
  ['a field less', event('a: t.String(), b: t.String()'), event('a: t.String()'), 'breaking events.sold.b'],
  ['a value more', event(`a: ${union('x', 'y')}`), event(`a: ${union('x', 'y', 'z')}`), 'breaking events.sold.a'],
  ['a value less', event(`a: ${union('x', 'y')}`), event(`a: ${union('x')}`), 'breaking events.sold.a'],
  [
    'a longer text',
    event('a: t.String({ maxLength: 5 })'),
    event('a: t.String({ maxLength: 9 })'),
    'risky events.sold.a',
  ],
  [
    'another key',
    event('a: t.String(), b: t.String()', `, key: 'a'`),
    event('a: t.String(), b: t.String()', `, key: 'b'`),
    'risky events.sold.key',
  ],
]

/** The name of a case's service is made from its place in this list. */
export const cases: readonly Case[] = Object.entries({
  requests,
  responses,
  bodies,
  responseParts,
  operations,
  events,
}).flatMap(([group, rows]) =>
  rows.map(([title, before, after, ...changes]) => ({ title: `${group}: ${title}`, before, after, changes })),
)
