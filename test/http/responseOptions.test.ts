import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  Conflict,
  contract,
  cookie,
  NotFound,
  openapiDocument,
  PreconditionFailed,
  redirect,
  service,
  t,
  Unauthorized,
} from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import { problemsOf } from '../openapi/validate.ts'

const Page = t.Object({ id: t.Integer(), text: t.String() }, { $id: 'Page' })
const Job = t.Object({ job: t.String() })
const session = cookie({ signed: true, maxAgeSeconds: 3600 })
const theme = cookie({ name: '__Host-theme', httpOnly: false, sameSite: 'strict' })

const pages = contract('page-service', {
  getPage: {
    route: 'GET /pages/:id',
    params: { id: t.Integer() },
    returns: Page,
    etag: true,
    cacheControl: 'private, max-age=60',
    errors: [NotFound],
  },
  getVersion: { route: 'GET /versions/:id', params: { id: t.Integer() }, returns: Page, etag: true },
  putPage: {
    route: 'PUT /pages/:id',
    params: { id: t.Integer() },
    body: t.Object({ text: t.String() }),
    returns: Page,
    etag: 'required',
  },
  addPage: {
    route: 'POST /pages',
    body: t.Object({ text: t.String(), how: t.Union([t.Literal('now'), t.Literal('later'), t.Literal('never')]) }),
    status: 201,
    returns: Page,
    responses: { 202: Job, 204: null },
    responseHeaders: {
      location: t.Optional(t.String()),
      'x-count': t.Integer({ minimum: 0 }),
      'x-tags': t.Optional(t.Array(t.String())),
    },
    errors: [Conflict],
  },
  logIn: {
    route: 'POST /login',
    body: t.Object({ name: t.String() }),
    returns: t.String(),
    setCookies: { session, theme },
  },
  logOut: { route: 'POST /logout', status: 204, setCookies: { session } },
  whoAmI: {
    route: 'GET /me',
    returns: t.Object({ session: t.Optional(t.String()), theme: t.Optional(t.String()) }),
    cookies: { session, theme },
  },
  old: { route: 'GET /old/:to', returns: redirect({ origins: ['https://pay.example'] }) },
  pay: { route: 'POST /pay', returns: redirect() },
  moved: { route: 'GET /moved', returns: redirect({ status: 308 }) },
})

const stored = new Map<number, { text: string; version: number }>()

const pageService = service(pages, {
  handlers: {
    getPage: ({ params }) => ({ id: params.id, text: stored.get(params.id)?.text ?? 'none' }),
    getVersion({ params, response }) {
      const row = stored.get(params.id)
      if (!row) throw new NotFound(`page ${params.id}`)
      response.etag(row.version)
      return { id: params.id, text: row.text }
    },
    putPage({ params, body, response }) {
      const row = stored.get(params.id)
      if (body.text !== 'unchecked') response.ifMatch(row?.version)
      const version = (row?.version ?? 0) + 1
      stored.set(params.id, { text: body.text, version })
      response.etag(version)
      return { id: params.id, text: body.text }
    },
    addPage({ body, response }) {
      response.header('x-count', body.text.length)
      if (body.text === 'taken') throw new Conflict('taken')
      if (body.text === 'bad header') response.header('x-count', -1)
      if (body.text === 'split') response.header('location', '/a\r\nset-cookie: x=1')
      if (body.text === 'undeclared') response.header('x-other' as 'location', '1')
      if (body.text === 'status') response.status(206 as 202)
      if (body.how === 'later') {
        response.status(202)
        return { job: 'j1' }
      }
      if (body.how === 'never') {
        response.status(204)
        return undefined
      }
      const tags: Record<string, string[]> = { 'tag with a comma': ['a', 'b,c'], 'no tag': [], 'empty tag': ['a', ''] }
      response.header('location', '/pages/1').header('x-tags', tags[body.text] ?? ['a', 'b'])
      return { id: 1, text: body.text }
    },
    logIn({ body, response }) {
      response.cookie('session', body.name).cookie('theme', 'dark', { maxAgeSeconds: 5 })
      if (body.name === 'mallory') throw new Unauthorized('no')
      if (body.name === 'long') response.cookie('session', 'x'.repeat(5000))
      return 'in'
    },
    logOut: ({ response }) => void response.clearCookie('session'),
    whoAmI: ({ cookies }) => ({ ...cookies }) as {},
    old: ({ params }) => params.to,
    pay: () => '/orders/ü 1'.replace(' ', '%20'),
    moved: () => '/pages/1',
  },
})

let url: string
beforeAll(async () => {
  vi.stubEnv('COOKIE_SECRETS', 'a'.repeat(32) + ',' + 'b'.repeat(32))
  ;({ url } = await pageService.listen())
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await pageService.close()
})

const json = { 'content-type': 'application/json' }
const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(url + path, {
    method,
    redirect: 'manual',
    headers: { ...(body === undefined ? {} : json), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })

describe('other statuses and headers', () => {
  it('sends the chosen status with its data, and the headers that the handler has set', async () => {
    const created = await send('POST', '/pages', { text: 'a', how: 'now' })
    expect([created.status, await created.json()]).toEqual([201, { code: 0, data: { id: 1, text: 'a' } }])
    expect([created.headers.get('location'), created.headers.get('x-count'), created.headers.get('x-tags')]).toEqual([
      '/pages/1',
      '1',
      'a, b',
    ])

    const later = await send('POST', '/pages', { text: 'bc', how: 'later' })
    expect([later.status, later.headers.get('x-count'), await later.json()]).toEqual([
      202,
      '2',
      { code: 0, data: { job: 'j1' } },
    ])

    const never = await send('POST', '/pages', { text: '', how: 'never' })
    expect([never.status, never.headers.get('content-type'), await never.text()]).toEqual([204, null, ''])
  })

  it('sends nothing of it with an error', async () => {
    const conflict = await send('POST', '/pages', { text: 'taken', how: 'now' })
    expect([conflict.status, conflict.headers.get('x-count')]).toEqual([409, null])
    const mallory = await send('POST', '/login', { name: 'mallory' })
    expect([mallory.status, mallory.headers.getSetCookie()]).toEqual([401, []])
  })

  it.each(['bad data', 'failing hook', 'no header'])(
    'sends nothing of it when the result breaks the contract: %s',
    async (how) => {
      const strict = contract('strict-service', {
        get: {
          route: 'GET /',
          returns: t.Object({ n: t.Integer() }),
          cacheControl: 'public, max-age=3600',
          etag: true,
          setCookies: { session },
          responseHeaders: { 'x-n': t.Integer(), 'x-m': t.Integer() },
        },
      })
      const strictService = service(strict, {
        handlers: {
          get({ response }) {
            response.etag('v1').cookie('session', 'ann').header('x-n', 1)
            if (how !== 'no header') response.header('x-m', 1)
            return { n: (how === 'bad data' ? 'x' : 1) as number }
          },
        },
        hooks: {
          beforeStart({ fastify }) {
            fastify.addHook('onSend', async (_request, reply) => {
              reply.header('x-plugin', '1')
              if (how === 'failing hook' && reply.statusCode === 200) throw new Error('the plugin failed')
            })
          },
        },
      })
      const { url: at } = await strictService.listen()
      const response = await fetch(at).finally(() => strictService.close())
      const { headers } = response
      const sent = ['cache-control', 'etag', 'set-cookie', 'x-n', 'x-m'].filter((name) => headers.has(name))
      expect([response.status, sent, headers.get('x-plugin')]).toEqual([500, [], '1'])
      expect(await response.json()).toEqual({ code: 50000, message: 'Internal Server Error' })
    },
  )

  it.each(['bad header', 'split', 'undeclared', 'status', 'tag with a comma', 'empty tag'])(
    'is a 500 when a handler breaks the contract: %s',
    async (text) => {
      const response = await send('POST', '/pages', { text, how: 'now' })
      expect([response.status, response.headers.getSetCookie()]).toEqual([500, []])
    },
  )

  it('is typed for callers, over undici and over fetch', async () => {
    await using over = client(pages, { url })
    for (const one of [over, fetchClient(pages, { url })]) {
      const now = await one.addPage.raw({ body: { text: 'abc', how: 'now' } })
      if (now.status === 201) expect(now.value.text).toBe('abc')
      const count: number = now.headers['x-count']
      expect([now.status, count, now.headers['x-tags']]).toEqual([201, 3, ['a', 'b']])
      const bare = await one.addPage.raw({ body: { text: 'no tag', how: 'now' } })
      expect(bare.headers['x-tags']).toEqual([])
      const later = await one.addPage.raw({ body: { text: 'abc', how: 'later' } })
      expect(later.status === 202 && later.value.job).toBe('j1')
      const never = await one.addPage({ body: { text: 'abc', how: 'never' } })
      expect(never).toBeUndefined()
    }
  })

  it('reports the missing header of a handler in a test', async () => {
    const strict = contract('strict-service', {
      get: { route: 'GET /', returns: t.Null(), responseHeaders: { 'x-count': t.Integer() } },
    })
    await using app = await testService(service(strict, { handlers: { get: () => null } }))
    await expect(app.client.get()).rejects.toMatchObject({
      status: 500,
      cause: { message: expect.stringContaining('the response has no header x-count') },
    })
  })
})

describe('entity tags', () => {
  it('gives a caller who has the data a 304 without it', async () => {
    const first = await send('GET', '/pages/7')
    const etag = first.headers.get('etag')!
    expect([first.status, first.headers.get('cache-control')]).toEqual([200, 'private, max-age=60'])
    expect(etag).toMatch(/^"[\w-]{27}"$/)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await send('GET', '/pages/7', undefined, { 'if-none-match': known })
      expect([again.status, again.headers.get('etag'), again.headers.get('content-type'), await again.text()]).toEqual([
        304,
        etag,
        null,
        '',
      ])
      expect(again.headers.get('cache-control')).toBe('private, max-age=60')
    }
    for (const other of ['"other"', '', 'garbage', '"'.repeat(1000)]) {
      expect((await send('GET', '/pages/7', undefined, { 'if-none-match': other })).status).toBe(200)
    }
    const head = await send('HEAD', '/pages/7')
    expect([head.status, head.headers.get('etag')]).toEqual([200, etag])
  })

  it('rejects the change of a version that the caller has not seen', async () => {
    stored.clear()
    expect((await send('PUT', '/pages/1', { text: 'a' })).status).toBe(428)
    const made = await send('PUT', '/pages/1', { text: 'a' }, { 'if-none-match': '*' })
    expect([made.status, made.headers.get('etag')]).toEqual([200, '"1"'])
    expect((await send('PUT', '/pages/1', { text: 'b' }, { 'if-none-match': '*' })).status).toBe(412)
    expect((await send('PUT', '/pages/1', { text: 'b' }, { 'if-match': '"2"' })).status).toBe(412)
    expect((await send('PUT', '/pages/2', { text: 'b' }, { 'if-match': '*' })).status).toBe(412)
    const changed = await send('PUT', '/pages/1', { text: 'b' }, { 'if-match': 'W/"1"' })
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"'])
    expect(stored.get(1)!.text).toBe('b')

    const versioned = await send('GET', '/versions/1')
    expect(versioned.headers.get('etag')).toBe('"2"')
    expect((await send('GET', '/versions/1', undefined, { 'if-none-match': '"2"' })).status).toBe(304)
    const missing = await send('GET', '/versions/9', undefined, { 'if-none-match': '*' })
    expect([missing.status, missing.headers.get('etag')]).toEqual([404, null])
  })

  it('is a 500 when a handler does not look at if-match', async () => {
    expect((await send('PUT', '/pages/1', { text: 'unchecked' }, { 'if-match': '"9"' })).status).toBe(500)
  })

  it('tells a caller by .raw(), and only by that', async () => {
    await using over = client(pages, { url })
    for (const one of [over, fetchClient(pages, { url })]) {
      const first = await one.getPage.raw({ params: { id: 7 } })
      const headers = { 'if-none-match': String(first.headers['etag']) }
      const again = await one.getPage.raw({ params: { id: 7 } }, { headers })
      expect([again.status, again.value]).toEqual([304, undefined])
      await expect(one.getPage({ params: { id: 7 } }, { headers })).rejects.toMatchObject({
        status: 502,
        message: expect.stringContaining('only .raw() can return "not modified"'),
      })
      const stale = one.putPage({ params: { id: 1 }, body: { text: 'x' } }, { headers: { 'if-match': '"0"' } })
      await expect(stale).rejects.toBeInstanceOf(PreconditionFailed)
    }
  })
})

describe('cookies', () => {
  const log = async (name: string) => (await send('POST', '/login', { name })).headers.getSetCookie()
  const me = async (header: string) =>
    ((await (await send('GET', '/me', undefined, { cookie: header })).json()) as { data: unknown }).data

  it('are set with the attributes of the contract, and no cache stores them', async () => {
    const response = await send('POST', '/login', { name: 'ada' })
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session=ada\.[\w-]{43}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
      '__Host-theme=dark; Max-Age=5; Path=/; Secure; SameSite=Strict',
    ])
    const out = await send('POST', '/logout')
    expect([out.status, out.headers.getSetCookie()]).toEqual([
      204,
      ['session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'],
    ])
  })

  it('are read when their signature is right', async () => {
    const [set] = await log('Ada; Lovelace="1"')
    const sent = set!.split(';')[0]!
    expect(await me(`x=1; ${sent}; __Host-theme=light`)).toEqual({ session: 'Ada; Lovelace="1"', theme: 'light' })
  })

  it.each([
    ['none', ''],
    ['no signature', 'session=ada'],
    ['another value', (sent: string) => sent.replace('ada', 'eve')],
    ['a cut signature', (sent: string) => sent.slice(0, -1)],
    ['an empty value', 'session='],
    ['the signature of another cookie', (sent: string) => sent.replace('session=', 'session2=')],
    ['a value that is not encoded', 'session=%E0%A4%A'],
    ['a prototype', '__proto__=1; constructor=2'],
  ])('are undefined with %s', async (_, make) => {
    const [set] = await log('ada')
    const sent = set!.split(';')[0]!
    expect(await me(typeof make === 'string' ? make : make(sent))).toEqual({})
  })

  it('are read after the secret has changed, as long as the old one is listed', async () => {
    const [set] = await log('ada')
    const read = async (...cookieSecrets: string[]) => {
      await using app = await testService(pageService, { config: { cookieSecrets } })
      const { data } = await app.client.whoAmI({}, { headers: { cookie: set!.split(';')[0]! } })
      return data.session
    }
    expect(await read('c'.repeat(32), 'a'.repeat(32))).toBe('ada')
    expect(await read('c'.repeat(32))).toBeUndefined()
  })

  it('that browsers would ignore are a 500, and a start without secrets fails', async () => {
    expect((await send('POST', '/login', { name: 'long' })).status).toBe(500)
    const config = { cookieSecrets: [] }
    await expect(testService(pageService, { config })).rejects.toThrow('COOKIE_SECRETS is required')
    await expect(testService(pageService, { config: { cookieSecrets: ['short'] } })).rejects.toThrow(
      'expected secrets of at least 32 characters',
    )
  })

  it.each<[object, string]>([
    [{ sameSite: 'none', secure: false }, "sameSite: 'none' needs secure: true"],
    [{ name: '__Host-x', path: '/a' }, 'a name with __Host- needs'],
    [{ name: 'a b' }, 'name must have only letters'],
    [{ path: '/;x' }, 'path must begin with "/"'],
    [{ domain: 'a;b' }, 'domain must be a name'],
    [{ maxAgeSeconds: -1 }, 'maxAgeSeconds must be a positive integer'],
    [{ maxAge: 1 }, 'unknown option "maxAge"'],
  ])('are checked when they are declared: %j', (options, message) => {
    expect(() => cookie(options)).toThrow(message)
  })
})

describe('redirects', () => {
  it('lead to paths and to the origins of the contract', async () => {
    const over = async (to: string) => {
      const response = await send('GET', `/old/${encodeURIComponent(to)}`)
      return [response.status, response.headers.get('location')]
    }
    expect(await over('/pages/1?a=b#c')).toEqual([302, '/pages/1?a=b#c'])
    expect(await over('https://pay.example/x')).toEqual([302, 'https://pay.example/x'])
    const pay = await send('POST', '/pay')
    expect([pay.status, pay.headers.get('location'), await pay.text()]).toEqual([303, '/orders/%C3%BC%201', ''])
    expect((await send('GET', '/moved')).status).toBe(308)
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'https://pay.example.evil.example',
    'https://pay.example@evil.example',
    'javascript:alert(1)',
    'pages',
    ' /x',
    '/a b',
    'http://pay.example/',
  ])('are a 500 to %j, which the contract does not allow', async (to) => {
    const response = await send('GET', `/old/${encodeURIComponent(to)}`)
    expect([response.status, response.headers.get('location')]).toEqual([500, null])
  })

  it('give a caller the URL', async () => {
    await using over = client(pages, { url })
    for (const one of [over, fetchClient(pages, { url })]) {
      expect(await one.moved()).toBe('/pages/1')
      const raw = await one.pay.raw()
      expect([raw.status, raw.value]).toEqual([303, '/orders/%C3%BC%201'])
    }
    const browser = fetchClient(pages, { url, fetch: async () => ({ type: 'opaqueredirect' }) as Response })
    await expect(browser.moved()).rejects.toThrow('a browser does not tell a page where a redirect leads')
  })
})

describe('mocks', () => {
  const shop = contract('shop-service', { go: { route: 'GET /go', returns: t.Unknown() } })
  const shopService = service(shop, {
    clients: { pages },
    handlers: {
      async go({ clients }) {
        const { status, headers, value } = await clients.pages.addPage.raw({ body: { text: 'a', how: 'now' } })
        return { status, count: headers['x-count'], value }
      },
    },
  })

  it('respond with any of the responses', async () => {
    await using app = await testService(shopService)
    const mock = app.mock(pages)
    mock.addPage.responds({ status: 202, headers: { 'x-count': 3 }, value: { job: 'j' } })
    expect((await app.client.go()).data).toEqual({ status: 202, count: 3, value: { job: 'j' } })
    mock.addPage.returns({ id: 1, text: 'a' })
    expect((await app.client.go()).data).toEqual({ status: 201, value: { id: 1, text: 'a' } })
    mock.addPage.returns({ job: 7 } as never)
    await expect(app.client.go()).rejects.toThrow('the mock returned what the contract does not allow')
    mock.addPage.responds({ status: 202, value: { id: 1, text: 'a' } })
    await expect(app.client.go()).rejects.toThrow('the mock returned what the contract does not allow')
  })
})

describe('the contract', () => {
  const define = (operation: object) => () => contract('x-service', { get: { route: 'GET /', ...operation } } as never)

  it.each<[string, object, string]>([
    [
      'an error as a response',
      { responses: { 404: null } },
      'responses[404]: a status of success is 200 to 299, or 304',
    ],
    ['the usual status again', { responses: { 200: t.Null() } }, 'responses[200] is already the status'],
    ['a body where there is none', { responses: { 204: t.Null() } }, 'responses[204] cannot have a body: use null'],
    ['no schema', { responses: { 202: 'x' } }, 'responses[202] must be a schema, or null'],
    [
      'an unknown keyword',
      { responses: { 202: t.String({ minLenght: 1 }) } },
      'responses[202]: unknown keyword "minLenght"',
    ],
    [
      'an upper-case header',
      { responseHeaders: { Location: t.String() } },
      'responseHeaders.Location must be in lower case',
    ],
    ['an object in a header', { responseHeaders: { x: t.Object({}) } }, 'responseHeaders.x: a header is text'],
    [
      'content-length',
      { responseHeaders: { 'content-length': t.Integer() } },
      'responseHeaders.content-length is set by tricube',
    ],
    ['set-cookie', { responseHeaders: { 'set-cookie': t.String() } }, 'responseHeaders.set-cookie: use setCookies'],
    ['no cookie', { cookies: { a: t.String() } }, 'cookies.a must be a cookie'],
    [
      'a misspelt directive',
      { cacheControl: 'privat' },
      'cacheControl: unknown directive "privat", did you mean private?',
    ],
    ['a directive without its seconds', { cacheControl: 'max-age' }, 'cacheControl: max-age needs seconds'],
    ['etag without data', { etag: true }, 'etag needs returns'],
    [
      'required for a GET',
      { etag: 'required', returns: t.Null() },
      "etag: 'required' is for operations that change something",
    ],
    [
      'a status of a redirect',
      { returns: redirect(), status: 201 },
      'the status of a redirect is an option of redirect()',
    ],
    [
      'by key with headers',
      { route: 'POST /', idempotent: 'by key', responseHeaders: { x: t.String() } },
      "idempotent: 'by key' stores the data alone",
    ],
  ])('rejects %s', (_, operation, message) => {
    expect(define(operation)).toThrow(`x-service.get: ${message}`)
  })

  it.each<[object, string]>([
    [{ status: 200 }, 'redirect: status must be one of 301'],
    [{ origins: ['https://a.example/x'] }, "redirect: origins must be 'any' or a list"],
    [{ origins: ['javascript:1'] }, "redirect: origins must be 'any' or a list"],
  ])('rejects redirect(%j)', (options, message) => {
    expect(() => redirect(options as {})).toThrow(message)
  })
})

describe('OpenAPI', () => {
  const document = openapiDocument(pages)
  const responses = (path: string, method: string) => document.paths[path]![method]!.responses as Record<string, any>

  it('is valid, and has statuses, headers, cookies, tags and redirects', async () => {
    expect(await problemsOf(document)).toEqual([])
    const add = responses('/pages', 'post')
    expect(Object.keys(add)).toEqual(expect.arrayContaining(['201', '202', '204', '409']))
    expect(add['202'].content['application/json'].schema.properties.data.properties).toEqual({
      job: { type: 'string' },
    })
    expect(add['201'].headers['x-count']).toEqual({
      description: '',
      schema: { type: 'integer', minimum: 0 },
      required: true,
    })
    const get = document.paths['/pages/{id}']!['get']!
    expect(get.parameters!.map(({ name, in: where }) => `${where} ${name}`)).toEqual([
      'path id',
      'header if-none-match',
    ])
    expect(get.responses['304']).toMatchObject({ description: 'Not modified; no body' })
    expect(get.responses['200']).toMatchObject({
      headers: { 'Cache-Control': { schema: { const: 'private, max-age=60' } } },
    })
    expect(Object.keys(responses('/pages/{id}', 'put'))).toEqual(expect.arrayContaining(['412', '428']))
    expect(document.paths['/me']!['get']!.parameters).toEqual([
      {
        name: 'session',
        in: 'cookie',
        required: false,
        description: 'signed by the service',
        schema: { type: 'string' },
      },
      { name: '__Host-theme', in: 'cookie', required: false, schema: { type: 'string' } },
    ])
    expect(responses('/login', 'post')['200'].headers['Set-Cookie']).toBeDefined()
    expect(responses('/pay', 'post')['303'].headers.Location.schema).toEqual({
      type: 'string',
      format: 'uri-reference',
    })
  })
})
