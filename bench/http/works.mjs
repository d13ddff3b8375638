/** The requests to every server, and the bytes of their responses. */

/** Rows in the table of accounts. */
export const accounts = 1000

const newUser = '{"name":"Li Lei","age":32,"email":"li.lei@example.com","city_id":2}'
const enveloped = (data) => `{"code":0,"data":${data}}`
const named = (id, name) => `{"id":${id},"name":"${name} ${id}"}`
const account = (id) =>
  `{"id":${id},"name":"user ${id}","age":${id % 90},"email":"user${id}@example.com","city_id":${1 + (id % 8)},` +
  `"create_time":"${new Date(Date.UTC(2024, 0, 1, 0, id, 0, 123)).toISOString()}"}`

/**
 * Each work: `path` with `%d` for a number from 1 to 980, `response` to that number, and one request that must be rejected
 * with a 4xx, for a server that checks nothing does less.
 */
export const works = {
  hello: {
    title: 'GET, no database',
    method: 'GET',
    path: '/users/%d',
    response: (id) => enveloped(named(id, 'user')),
    invalid: { path: '/users/x' },
  },
  create: {
    title: 'POST of four checked fields, no database',
    method: 'POST',
    path: '/users',
    body: newUser,
    response: () => enveloped(newUser),
    invalid: { path: '/users', body: newUser.replace('32', '151') },
  },
  read: {
    title: 'one SELECT by key',
    method: 'GET',
    path: '/accounts/%d',
    response: (id) => enveloped(account(id)),
    invalid: { path: '/accounts/x' },
    database: true,
  },
  write: {
    title: 'INSERT in a transaction',
    method: 'POST',
    path: '/entries',
    body: newUser,
    response: () => /^\{"code":0,"data":\{"id":\d+\}\}$/,
    invalid: { path: '/entries', body: newUser.replace('li.lei@', '') },
    database: true,
  },
  list: {
    title: '20 rows of 6 columns',
    method: 'GET',
    path: '/accounts?after=%d',
    response: (after) => enveloped(`[${Array.from({ length: 20 }, (_, i) => account(after + 1 + i)).join()}]`),
    invalid: { path: '/accounts?after=x' },
    database: true,
  },
  compose: {
    title: 'two calls in parallel; CPU of all three',
    method: 'GET',
    path: '/profiles/%d',
    response: (id) =>
      enveloped(`{"id":${id},"city":${named(1 + (id % 8), 'city')},"role":${named(1 + (id % 3), 'role')}}`),
    invalid: { path: '/profiles/x' },
    database: true,
    callees: ['cities', 'roles'],
  },
  calls: {
    title: 'two calls in parallel, no database; CPU of all three',
    method: 'GET',
    path: '/profiles/%d',
    response: (id) => works.compose.response(id),
    invalid: { path: '/profiles/x' },
    callees: ['cities', 'roles'],
  },
}

/** Compares the responses of a server with the expected ones, byte by byte; throws on the first difference. */
export async function checkResponses(url, { method, path, body, response, invalid }) {
  const headers = body && { 'content-type': 'application/json' }
  for (const id of [1, 7, 980]) {
    const received = await fetch(url + path.replace('%d', id), { method, body, headers })
    const text = await received.text()
    const expected = response(id)
    const isExpected = typeof expected === 'string' ? text === expected : expected.test(text)
    if (received.status !== 200 || !isExpected) {
      throw new Error(`${method} ${path} with ${id}: expected ${expected}, got ${received.status} ${text}`)
    }
  }
  const { status } = await fetch(url + invalid.path, { method, body: invalid.body, headers })
  if (status < 400 || status > 499) throw new Error(`${method} ${invalid.path}: expected a 4xx, got ${status}`)
}
