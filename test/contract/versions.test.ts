/** Two versions of a service side by side, through sockets. */
import { contract, inVersion, openapiDocument, service, t, versions, type Client } from 'tricube'
import { client } from 'tricube/client'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'

const getUser = { route: 'GET /users/:id', params: { id: t.Integer() } } as const
const userV1 = contract(
  'user-service',
  {
    getUser: { ...getUser, deprecated: { since: '2026-11-27', use: 'listUsers' }, returns: t.String() },
    listUsers: { route: 'GET /users', returns: t.Array(t.String()) },
  },
  { prefix: '/v1' },
)
const userV2 = contract(
  'user-service',
  {
    getUser: { ...getUser, returns: t.Object({ name: t.String() }) },
    listUsers: { route: 'GET /users', returns: t.Array(t.String()) },
  },
  { prefix: '/v2', title: 'Users', events: { userAdded: { payload: t.Object({ id: t.Integer() }) } } },
)
const both = versions({ v1: userV1, v2: userV2 })
const shared = { listUsers: () => ['Ada'] }
const users = service(both, {
  models: {},
  handlers: {
    ...inVersion('v1', shared),
    ...inVersion('v2', shared),
    v1_getUser: ({ params }) => `user ${params.id}`,
    v2_getUser: ({ params }) => ({ name: `user ${params.id}` }),
  },
})

let app: TestApp<typeof both>
let url: string
beforeAll(async () => {
  app = await testService(users, { config: { logLevel: 'silent' } })
  url = await app.fastify.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => app.close())

it('serves each version below its prefix, with shared handlers', async () => {
  await using one = client(userV1, { url })
  await using two = client(userV2, { url })
  expect(await one.getUser({ params: { id: 7 } })).toBe('user 7')
  expect(await two.getUser({ params: { id: 7 } })).toEqual({ name: 'user 7' })
  expect(await one.listUsers()).toEqual(await two.listUsers())
  expect((await fetch(`${url}/users`)).status).toBe(404)
})

it('tests and describes all of them', async () => {
  expect((await app.client.v2_getUser({ params: { id: 1 } })).data).toEqual({ name: 'user 1' })
  const { info, paths } = openapiDocument(both)
  expect(info.title).toBe('Users')
  expect(Object.keys(paths)).toEqual(['/v1/users/{id}', '/v1/users', '/v2/users/{id}', '/v2/users'])
  expect(paths['/v1/users/{id}']!['get']).toMatchObject({ operationId: 'v1_getUser', deprecated: true })
  expect(both.events.userAdded).toBe(userV2.events.userAdded)
})

it('names an old version in its responses', async () => {
  const { headers } = await fetch(`${url}/v1/users/1`)
  expect(headers.get('deprecation')).toBe('@1795737600')
  expect(headers.get('link')).toBe('</v1/users>; rel="successor-version"')
  expect((await fetch(`${url}/v2/users/1`)).headers.has('deprecation')).toBe(false)
})

it('has the types of each version', () => {
  type Calls = Client<typeof both>
  expectTypeOf<Awaited<ReturnType<Calls['v1_getUser']>>>().toEqualTypeOf<string>()
  expectTypeOf<Awaited<ReturnType<Calls['v2_getUser']>>>().toEqualTypeOf<{ name: string }>()
  const one = { ...inVersion('v1', shared), ...inVersion('v2', shared), v2_getUser: () => ({ name: '' }) }
  // @ts-expect-error -- a handler returns what its version promises
  const wrong = (): unknown => service(both, { handlers: { ...one, v1_getUser: () => 1 } })
  expect(wrong).toBeTypeOf('function')
})

describe('versions that do not fit', () => {
  const other = contract('other-service', {})
  const plain = contract('user-service', {}, { envelope: 'plain' })
  const samePath = contract('user-service', { all: { route: 'GET /users' } }, { prefix: '/v1' })
  it.each([
    [{}, 'versions: expected at least one contract'],
    [{ v1: userV1, v2: other }, 'versions: v1 is user-service, expected other-service'],
    [{ v1: plain, v2: userV2 }, 'versions: user-service has another envelope in v1'],
    [{ v_1: userV1 }, 'versions: a version must have a name like v1, got "v_1"'],
    [{ v1: userV1, v2: samePath }, 'user-service.v2_all: route "GET /v1/users" is already the route of v1_listUsers'],
  ])('are rejected: %#', (all, message) => {
    expect(() => versions(all)).toThrow(message)
  })
})
