import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { contract, service, t, type Service } from 'tricube'

/** The most used plugins of Fastify; each has to be seen at work on an operation, not only on a route of Fastify's own. */
type PluginName =
  | 'compress'
  | 'cookie'
  | 'etag'
  | 'helmet'
  | 'jwt'
  | 'session'
  | 'multipart'
  | 'rate-limit'
  | 'request-context'
  | 'static'
  | 'under-pressure'

async function plugin(name: PluginName): Promise<FastifyPluginAsync<Record<string, unknown>>> {
  return ((await import(`@fastify/${name}`)) as { default: FastifyPluginAsync<Record<string, unknown>> }).default
}

/** What plugins add to Fastify's requests and replies. */
interface Extended {
  readonly cookies: Readonly<Record<string, string>>
  jwtVerify(): Promise<void>
  file(): Promise<{ filename: string; toBuffer(): Promise<Buffer> }>
  readonly requestContext: { get(name: string): unknown; set(name: string, value: unknown): void }
}
interface ExtendedReply {
  setCookie(name: string, value: string): void
  sendFile(name: string): FastifyReply
}

const extended = (request: FastifyRequest): Extended => request as unknown as Extended
const extendedReply = (reply: FastifyReply): ExtendedReply => reply as unknown as ExtendedReply

const Thing = t.Object({ name: t.String(), text: t.Optional(t.String()) })
const things = contract('thing-service', {
  getThing: { route: 'GET /things/:name', returns: Thing },
  upload: { route: 'POST /uploads', returns: Thing },
})

let app: Service | undefined
afterEach(async () => {
  await app?.close()
  app = undefined
})

interface Given {
  readonly set: (fastify: FastifyInstance) => unknown
  readonly getThing?: (request: FastifyRequest) => string
  readonly upload?: (request: FastifyRequest) => Promise<string>
}

async function listening({ set, getThing, upload }: Given): Promise<string> {
  app = service(things, {
    handlers: {
      getThing: ({ params, request }) => ({ name: getThing?.(request) ?? params.name, text: 'x'.repeat(2000) }),
      upload: async ({ request }) => ({ name: (await upload?.(request)) ?? '' }),
    },
    hooks: { beforeStart: async ({ fastify }) => void (await set(fastify)) },
  })
  return (await app.listen()).url
}

describe('operations work with the Fastify plugin', () => {
  it('rate-limit', async () => {
    const url = await listening({
      set: async (fastify) => fastify.register(await plugin('rate-limit'), { max: 2, timeWindow: 60_000 }),
    })
    const responses = []
    for (let i = 0; i < 3; i++) responses.push(await fetch(`${url}/things/a`))
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(responses[2]!.headers.get('retry-after')).toBe('60')
    expect(await responses[2]!.json()).toEqual({ code: 42900, message: 'Too Many Requests' })
    expect((await fetch(`${url}/health/live`)).status).toBe(200) // an orchestrator would restart it
  })

  it('rate-limit, registered without await', async () => {
    const rateLimit = await plugin('rate-limit')
    const url = await listening({ set: (fastify) => void fastify.register(rateLimit, { max: 1 }) })
    expect([(await fetch(`${url}/things/a`)).status, (await fetch(`${url}/things/a`)).status]).toEqual([200, 429])
  })

  it('compress', async () => {
    const url = await listening({
      set: async (fastify) => fastify.register(await plugin('compress'), { threshold: 100 }),
    })
    const response = await app!.inject({ url: '/things/a', headers: { 'accept-encoding': 'gzip' } })
    expect(response.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(response.rawPayload).toString())).toMatchObject({ code: 0, data: { name: 'a' } })
    expect((await fetch(`${url}/things/a`)).headers.get('content-encoding')).toBe('gzip')
  })

  it('helmet, which replaces the default headers', async () => {
    const url = await listening({
      set: async (fastify) => fastify.register(await plugin('helmet'), { xFrameOptions: { action: 'sameorigin' } }),
    })
    const { headers } = await fetch(`${url}/things/a`)
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
  })

  it('cookie', async () => {
    const url = await listening({
      async set(fastify) {
        await fastify.register(await plugin('cookie'))
        fastify.addHook('preHandler', async (_request, reply) => {
          extendedReply(reply).setCookie('seen', 'yes')
        })
      },
      getThing: (request) => extended(request).cookies['user']!,
    })
    const response = await fetch(`${url}/things/a`, { headers: { cookie: 'user=ann' } })
    expect(await response.json()).toMatchObject({ data: { name: 'ann' } })
    expect(response.headers.getSetCookie()).toEqual(['seen=yes; SameSite=Lax'])
  })

  it('jwt', async () => {
    let token = ''
    const url = await listening({
      async set(fastify) {
        await fastify.register(await plugin('jwt'), { secret: 'a secret for this test' })
        token = (fastify as unknown as { jwt: { sign(payload: object): string } }).jwt.sign({ sub: 'ann' })
        fastify.addHook('onRequest', (request) => extended(request).jwtVerify())
      },
      getThing: (request) => (request as unknown as { user: { sub: string } }).user.sub,
    })
    const rejected = await fetch(`${url}/things/a`)
    expect(rejected.status).toBe(401)
    expect(await rejected.json()).toMatchObject({ code: 40100, message: 'Unauthorized' })
    const response = await fetch(`${url}/things/a`, { headers: { authorization: `Bearer ${token}` } })
    expect(await response.json()).toMatchObject({ data: { name: 'ann' } })
  })

  it('jwt, which finds the user of the contract', async () => {
    const jwt = await plugin('jwt')
    const mine = contract(
      'mine-service',
      { me: { route: 'GET /me', scopes: ['a'], returns: t.String() } },
      { auth: 'user' },
    )
    let sign = (_payload: object): string => ''
    const own = service(mine, {
      log: { level: 'silent' },
      auth: {
        async user(request) {
          if (request.headers.authorization === undefined) return undefined
          await extended(request).jwtVerify()
          const { sub, scopes } = (request as unknown as { user: { sub: string; scopes: string[] } }).user
          return { id: sub, scopes }
        },
      },
      handlers: { me: ({ user }) => user.id },
      hooks: {
        async beforeStart({ fastify }) {
          await fastify.register(jwt, { secret: 'a secret for this test' })
          sign = (payload) => (fastify as unknown as { jwt: { sign(payload: object): string } }).jwt.sign(payload)
        },
      },
    })
    onTestFinished(() => own.close())
    const { url } = await own.listen()
    const me = async (token?: string): Promise<number> =>
      (await fetch(`${url}/me`, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })).status
    const [good, poor] = [sign({ sub: 'ann', scopes: ['a'] }), sign({ sub: 'bob', scopes: [] })]
    expect([await me(good), await me(poor), await me(`${good}x`), await me()]).toEqual([200, 403, 401, 401])
  })

  it('session, which finds the user of the contract', async () => {
    const [cookie, session] = [await plugin('cookie'), await plugin('session')]
    const account = contract(
      'account-service',
      {
        logIn: { route: 'POST /login', auth: 'public' },
        me: { route: 'GET /me', scopes: ['a'], returns: t.String() },
        logOut: { route: 'POST /logout' },
      },
      { auth: 'user' },
    )
    interface WithSession {
      readonly session: {
        user?: { id: string; scopes: string[] }
        regenerate(): Promise<void>
        destroy(): Promise<void>
      }
    }
    const sessionOf = (request: unknown) => (request as WithSession).session
    const own = service(account, {
      log: { level: 'silent' },
      auth: { user: (request) => sessionOf(request).user },
      handlers: {
        async logIn({ request }) {
          await sessionOf(request).regenerate()
          sessionOf(request).user = { id: 'ann', scopes: ['a'] }
        },
        me: ({ user }) => user.id,
        logOut: ({ request }) => sessionOf(request).destroy(),
      },
      hooks: {
        async beforeStart({ fastify }) {
          await fastify.register(cookie)
          await fastify.register(session, {
            secret: 'a secret for this test that is long enough',
            cookie: { secure: false },
            saveUninitialized: false,
          })
        },
      },
    })
    onTestFinished(() => own.close())
    const { url } = await own.listen()
    const me = async (sent = '') => (await fetch(`${url}/me`, { headers: { cookie: sent } })).status
    const loggedIn = await fetch(`${url}/login`, { method: 'POST' })
    const [sent] = loggedIn.headers.getSetCookie()[0]!.split(';')
    expect([loggedIn.status, await me(sent), await me(`${sent}x`), await me()]).toEqual([200, 200, 401, 401])
    await fetch(`${url}/logout`, { method: 'POST', headers: { cookie: sent! } })
    expect(await me(sent)).toBe(401)
  })

  it('multipart', async () => {
    const url = await listening({
      set: async (fastify) => fastify.register(await plugin('multipart'), { limits: { fileSize: 1000 } }),
      async upload(request) {
        const file = await extended(request).file()
        return `${file.filename}: ${(await file.toBuffer()).toString()}`
      },
    })
    const send = (text: string): Promise<Response> => {
      const body = new FormData()
      body.set('file', new Blob([text]), 'a.txt')
      return fetch(`${url}/uploads`, { method: 'POST', body })
    }
    expect(await (await send('hello')).json()).toMatchObject({ data: { name: 'a.txt: hello' } })
    const tooLarge = await send('x'.repeat(2000))
    expect([tooLarge.status, await tooLarge.json()]).toMatchObject([413, { code: 41300 }])
  })

  it('etag', async () => {
    const url = await listening({ set: async (fastify) => fastify.register(await plugin('etag')) })
    const etag = (await fetch(`${url}/things/a`)).headers.get('etag')!
    expect(etag).toMatch(/^"/)
    expect((await fetch(`${url}/things/a`, { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  it('under-pressure', async () => {
    let isWell = true
    const url = await listening({
      set: async (fastify) =>
        fastify.register(await plugin('under-pressure'), {
          healthCheck: async () => isWell,
          healthCheckInterval: 1,
          exposeStatusRoute: false,
        }),
    })
    expect((await fetch(`${url}/things/a`)).status).toBe(200)
    isWell = false
    await expect.poll(async () => (await fetch(`${url}/things/a`)).status).toBe(503)
    const rejected = await fetch(`${url}/things/a`)
    expect(rejected.headers.get('retry-after')).toBe('10')
    expect(await rejected.json()).toMatchObject({ code: 50302, message: 'Service Unavailable' })
  })

  it('request-context', async () => {
    const url = await listening({
      async set(fastify) {
        await fastify.register(await plugin('request-context'))
        fastify.addHook('onRequest', async (request) => extended(request).requestContext.set('user', 'ann'))
      },
      getThing: (request) => extended(request).requestContext.get('user') as string,
    })
    expect(await (await fetch(`${url}/things/a`)).json()).toMatchObject({ data: { name: 'ann' } })
  })

  it('static, whose page sets its own content security policy', async () => {
    const url = await listening({
      async set(fastify) {
        await fastify.register(await plugin('static'), {
          root: import.meta.dirname,
          prefix: '/pages/',
          setHeaders: (reply: FastifyReply['raw']) =>
            void reply.setHeader('content-security-policy', "default-src 'self'"),
        })
        fastify.addHook('preHandler', async ({ url: path }, reply) => {
          if (path === '/things/file') return extendedReply(reply).sendFile('plugins.test.ts')
          return undefined
        })
      },
    })
    for (const path of ['/pages/plugins.test.ts', '/things/file']) {
      const page = await fetch(url + path)
      expect(await page.text()).toContain('static, whose page says what it may load')
      expect(page.headers.get('content-security-policy')).toBe("default-src 'self'")
    }
    expect(await (await fetch(`${url}/things/a`)).json()).toMatchObject({ data: { name: 'a' } })
    const missing = await fetch(`${url}/pages/none.txt`)
    expect([missing.status, await missing.json()]).toMatchObject([404, { code: 40401 }])
  })
})

describe("Fastify hooks see an operation's response", () => {
  it.each(['before', 'inside'])('in preSerialization, added %s of a plugin', async (where) => {
    const seen: unknown[] = []
    const url = await listening({
      async set(fastify) {
        const add = (instance: FastifyInstance): void =>
          void instance.addHook('preSerialization', async (_request, _reply, payload: unknown) => {
            seen.push(payload)
            return { ...(payload as object), name: 'changed', unknown: 'dropped' }
          })
        if (where === 'before') return add(fastify)
        const plugin = async (instance: FastifyInstance): Promise<void> => add(instance)
        return fastify.register(Object.assign(plugin, { [Symbol.for('skip-override')]: true }))
      },
    })
    const { data } = (await (await fetch(`${url}/things/a`)).json()) as { data: object }
    expect(data).toEqual({ name: 'changed', text: 'x'.repeat(2000) })
    expect(seen).toMatchObject([{ name: 'a' }])
  })

  it('in the preSerialization of a route that a plugin has changed', async () => {
    const url = await listening({
      set: (fastify) =>
        fastify.addHook('onRoute', (route) => {
          if (route.url === '/things/:name')
            route.preSerialization = async (_request, _reply, payload) => ({ ...(payload as object), name: 'changed' })
        }),
    })
    expect(await (await fetch(`${url}/things/a`)).json()).toMatchObject({ data: { name: 'changed' } })
  })

  it('in onSend, and each route in onRoute with the name of its operation', async () => {
    const routes: unknown[] = []
    const url = await listening({
      set(fastify) {
        fastify.addHook(
          'onRoute',
          ({ method, url: path, config }) => void routes.push([method, path, config?.operation]),
        )
        fastify.addHook('onSend', async (_request, _reply, payload) => String(payload).replace('"a"', '"b"'))
      },
    })
    expect(await (await fetch(`${url}/things/a`)).json()).toMatchObject({ data: { name: 'b' } })
    expect(routes).toContainEqual(['GET', '/things/:name', 'getThing'])
    expect(routes).toContainEqual(['POST', '/uploads', 'upload'])
  })

  it('but not in the preSerialization of an encapsulated plugin', async () => {
    const url = await listening({
      set: (fastify) =>
        void fastify.register(async (instance) => {
          instance.addHook('preSerialization', async () => ({ name: 'theirs' }))
          instance.get('/theirs', async () => ({ name: 'own' }))
        }),
    })
    expect(await (await fetch(`${url}/things/a`)).json()).toMatchObject({ data: { name: 'a' } })
    expect(await (await fetch(`${url}/theirs`)).json()).toEqual({ name: 'theirs' })
  })
})
