/** Who may call what: identities, scopes, policies, and what is recorded of each decision. */
import { once } from 'node:events'
import { connect } from 'node:net'
import {
  contract,
  Forbidden,
  service,
  t,
  Unauthorized,
  type AuthOptions,
  type Context,
  type FindUser,
  type AuthUser,
} from 'tricube'
import { jwt, type Authenticator, type Identity } from 'tricube/auth'
import { testService, testSystem } from 'tricube/testing'
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest'
import { logging } from '../log/logFile.ts'
import { startIssuer } from './issuer.ts'

const Note = t.Object({ id: t.Integer(), by: t.String() })
const notes = contract(
  'note-service',
  {
    getNote: { route: 'GET /notes/:id', params: { id: t.Integer() }, scopes: ['notes:read'], returns: Note },
    createNote: {
      route: 'POST /notes',
      scopes: ['notes:read', 'notes:write'],
      body: t.Object({ text: t.String() }),
      returns: Note,
    },
    me: { route: 'GET /me', returns: t.Unknown() },
    ping: { route: 'GET /ping', auth: 'public', returns: t.String() },
  },
  { auth: 'user' },
)
type Ops = typeof notes.operations

const issuer = 'https://id.example.com'
const noteService = (auth: AuthOptions = { user: jwt({ issuer }) }) =>
  service(notes, {
    admission: false,
    log: { level: 'silent' },
    auth,
    policies: {
      getNote: ({ user, params }) => user.id === '7' || params.id === 1,
      createNote: async ({ user, body }) => Promise.resolve(user.tenant === 'shop' && body.text !== 'spam'),
    },
    handlers: {
      getNote: ({ user, params: { id } }) => ({ id, by: user.id }),
      createNote: ({ user }) => ({ id: 2, by: user.id }),
      me: ({ user }) => user,
      ping: ({ user }) => String(user),
    },
  })

const reader = { id: 7, scopes: ['notes:read'] }
const writer = { id: 8, scopes: ['notes:read', 'notes:write'], tenant: 'shop' }

describe('an operation for users', () => {
  it('has the user on its context', async () => {
    await using app = await testService(noteService())
    const { data } = await app.as({ ...writer, claims: { plan: 'free' } }).client.me()
    expect(data).toEqual({ id: '8', scopes: ['notes:read', 'notes:write'], claims: { plan: 'free' }, tenant: 'shop' })
    expectTypeOf<Context<Ops['me']>['user']>().toEqualTypeOf<AuthUser>()
    expectTypeOf<Context<Ops['ping']>['user']>().toEqualTypeOf<undefined>()
    expectTypeOf<Context['user']>().toEqualTypeOf<AuthUser | undefined>()
  })

  it('can be sent a raw request as a user', async () => {
    await using app = await testService(noteService())
    const caller = app.as(reader)
    expect((await caller.inject('/me')).json().data).toMatchObject({ id: '7', scopes: ['notes:read'] })
    const accepts = { accept: 'application/json' }
    const response = await caller.inject({ method: 'GET', url: '/notes/1', headers: accepts })
    expect(response.json().data).toEqual({ id: 1, by: '7' })
    expect((await caller.inject({ method: 'POST', url: '/notes', payload: { text: 'x' } })).statusCode).toBe(403)
    expect((await app.inject('/me')).statusCode).toBe(401)
  })

  it('rejects a caller that is none, before it is called', async () => {
    await using app = await testService(noteService())
    const expected = `app.as: expected { id, scopes }, { key: { owner, scopes } } or { service: 'order-service' }, got`
    expect(() => app.as({ user: 'ann' } as never)).toThrow(`${expected} { user }`)
    expect(() => app.as({ servce: 'b-service' } as never)).toThrow(`${expected} { servce }`)
    expect(() => app.as({ id: 1, scope: [] } as never)).toThrow('app.as: unknown scope; did you mean scopes?')
    expect(() => app.as({ id: 1, name: 'Ann' } as never)).not.toThrow() // a row of the users
    expect(() => app.as('ann' as never)).toThrow(`${expected} "ann"`)
  })

  it('needs no issuer in tests, whose callers have no tokens', async () => {
    await using app = await testService(noteService({ user: jwt() }))
    expect((await app.as(reader).client.getNote({ params: { id: 1 } })).data).toEqual({ id: 1, by: '7' })
    await expect(app.client.me()).rejects.toThrow(Unauthorized)
  })

  it('is a 401 for others, and a public one ignores tokens', async () => {
    await using app = await testService(noteService())
    await expect(app.client.me()).rejects.toThrow(Unauthorized)
    expect((await app.client.ping()).data).toBe('undefined')
    expect((await app.as(reader).client.ping()).data).toBe('undefined')
    expect((await app.inject({ url: '/ping', headers: { authorization: 'Bearer forged' } })).statusCode).toBe(200)
  })

  it('is a 403 without one of its scopes, and says which it needs', async () => {
    await using app = await testService(noteService())
    const as = app.as({ id: 7, scopes: ['notes:write', 'notes:reader'] })
    await expect(as.client.getNote({ params: { id: 1 } })).rejects.toThrow(Forbidden)
    const denied = await app.inject({
      method: 'POST',
      url: '/notes',
      payload: { text: 'a' },
      headers: { authorization: `Bearer ${tokenOf(reader)}` },
    })
    expect([denied.statusCode, denied.headers['www-authenticate'], denied.json()]).toEqual([
      403,
      'Bearer realm="note-service", error="insufficient_scope", scope="notes:read notes:write"',
      { code: 40300, message: 'Forbidden', error: 'the request needs the scope notes:read notes:write' },
    ])
  })

  it.each([
    ['no token', '', '401'],
    ['a token without the scope', `Bearer ${tokenOf(reader)}`, '403'],
  ])('rejects a request with %s before its body is read', async (_, authorization, status) => {
    await using system = await testSystem({ notes: noteService() })
    const { port } = system.notes.fastify.server.address() as { port: number }
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    socket.write(
      `POST /notes HTTP/1.1\r\nhost: a\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{`,
    )
    const [response] = (await once(socket, 'data')) as [Buffer]
    expect(response.toString()).toContain(`HTTP/1.1 ${status}`)
  })

  it('is protected under HEAD, too', async () => {
    await using app = await testService(noteService())
    expect((await app.inject({ method: 'HEAD', url: '/me' })).statusCode).toBe(401)
  })

  it('validates the input of nobody it does not know', async () => {
    await using app = await testService(noteService())
    expect((await app.inject({ url: '/notes/x' })).statusCode).toBe(401)
  })
})

describe('a policy', () => {
  it('decides with the checked input, before the handler', async () => {
    await using app = await testService(noteService())
    const get = (id: number, caller: object) => app.as({ ...reader, ...caller }).client.getNote({ params: { id } })
    expect((await get(3, {})).data).toEqual({ id: 3, by: '7' })
    expect((await get(1, { id: 9 })).data).toEqual({ id: 1, by: '9' })
    await expect(get(3, { id: 9 })).rejects.toThrow('the policy of getNote does not allow it')
  })

  it('may be asynchronous', async () => {
    await using app = await testService(noteService())
    const create = (text: string, caller = writer) => app.as(caller).client.createNote({ body: { text } })
    expect((await create('hello')).data.by).toBe('8')
    await expect(create('spam')).rejects.toThrow(Forbidden)
    await expect(create('hello', { ...writer, tenant: 'other' })).rejects.toThrow(Forbidden)
  })

  it('that returns anything but true is a 403, one that throws is its error', async () => {
    const ops = contract('a-service', { a: { route: 'GET /a' }, b: { route: 'GET /b' } }, { auth: 'user' })
    let returned: unknown
    let isHandled = false
    await using app = await testService(
      service(ops, {
        auth: { user: () => ({ id: 1 }) },
        policies: {
          a: () => returned as boolean,
          b() {
            throw new Unauthorized('log in anew')
          },
        },
        handlers: { a: () => void (isHandled = true), b: () => {} },
      }),
    )
    for (returned of [undefined, null, 1, 'true', {}, Promise.resolve(undefined), Promise.resolve('yes')])
      await expect(app.client.a()).rejects.toThrow(Forbidden)
    await expect(app.client.b()).rejects.toThrow('log in anew')
    expect(isHandled).toBe(false)
  })
})

describe('a function that finds the user', () => {
  const ask = async (find: FindUser) => {
    const app = await testService(noteService({ user: find }))
    onTestFinished(() => app.close())
    return app.inject('/me')
  }

  it('may be asynchronous, and its user needs an id alone', async () => {
    expect((await ask(async () => Promise.resolve({ id: 5 }))).json()).toMatchObject({
      data: { id: '5', scopes: [], claims: {} },
    })
  })

  it('rejects by an error with the status 401, or by finding nobody', async () => {
    const rejected = await ask(() => {
      throw Object.assign(new Error('secret detail'), { statusCode: 401 })
    })
    expect([rejected.statusCode, rejected.body.includes('secret')]).toEqual([401, false])
    expect((await ask(() => undefined)).statusCode).toBe(401)
  })

  it.each<[string, object]>([
    ['no id', {}],
    ['an empty id', { id: '' }],
    ['an object as its id', { id: { $ne: 1 } }],
    ['scopes in one text', { id: 1, scopes: 'notes:read notes:write' }],
  ])('lets nobody in for a user with %s', async (_, found) => {
    expect((await ask(() => found as never)).statusCode).toBe(500)
  })

  it('whose error is another one makes a 500, and lets nobody in', async () => {
    expect((await ask(() => Promise.reject(new Error('the session store is down')))).statusCode).toBe(500)
  })
})

describe('calls to other services', () => {
  const profiles = contract('profile-service', {
    profile: { route: 'GET /profile', auth: 'user', returns: t.String() },
    ad: { route: 'GET /ad', auth: 'public', returns: t.String() },
  })
  const plain = contract('plain-service', { echo: { route: 'GET /echo', returns: t.String() } })
  const pages = contract(
    'page-service',
    { page: { route: 'GET /page', returns: t.Array(t.String()) } },
    { auth: 'user' },
  )

  it('carry the token of the user only to operations that ask for a user', async () => {
    const seen = ({ request }: Context) => String(request.headers.authorization !== undefined)
    await using system = await testSystem({
      pages: service(pages, {
        clients: { profiles, plain },
        auth: { user: jwt({ issuer }) },
        handlers: {
          page: ({ clients: { profiles: callee, plain: other } }) =>
            Promise.all([callee.profile(), callee.ad(), other.echo()]),
        },
      }),
      profiles: service(profiles, {
        auth: { user: jwt({ issuer }) },
        handlers: { profile: ({ user }) => `profile of ${user.id}`, ad: seen },
      }),
      plain: service(plain, { handlers: { echo: seen } }),
    })
    const { data } = await system.pages.as({ id: 7 }).client.page()
    expect(data).toEqual(['profile of 7', 'false', 'false'])
  })
})

describe('what is recorded', () => {
  it('names the caller in the access line, and each rejection in an audit line without the token', async () => {
    const real = await startIssuer()
    const { app, lines } = await logging(notes, {
      auth: { user: jwt({ issuer: real.url }) },
      policies: { getNote: () => false },
      handlers: {
        getNote: () => ({ id: 1, by: '' }),
        createNote: () => ({ id: 1, by: '' }),
        me: () => 1,
        ping: () => '',
      },
    })
    const { url } = await app.listen()
    const tokens = [
      await real.sign(),
      await real.sign({ claims: { exp: 1 } }),
      'no.real.token',
      await real.sign({ claims: { scope: '' } }),
    ]
    const get = (path: string, token?: string) =>
      fetch(url + path, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })
    await get('/me', tokens[0])
    await get('/me')
    await get('/me', tokens[1])
    await get('/me', tokens[2])
    await get('/notes/1', tokens[3])
    await get('/notes/1', tokens[0])
    const all = await lines()
    expect(
      all.filter(({ msg }) => msg === 'request').map(({ operation, status, caller }) => [operation, status, caller]),
    ).toEqual([
      ['me', 200, 'user 7'],
      ['me', 401, undefined],
      ['me', 401, undefined],
      ['me', 401, undefined],
      ['getNote', 403, undefined],
      ['getNote', 403, 'user 7'],
    ])
    expect(
      all
        .filter(({ msg }) => msg === 'access denied')
        .map(({ level, audit, operation, caller, reason, status, peer }) => [
          level,
          audit,
          operation,
          caller,
          reason,
          status,
          peer,
        ]),
    ).toEqual([
      ['info', 'denied', 'me', undefined, 'no credentials', 401, '127.0.0.1'],
      ['info', 'denied', 'me', undefined, 'it has expired', 401, '127.0.0.1'],
      ['info', 'denied', 'me', undefined, 'it is no JWT', 401, '127.0.0.1'],
      ['info', 'denied', 'getNote', 'user 7', 'user 7 lacks the scope notes:read', 403, '127.0.0.1'],
      ['info', 'denied', 'getNote', 'user 7', 'its policy', 403, '127.0.0.1'],
    ])
    const text = JSON.stringify(all)
    for (const token of tokens) expect(text).not.toContain(token.split('.')[2])
  })

  it('names both callers where a service calls for a user', async () => {
    const ops = contract('a-service', { a: { route: 'GET /a', auth: ['user', 'service'] } })
    await using app = await testService(
      service(ops, {
        auth: { user: () => undefined, service: { open: () => ({ authenticate: () => undefined }) } },
        handlers: { a: () => {} },
      }),
    )
    await app.as({ service: 'order-service', user: { id: 7 } }).client.a()
    expect(app.spans[0]!.attributes['enduser.id']).toBe('user 7 by service order-service')
  })

  it('tells a caller of each way to identify itself', async () => {
    const ops = contract('a-service', { a: { route: 'GET /a', auth: ['user', 'service'] } })
    await using app = await testService(
      service(ops, {
        auth: { user: () => undefined, service: { open: () => ({ authenticate: () => undefined }) } },
        handlers: { a: () => {} },
      }),
    )
    expect((await app.inject('/a')).headers['www-authenticate']).toBe(
      'Bearer realm="a-service", Certificate realm="a-service"',
    )
  })

  it('challenges for the credentials that were wrong', async () => {
    const ops = contract('a-service', { a: { route: 'GET /a', auth: ['user', 'key'], scopes: ['a:read'] } })
    const user = { scheme: 'user', key: 'u', name: 'user 7', scopes: ['a:read'], value: {} } as const
    const key = { scheme: 'key', key: 'k', name: 'key 1', scopes: [], value: {} } as const
    const found = (header: string, identity: Identity): Authenticator => ({
      open: () => ({
        authenticate: ({ headers }) =>
          headers[header] === 'wrong'
            ? { failure: 'invalid', reason: 'it is wrong' }
            : headers[header]
              ? identity
              : undefined,
      }),
    })
    await using app = await testService(
      service(ops, { auth: { user: found('x-user', user), key: found('x-key', key) }, handlers: { a: () => {} } }),
    )
    const denied = async (headers: Record<string, string>) => {
      const response = await app.inject({ url: '/a', headers })
      return [response.headers['www-authenticate'], response.json().error]
    }
    expect(await denied({ 'x-key': 'right' })).toEqual([
      'ApiKey realm="a-service", error="insufficient_scope", scope="a:read"',
      'the request needs the scope a:read',
    ])
    expect(await denied({ 'x-user': 'right', 'x-key': 'wrong' })).toEqual([
      'ApiKey realm="a-service", error="invalid_token"',
      'the API key is invalid or has expired',
    ])
  })

  it('is on the span', async () => {
    await using app = await testService(noteService())
    await app.as(reader).client.me()
    await app.client.me().catch(() => {})
    await app
      .as({ id: 3 })
      .client.getNote({ params: { id: 1 } })
      .catch(() => {})
    expect(app.spans.map(({ attributes }) => [attributes['enduser.id'], attributes['tricube.access.denied']])).toEqual([
      ['user 7', undefined],
      [undefined, 'no credentials'],
      ['user 3', 'user 3 lacks the scope notes:read'],
    ])
  })
})

describe('forged tokens', () => {
  it('are limited by address, while a good one from there passes', async () => {
    await using app = await testService(noteService())
    const forge = (remoteAddress: string) =>
      app.inject({ url: '/me', remoteAddress, headers: { authorization: 'Bearer forged' } })
    const responses = []
    do responses.push(await forge('10.0.0.1'))
    while (responses.at(-1)!.statusCode === 401 && responses.length < 1000)
    expect(responses.length).toBeGreaterThan(60)
    expect(responses.at(-1)!.statusCode).toBe(429)
    expect(responses.at(-1)!.headers['retry-after']).toBe('1')
    expect((await forge('10.0.0.2')).statusCode).toBe(401)
    const headers = { authorization: `Bearer ${tokenOf(reader)}` }
    expect((await app.inject({ url: '/me', remoteAddress: '10.0.0.1', headers })).statusCode).toBe(200)
  })

  it('do not count where a client only has to renew its token', async () => {
    const real = await startIssuer()
    const app = noteService({ user: jwt({ issuer: real.url }) })
    onTestFinished(() => app.close())
    const { url } = await app.listen()
    const expired = await real.sign({ claims: { exp: 1 } })
    for (let i = 0; i < 70; i++) {
      const { status } = await fetch(`${url}/me`, { headers: { authorization: `Bearer ${expired}` } })
      expect(status).toBe(401)
    }
  })
})

/** The token by which the test kit names a caller. */
function tokenOf(caller: object): string {
  return `tricube-test:${Buffer.from(JSON.stringify(caller)).toString('base64url')}`
}
