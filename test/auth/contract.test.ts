/** What a contract says about its callers: checked when it is defined, and shown in its OpenAPI document. */
import { contract, openapiDocument, service, t, type Contract, type ServiceOptions, type AuthUser } from 'tricube'
import { apiKeys, jwt } from 'tricube/auth'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { problemsOf } from '../openapi/validate.ts'
import { testMessages } from '../messages/row.ts'

const route = 'GET /a'
const both = 'auth must be one of public, user, key, service, or a list of these without public'

describe('a contract names what is wrong with', () => {
  testMessages<() => unknown>(
    [
      [
        'an unknown scheme',
        () => contract('a-service', { a: { route, auth: 'admin' as 'user' } }),
        `a-service.a: ${both}, got "admin"`,
      ],
      [
        'a boolean',
        () => contract('a-service', { a: { route, auth: true as never } }),
        `a-service.a: ${both}, got true`,
      ],
      [
        'an unknown scheme in a list',
        () => contract('a-service', { a: { route, auth: ['user', 'admin' as 'user'] } }),
        `a-service.a: ${both}, got "admin"`,
      ],
      [
        'public in a list',
        () => contract('a-service', { a: { route, auth: ['public' as 'user'] } }),
        `a-service.a: ${both}, got "public"`,
      ],
      [
        'a scheme twice',
        () => contract('a-service', { a: { route, auth: ['user', 'user'] } }),
        `a-service.a: ${both}, got "user"`,
      ],
      [
        'an empty list',
        () => contract('a-service', { a: { route, auth: [] } }),
        `a-service.a: ${both}, got an empty list`,
      ],
      [
        'an unknown default',
        () => contract('a-service', {}, { auth: 'admin' as 'user' }),
        `contract "a-service": ${both}, got "admin"`,
      ],
      [
        'an operation that is public by accident',
        () => contract('a-service', { a: { route, auth: 'user' }, b: { route: 'GET /b' } }),
        `a-service.b: auth is missing, but another operation has one: set 'public' here, or give the contract a default like { auth: 'user' }`,
      ],
      [
        'scopes of nobody',
        () => contract('a-service', { a: { route, scopes: ['a'] } }),
        `a-service.a: scopes need a caller that has scopes: set auth to 'user' or 'key', or give the contract a default like { auth: 'user' }`,
      ],
      [
        'scopes of a public operation',
        () => contract('a-service', { a: { route, auth: 'public', scopes: ['a'] } }, { auth: 'user' }),
        `a-service.a: scopes need a caller that has scopes: set auth to 'user' or 'key', or give the contract a default like { auth: 'user' }`,
      ],
      [
        'scopes that are no list',
        () => contract('a-service', { a: { route, auth: 'user', scopes: 'a b' as never } }),
        `a-service.a: scopes must be a list of scopes without spaces like ['orders:read'], got "a b"`,
      ],
      [
        'no scopes',
        () => contract('a-service', { a: { route, auth: 'user', scopes: [] } }),
        `a-service.a: scopes must be a list of scopes without spaces like ['orders:read'], got a list of 0`,
      ],
      [
        'scopes of services, which have none',
        () => contract('a-service', { a: { route, auth: 'service', scopes: ['a'] } }),
        `a-service.a: scopes need a caller that has scopes: set auth to 'user' or 'key', or give the contract a default like { auth: 'user' }`,
      ],
      [
        'callers of an operation for users',
        () => contract('a-service', { a: { route, auth: 'user', callers: ['b-service'] } }),
        `a-service.a: callers need auth: 'service', or a list with it`,
      ],
      [
        'callers that are no list',
        () => contract('a-service', { a: { route, auth: 'service', callers: 'b-service' as never } }),
        `a-service.a: callers must be a list of services like ['order-service'], got "b-service"`,
      ],
      [
        'a scope with a quote',
        () => contract('a-service', { a: { route, auth: 'user', scopes: ['a"'] } }),
        `a-service.a: scopes must be a list of scopes without spaces like ['orders:read'], got a list of 1`,
      ],
    ],
    (define) => define(),
  )
})

describe('a service names what is wrong with', () => {
  const users = contract('a-service', { a: { route } }, { auth: 'user' })
  const nobody = contract('a-service', { a: { route } })
  const define = (of: Contract, options: Partial<ServiceOptions>) =>
    service(of, { handlers: { a: () => {} }, ...options } as never)
  testMessages<() => unknown>(
    [
      [
        'no authenticator',
        () => define(users, {}),
        'a-service: auth.user is missing: a asks for a user, set it to jwt({ issuer, audience })',
      ],
      [
        'an authenticator of nothing',
        () => define(users, { auth: { user: {} as never } }),
        'a-service: auth.user: expected an authenticator such as jwt({ issuer, audience }), or a function that finds the user, got an object (Object)',
      ],
      [
        'an unknown scheme',
        () => define(users, { auth: { users: jwt() } as never }),
        'a-service: unknown option auth.users, expected key, service, user; did you mean user?',
      ],
      [
        'an authenticator of something else',
        () => define(users, { auth: { user: apiKeys() } }),
        'a-service: auth.user: expected jwt({ issuer, audience }), got an authenticator of a key',
      ],
      [
        'an authenticator that nobody has made',
        () => define(users, { auth: { user: jwt as never } }),
        'a-service: auth.user: expected jwt({ issuer, audience }), got jwt without parentheses',
      ],
      [
        'an authenticator without its scheme',
        () => define(users, { auth: jwt() as never }),
        'a-service: auth: expected an object like { user: jwt() }, got an object (Object)',
      ],
      [
        'an authenticator that protects nothing',
        () => define(nobody, { auth: { user: jwt() } }),
        "a-service: auth.user: no operation asks for a user, set auth: 'user' in the contract",
      ],
      [
        'a policy of no operation',
        () => define(users, { auth: { user: jwt() }, policies: { b: () => true } }),
        'a-service: unknown option policies.b, expected a',
      ],
      [
        'a policy that is no function',
        () => define(users, { auth: { user: jwt() }, policies: { a: true } as never }),
        'a-service: policies.a: expected a function, got true',
      ],
    ],
    (start) => start(),
  )
})

describe('the types of a contract', () => {
  it('know the user where all callers are users, and nowhere else', () => {
    const mixed = contract(
      'a-service',
      { byDefault: { route }, listed: { route: 'GET /b', auth: ['user'] }, open: { route: 'GET /c', auth: 'public' } },
      { auth: 'user' },
    )
    expectTypeOf(mixed.operations.byDefault.auth).toEqualTypeOf<'user'>()
    service(mixed, {
      auth: { user: jwt() },
      handlers: {
        byDefault: ({ user }) => void expectTypeOf(user).toEqualTypeOf<AuthUser>(),
        listed: ({ user }) => void expectTypeOf(user).toEqualTypeOf<AuthUser>(),
        open: ({ user }) => void expectTypeOf(user).toEqualTypeOf<undefined>(),
      },
      policies: { byDefault: ({ user }) => user.scopes.length > 0 },
    })
    const plain = contract('b-service', { a: { route } })
    service(plain, {
      handlers: {
        // @ts-expect-error -- there is no user
        a: ({ user }) => void user.id,
      },
    })
    expect(mixed.operations.byDefault.auth).toBe('user')
  })
})

describe('the OpenAPI document', () => {
  const shop = contract(
    'shop-service',
    {
      list: { route: 'GET /items', auth: 'public', returns: t.Array(t.String()) },
      buy: { route: 'POST /orders', scopes: ['orders:write'], returns: t.String() },
      mine: { route: 'GET /orders', returns: t.String() },
    },
    { auth: 'user' },
  )

  it('has the schemes, the scopes and the errors', async () => {
    const document = openapiDocument(shop)
    expect(document.components.securitySchemes).toEqual({
      user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'the access token of a user' },
    })
    const { '/items': items, '/orders': orders } = document.paths
    expect([items!['get']!.security, orders!['post']!.security, orders!['get']!.security]).toEqual([
      [],
      [{ user: ['orders:write'] }],
      [{ user: [] }],
    ])
    expect(Object.keys(orders!['post']!.responses)).toEqual(expect.arrayContaining(['401', '403']))
    expect(Object.keys(items!['get']!.responses)).not.toContain('401')
    expect(await problemsOf(document)).toEqual([])
  })

  it('offers services both ways to identify themselves', async () => {
    const document = openapiDocument(contract('a-service', { a: { route, auth: ['user', 'service'], scopes: ['a'] } }))
    expect(document.components.securitySchemes).toMatchObject({
      service: { type: 'mutualTLS' },
      serviceToken: { type: 'apiKey', in: 'header', name: 'x-service-token' },
    })
    expect(document.paths['/a']!['get']!.security).toEqual([{ user: ['a'] }, { service: [] }, { serviceToken: [] }])
    expect(await problemsOf(document)).toEqual([])
  })

  it('says nothing about callers where the contract does not', () => {
    const document = openapiDocument(contract('a-service', { a: { route } }))
    expect(document.components).not.toHaveProperty('securitySchemes')
    expect(document.paths['/a']!['get']).not.toHaveProperty('security')
  })
})
