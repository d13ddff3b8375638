/** Every place of a contract or a service that takes a schema takes one of any library. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import { contract, form, multipart, openapiDocument, resource, secret, service, t } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService } from 'tricube/testing'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { z } from 'zod'
import { problemsOf } from '../openapi/validate.ts'

const Message = {
  to: z.string().trim().min(1),
  at: z.iso.date().transform((text) => ({ year: Number(text.slice(0, 4)) })),
  copies: z.int().max(5).default(1),
  kind: toStandardJsonSchema(v.picklist(['sms', 'mail'])),
  tags: t.Optional(t.Array(t.String())),
}
const posts = contract('post-service', {
  send: {
    route: 'POST /messages',
    body: form(Message),
    returns: z.object({ to: z.string(), year: z.number(), copies: z.int(), kind: z.string() }),
    responses: { 202: type({ queued: 'number' }) },
    responseHeaders: {
      'x-left': z.int().min(0),
      'x-cost': z
        .number()
        .transform((cents) => cents / 100)
        .pipe(z.number()),
      'x-plan': z.enum(['free', 'paid']).default('free'),
      'x-level': t.Optional(t.Union([t.Literal(1), t.Literal(2), t.Literal('none')])),
      'x-flags': type('string[]|undefined'),
    },
  },
  attach: {
    route: 'POST /files',
    body: multipart({ fields: { at: Message.at, copies: Message.copies }, files: { file: { maxBytes: 100 } } }),
    returns: t.Object({ year: t.Integer(), copies: t.Integer(), bytes: t.Integer() }),
  },
})
const postService = service(posts, {
  handlers: {
    send({ body, response }) {
      expectTypeOf(body).toEqualTypeOf<{
        to: string
        at: { year: number }
        copies: number
        kind: 'sms' | 'mail'
        tags?: string[]
      }>()
      response.header('x-left', body.to === 'broken' ? -1 : 7).header('x-cost', 250)
      if (body.tags) response.header('x-flags', body.tags).header('x-level', 2).header('x-plan', 'paid')
      if (body.kind === 'mail') {
        response.status(202)
        return { queued: 3 }
      }
      return { to: body.to, year: body.at.year, copies: body.copies, kind: body.kind }
    },
    attach: ({ body: { at, copies, file } }) => ({ year: at.year, copies, bytes: file.bytes }),
  },
})

let url: string
beforeAll(async () => void ({ url } = await postService.listen()))
afterAll(() => postService.close())

const message = { to: ' Ada ', at: '2026-01-31', kind: 'sms' } as const

describe('forms and response headers', () => {
  it('are read and written by any library, over undici and over fetch', async () => {
    await using over = client(posts, { url })
    for (const one of [over, fetchClient(posts, { url })]) {
      const { status, value, headers } = await one.send.raw({ body: message })
      expect([status, value]).toEqual([200, { to: 'Ada', year: 2026, copies: 1, kind: 'sms' }])
      expect(headers).toMatchObject({ 'x-left': 7, 'x-cost': 2.5, 'x-plan': 'free' })
      expectTypeOf(headers['x-plan']).toEqualTypeOf<'free' | 'paid'>()
      expectTypeOf(headers['x-left']).toEqualTypeOf<number>()
      const more = await one.send.raw({ body: { ...message, kind: 'mail', copies: 5, tags: ['a', 'b'] } })
      expect(more).toMatchObject({
        status: 202,
        value: { queued: 3 },
        headers: { 'x-flags': ['a', 'b'], 'x-level': 2, 'x-plan': 'paid' },
      })
      const file = new Blob(['abc'])
      expect(await one.attach({ body: { at: '2025-12-31', file } })).toEqual({ year: 2025, copies: 1, bytes: 3 })
    }
  })

  it('are rejected with the problems of all fields', async () => {
    const response = await fetch(`${url}/messages`, {
      method: 'POST',
      body: new URLSearchParams({ to: 'a', at: 'yesterday', kind: 'fax', copies: '9', cc: 'b' }),
    })
    const { code, error } = (await response.json()) as { code: number; error: { path: string }[] }
    expect([response.status, code, error.map(({ path }) => path).toSorted()]).toEqual([
      400,
      40002,
      ['at', 'cc', 'copies', 'kind'],
    ])
    // What only the library knows comes when the JSON Schema has nothing against it.
    const spaces = new URLSearchParams({ ...message, to: '  ' })
    expect((await fetch(`${url}/messages`, { method: 'POST', body: spaces })).status).toBe(400)
  })

  it('that break the contract are a 500 that names the header', async () => {
    await using app = await testService(postService)
    await expect(app.client.send({ body: { ...message, to: 'broken' } })).rejects.toMatchObject({
      status: 500,
      cause: { message: expect.stringContaining('the response header x-left') },
    })
  })

  it('are checked by mocks', async () => {
    const caller = service(contract('caller-service', { go: { route: 'GET /go', returns: t.Integer() } }), {
      clients: { posts },
      handlers: {
        async go({ clients }) {
          const { headers } = await clients.posts.send.raw({ body: { ...message, copies: 6 } })
          return headers['x-left']
        },
      },
    })
    await using app = await testService(caller)
    app.mock(posts).send.responds({
      headers: { 'x-left': 4 },
      value: { to: 'Ada', year: 2026, copies: 1, kind: 'sms' },
    })
    await expect(app.client.go()).rejects.toThrow('post-service.send was called with invalid body: copies must be <= 5')
  })

  it('are described in OpenAPI', async () => {
    const document = openapiDocument(posts)
    expect(await problemsOf(document)).toEqual([])
    const { requestBody, responses } = document.paths['/messages']!['post']!
    expect(requestBody!.content['application/x-www-form-urlencoded']!.schema).toMatchObject({
      required: ['to', 'at', 'kind'],
      properties: { copies: { type: 'integer', maximum: 5 }, kind: { enum: ['sms', 'mail'] } },
    })
    const headers = (responses['200'] as { headers: Record<string, unknown> }).headers
    expect(headers).toMatchObject({
      'x-left': { required: true, schema: { type: 'integer', minimum: 0 } },
      'x-plan': { required: true, schema: { enum: ['free', 'paid'] } },
      'x-flags': { schema: { type: 'array' } },
    })
    expect(headers['x-flags']).not.toHaveProperty('required')
    expect(document.paths['/files']!['post']!.requestBody!.content['multipart/form-data']!.schema).toMatchObject({
      required: ['at', 'file'],
    })
  })

  it.each<[string, () => unknown, string]>([
    ['a Map in a form', () => form({ a: z.map(z.string(), z.string()) }), 'form: fields.a: Map cannot be represented'],
    ['no schema in a form', () => form({ a: 7 as never }), 'form: fields.a must be a schema'],
    ['a Date in a multipart', () => multipart({ fields: { a: z.date() } }), 'multipart: fields.a: Date cannot be'],
    [
      'a header that is a Date',
      () => contract('x-service', { a: { route: 'GET /', responseHeaders: { 'x-a': z.date() } } }),
      'responseHeaders.x-a: Date cannot be represented',
    ],
    [
      'a header that is an object',
      () => contract('x-service', { a: { route: 'GET /', responseHeaders: { 'x-a': z.object({}) } } }),
      'responseHeaders.x-a: a header is text',
    ],
    [
      'an object in a form',
      () => contract('x-service', { a: { route: 'POST /', body: form({ a: z.object({}) }) } }),
      'body.a: a form is text',
    ],
  ])('rejects %s', (_, define, problem) => {
    expect(define).toThrow(problem)
  })
})

describe('settings', () => {
  const simple = contract('setting-service', { get: { route: 'GET /', returns: t.Any() } })
  const settings = {
    pspUrl: z.url().default('https://psp.example'),
    retries: z.coerce.number().int().max(9),
    hosts: z.string().transform((text) => text.split(';')),
    pspKey: secret(z.string().trim().min(4)),
    market: type('"eu"|"us"|undefined'),
  }
  const mailer = resource({ settings: { from: z.email() }, open: ({ settings: { from } }) => ({ from }) })
  const settingService = service(simple, {
    settings,
    resources: { mailer },
    handlers: {
      get: ({ settings: { pspUrl, retries, hosts, pspKey, market }, mailer }) => {
        expectTypeOf(hosts).toEqualTypeOf<string[]>()
        expectTypeOf(market).toEqualTypeOf<'eu' | 'us' | undefined>()
        return { pspUrl, retries, hosts, key: pspKey.length, market: market ?? null, from: mailer.from }
      },
    },
  })
  const env = { RETRIES: '3', HOSTS: 'a;b', PSP_KEY: ' abcdef ', FROM: 'shop@example.com' }

  it('are read by any library, and the service gets what the library makes', async () => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    await using app = await testService(settingService)
    vi.unstubAllEnvs()
    expect((await app.client.get()).data).toEqual({
      pspUrl: 'https://psp.example',
      retries: 3,
      hosts: ['a', 'b'],
      key: 6,
      market: null,
      from: 'shop@example.com',
    })
  })

  it('of a test are inputs, too', async () => {
    await using app = await testService(settingService, {
      settings: { retries: 2, hosts: 'c', pspKey: 'four', market: 'eu', from: 'a@example.com' },
    })
    expect((await app.client.get()).data).toMatchObject({ retries: 2, hosts: ['c'], market: 'eu' })
  })

  it.each([
    ['RETRIES', '12', 'RETRIES in the environment'],
    ['HOSTS', undefined, 'HOSTS is not set'],
    ['FROM', 'nobody', 'FROM in the environment'],
    ['MARKET', 'asia', 'MARKET in the environment'],
    ['PSP_KEY', '  abc  ', 'PSP_KEY in the environment'],
  ])('stop the start when %s is %s', async (name, value, message) => {
    for (const [one, usual] of Object.entries({ ...env, [name]: value })) vi.stubEnv(one, usual)
    const failure = await testService(settingService).catch(String)
    vi.unstubAllEnvs()
    expect(failure).toContain(message)
    expect(failure).not.toContain('abc') // a secret is not shown
  })

  it('without JSON Schema are rejected at the definition', () => {
    const define = (one: unknown) => () =>
      service(simple, { settings: { a: one as never }, handlers: { get: () => 1 } })
    expect(define(z.date())).toThrow('settings.a: Date cannot be represented in JSON Schema')
    expect(define(v.string())).toThrow('settings.a is a schema of valibot without JSON Schema')
    expect(define(null)).toThrow('settings.a: expected a schema like t.String(), got null')
  })
})
