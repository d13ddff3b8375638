/** Contracts in Zod, Valibot, ArkType and TypeBox, mixed, through sockets. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import { contract, jobs, openapiDocument, service, t, type Client, type InputOf } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService, type TestApp } from 'tricube/testing'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const Note = z
  .object({
    text: z.string().min(1).max(280),
    pinned: z.boolean().default(false),
    at: z.iso.datetime().optional(),
  })
  .meta({ id: 'Note' })
const Sum = type({ a: 'number.integer', b: 'number.integer = 1' })
const Person = toStandardJsonSchema(
  v.object({ name: v.pipe(v.string(), v.trim(), v.minLength(2)), email: v.pipe(v.string(), v.email()) }),
)
const Payment = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('card'), number: z.string().regex(/^\d{4}$/) }),
  z.object({ kind: z.literal('cash'), amount: z.number().positive() }),
])
const Tree = z.object({
  value: z.number(),
  get children() {
    return z.array(Tree)
  },
})

const mixedContract = contract('mixed-service', {
  saveNote: { route: 'POST /notes', body: Note, returns: Note, status: 201 },
  add: { route: 'POST /sums', body: Sum, returns: t.Object({ sum: t.Integer() }) },
  greet: { route: 'POST /people', body: Person, returns: type({ text: 'string' }) },
  pay: { route: 'POST /payments', body: Payment, returns: z.string() },
  grow: { route: 'POST /trees', body: Tree, returns: Tree },
  find: {
    route: 'GET /things/:id/:code',
    params: { id: z.coerce.number().int().positive(), code: toStandardJsonSchema(v.pipe(v.string(), v.length(3))) },
    query: {
      limit: z.coerce.number().int().max(100).default(20),
      tags: z.array(z.enum(['red', 'blue'])).optional(),
      since: z.iso
        .date()
        .transform((text) => ({ year: Number(text.slice(0, 4)) }))
        .optional(),
      open: z.stringbool().optional(),
      near: type('string|undefined'),
      old: t.Optional(t.Boolean()),
    },
    headers: { 'x-tenant': z.string().toUpperCase() },
    returns: z.unknown(),
  },
  lengths: {
    route: 'POST /lengths',
    body: z.object({ words: z.array(z.string().transform((word) => word.length)) }),
    returns: z.object({ lengths: z.array(z.int()) }),
  },
  range: {
    route: 'POST /ranges',
    body: z.object({ from: z.int(), to: z.int() }).refine(({ from, to }) => from <= to, {
      path: ['to'],
      message: 'must not be before from',
    }),
    returns: z.null(),
  },
  label: {
    route: 'GET /label/:text',
    returns: z.object({ text: z.string().trim().max(5), size: z.int().default(7), when: z.iso.datetime().optional() }),
  },
  page: {
    route: 'GET /pages',
    paginated: true,
    returns: z.object({ n: z.string().transform(Number).pipe(z.number()) }),
  },
})

const mixed = service(mixedContract, {
  handlers: {
    saveNote: ({ body }) => body,
    add: ({ body: { a, b } }) => ({ sum: a + b }),
    greet: ({ body }) => ({ text: `${body.name} <${body.email}>` }),
    pay: ({ body }) => body.kind,
    grow: ({ body }) => body,
    find: ({ params, query, headers }) => ({ params, query, tenant: headers['x-tenant'] }),
    lengths: ({ body }) => ({ lengths: body.words }),
    range: () => null,
    label({ params: { text } }) {
      const more = text === 'dated' ? { when: new Date(0) as unknown as string, secret: 1 } : {}
      return { text: ` ${text} `, ...more }
    },
    page: () => ({ items: [{ n: '1' }, { n: '2' }], total: 2 }),
  },
})

let app: TestApp<typeof mixedContract>
let url: string
beforeAll(async () => {
  app = await testService(mixed, { config: { logLevel: 'silent' } })
  url = await app.fastify.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => app.close())

async function send(
  method: string,
  path: string,
  body?: unknown,
  headers = {},
): Promise<{ status: number; json: any }> {
  const response = await fetch(url + path, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, json: await response.json() }
}
const problems = async (path: string, body: unknown): Promise<unknown> => (await send('POST', path, body)).json.error

describe('a body', () => {
  it('of each library is accepted, and its defaults are filled in', async () => {
    expect(await send('POST', '/notes', { text: 'tea' })).toMatchObject({
      status: 201,
      json: { data: { text: 'tea', pinned: false } },
    })
    expect((await send('POST', '/sums', { a: 2 })).json.data).toEqual({ sum: 3 })
    expect((await send('POST', '/people', { name: '  Ada ', email: 'ada@example.com' })).json.data).toEqual({
      text: 'Ada <ada@example.com>',
    })
  })

  it('is rejected with the path and every problem', async () => {
    expect(await problems('/notes', { text: '', at: 'noon', extra: 1 })).toEqual([
      { in: 'body', path: 'extra', message: 'is not a known field' },
      { in: 'body', path: 'text', message: 'must NOT have fewer than 1 characters' },
      { in: 'body', path: 'at', message: 'must match format "date-time"' },
    ])
    expect(await problems('/sums', { a: 1.5, b: 'x' })).toEqual([
      { in: 'body', path: 'a', message: 'must be integer' },
      { in: 'body', path: 'b', message: 'must be integer' },
    ])
    expect(await problems('/people', { name: 'Ada', email: 'nobody' })).toEqual([
      { in: 'body', path: 'email', message: 'must match format "email"' },
    ])
  })

  it('is checked by its own library where JSON Schema does not say all', async () => {
    expect(await problems('/ranges', { from: 2, to: 1 })).toEqual([
      { in: 'body', path: 'to', message: 'must not be before from' },
    ])
    expect(await problems('/people', { name: ' A ', email: 'ada@example.com' })).toEqual([
      { in: 'body', path: 'name', message: expect.stringContaining('Invalid length') },
    ])
  })

  it('is transformed', async () => {
    expect((await send('POST', '/lengths', { words: ['a', 'tea'] })).json.data).toEqual({ lengths: [1, 3] })
    expect(await problems('/lengths', { words: [1] })).toEqual([
      { in: 'body', path: 'words.0', message: 'must be string' },
    ])
  })

  it('that is a union has the problems of the chosen branch only, each once', async () => {
    expect(await problems('/payments', { kind: 'card', number: '12' })).toEqual([
      { in: 'body', path: 'number', message: 'must match pattern "^\\d{4}$"' },
    ])
    expect(await problems('/payments', { kind: 'cash', number: '1234' })).toEqual([
      { in: 'body', path: 'amount', message: 'is required' },
      { in: 'body', path: 'number', message: 'is not a known field' },
    ])
    expect(await problems('/payments', { kind: 'gold' })).toEqual([
      { in: 'body', path: 'kind', message: 'must be one of card, cash' },
    ])
  })

  it('may be recursive, and is bounded in depth', async () => {
    const tree = { value: 1, children: [{ value: 2, children: [] }] }
    expect((await send('POST', '/trees', tree)).json.data).toEqual(tree)
    expect(await problems('/trees', { value: 1, children: [{ value: 'x', children: [] }] })).toEqual([
      { in: 'body', path: 'children.0.value', message: 'must be number' },
    ])
    let deep: unknown = { value: 1, children: [] }
    for (let i = 0; i < 300; i++) deep = { value: 1, children: [deep] }
    expect((await send('POST', '/trees', deep)).status).toBe(400)
  })
})

describe('params, query and headers', () => {
  it('are read from text by their JSON Schema', async () => {
    const { json } = await send(
      'GET',
      '/things/7/abc?tags=red&tags=blue&since=2026-01-31&open=yes&near=x&old=true',
      undefined,
      {
        'x-tenant': 'acme',
      },
    )
    expect(json.data).toEqual({
      params: { id: 7, code: 'abc' },
      query: { limit: 20, tags: ['red', 'blue'], since: { year: 2026 }, open: true, near: 'x', old: true },
      tenant: 'ACME',
    })
  })

  it('are optional where their library says so', async () => {
    const { json } = await send('GET', '/things/7/abc?limit=5', undefined, { 'x-tenant': 'acme' })
    expect(json.data.query).toEqual({ limit: 5 })
  })

  it('are rejected together', async () => {
    const { json } = await send('GET', '/things/0/ab?limit=101&tags=green&since=never&open=perhaps&zz=1')
    expect(json.error).toEqual([
      { in: 'params', path: 'id', message: 'must be > 0' },
      { in: 'params', path: 'code', message: 'must NOT have fewer than 3 characters' },
      { in: 'query', path: 'zz', message: 'is not a known field' },
      { in: 'query', path: 'limit', message: 'must be <= 100' },
      { in: 'query', path: 'tags.0', message: 'must be one of red, blue' },
      { in: 'query', path: 'since', message: expect.stringMatching(/^must match/) },
      { in: 'headers', path: 'x-tenant', message: 'is required' },
    ])
    const own = await send('GET', '/things/1/abc?open=perhaps', undefined, { 'x-tenant': 'a' })
    expect(own.json.error).toEqual([{ in: 'query', path: 'open', message: expect.stringContaining('Invalid') }])
  })
})

describe('a response', () => {
  it('is what its library makes of the data of the handler', async () => {
    expect((await send('GET', '/label/tea')).json.data).toEqual({ text: 'tea', size: 7 })
    expect((await send('GET', '/label/dated')).json.data).toEqual({
      text: 'dated',
      size: 7,
      when: '1970-01-01T00:00:00.000Z',
    })
    expect((await send('GET', '/pages')).json).toMatchObject({ data: [{ n: 1 }, { n: 2 }], pagination: { total: 2 } })
  })

  it('that breaks its schema is a 500, and the test kit names the field', async () => {
    const failed = app.client.label({ params: { text: 'too long' } })
    await expect(failed).rejects.toThrow('the handler returned what the contract does not allow: text Too big')
    const real = service(mixedContract, { handlers: mixed.definition.handlers as never })
    const { url: realUrl } = await real.listen()
    expect((await fetch(`${realUrl}/label/too%20long`)).status).toBe(500)
    expect(await (await fetch(`${realUrl}/label/dated`)).json()).toMatchObject({
      data: { when: '1970-01-01T00:00:00.000Z' },
    })
    await real.close()
  })
})

describe('clients', () => {
  it('send the input and get the output', async () => {
    await using calls = client(mixedContract, { url })
    const viaFetch = fetchClient(mixedContract, { url })
    for (const one of [calls as Client<typeof mixedContract>, viaFetch]) {
      expect(await one.saveNote({ body: { text: 'tea' } })).toEqual({ text: 'tea', pinned: false })
      expect(await one.lengths({ body: { words: ['tea'] } })).toEqual({ lengths: [3] })
      expect((await one.page()).items).toEqual([{ n: 1 }, { n: 2 }])
      await expect(one.pay({ body: { kind: 'card', number: 'x' } })).rejects.toMatchObject({ code: 40002 })
    }
  })

  it('have mocks that do the same', async () => {
    const callerContract = contract('caller-service', { call: { route: 'GET /call', returns: z.unknown() } })
    await using caller = await testService(
      service(callerContract, {
        clients: { mixed: mixedContract },
        handlers: {
          call: async ({ clients }) => [
            await clients.mixed.label({ params: { text: 'a' } }),
            await clients.mixed.lengths({ body: { words: ['tea'] } }),
            (await clients.mixed.page()).items,
          ],
        },
      }),
      { config: { logLevel: 'silent' } },
    )
    const mock = caller.mock(mixedContract)
    mock.label.returns({ text: ' x ' })
    mock.lengths.returns({ lengths: [3] })
    mock.page.returns({ items: [{ n: '5' }], total: 1 })
    expect((await caller.client.call()).data).toEqual([{ text: 'x', size: 7 }, { lengths: [3] }, [{ n: 5 }]])
    mock.label.returns({ text: 'too long' })
    await expect(caller.client.call()).rejects.toThrow('mixed-service.label: the mock returned what the contract')
  })
})

describe('OpenAPI', () => {
  it('names schemas by their id, and tells input from output', () => {
    const { components, paths } = openapiDocument(mixedContract) as any
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining(['Note', 'NoteInput']))
    expect(components.schemas.NoteInput.required).toEqual(['text'])
    expect(components.schemas.Note.required).toEqual(['pinned', 'text'])
    expect(paths['/notes'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/NoteInput',
    })
    const { parameters } = paths['/things/{id}/{code}'].get
    expect(parameters.find(({ name }: { name: string }) => name === 'limit')).toMatchObject({
      required: false,
      schema: { type: 'integer', maximum: 100, default: 20 },
    })
    expect(JSON.stringify({ components, paths })).not.toMatch(/__schema|\$defs|\$schema/)
  })

  it('uses one component for a schema that two operations share', () => {
    const Id = z.object({ id: z.int() }).meta({ id: 'Id' })
    const twice = contract('twice-service', {
      a: { route: 'POST /a', body: Id, returns: Id },
      b: { route: 'POST /b', body: z.object({ inner: Id }), returns: z.array(Id) },
    })
    expect(Object.keys(openapiDocument(twice).components.schemas)).toEqual(expect.arrayContaining(['Id']))
    expect(openapiDocument(twice).components.schemas).not.toHaveProperty('IdInput')
  })
})

describe('a definition', () => {
  const define = (body: never) => () => contract('bad-service', { save: { route: 'POST /a', body } })
  it.each([
    [
      'Zod',
      z.object({ a: z.object({ since: z.date() }) }),
      'bad-service.save: body.a.since: Date cannot be represented in JSON Schema',
    ],
    [
      'Zod, in a list',
      z.object({ all: z.array(z.bigint()) }),
      'bad-service.save: body.all[]: BigInt cannot be represented in JSON Schema',
    ],
    [
      'Valibot',
      toStandardJsonSchema(v.object({ a: v.object({ since: v.date() }) })),
      'bad-service.save: body.a.since: The "date" schema cannot be converted to JSON Schema.',
    ],
    [
      'ArkType',
      type({ a: { since: 'Date' } }),
      'bad-service.save: body.a.since: a Date cannot be represented in JSON Schema',
    ],
    [
      'ArkType, a bigint',
      type({ n: 'bigint' }),
      'bad-service.save: body.n: a bigint cannot be represented in JSON Schema',
    ],
    [
      'Valibot without its helper',
      v.object({}),
      'bad-service.save: body is a schema of valibot without JSON Schema: wrap it in toStandardJsonSchema of @valibot/to-json-schema',
    ],
    ['no schema', { type: 'object' }, 'bad-service.save: body must be a schema, like t.Object({ … })'],
  ])('fails at what is no JSON: %s', (_, body, message) => {
    expect(define(body as never)).toThrow(message)
  })

  it('fails at a response whose result has no JSON Schema', () => {
    const returns = z.object({ n: z.string().transform(Number) })
    expect(() => contract('bad-service', { get: { route: 'GET /a', returns } })).toThrow(
      'bad-service.get: returns.n: Transforms cannot be represented in JSON Schema',
    )
  })

  it('fails at schemas that are given as one', () => {
    expect(() => contract('bad-service', { get: { route: 'GET /a', query: z.object({}) as never } })).toThrow(
      'bad-service.get: query must be a plain object of schemas',
    )
  })

  it('accepts a library that tricube does not know', async () => {
    const even = {
      '~standard': {
        version: 1 as const,
        vendor: 'mine',
        validate: (value: unknown) =>
          (value as number) % 2 === 0 ? { value: value as number } : { issues: [{ message: 'must be even' }] },
        jsonSchema: { input: () => ({ type: 'integer' }), output: () => ({ type: 'integer' }) },
      },
    }
    const evenContract = contract('even-service', { halve: { route: 'POST /', body: even, returns: t.Integer() } })
    await using own = await testService(
      service(evenContract, { handlers: { halve: ({ body }) => (body as number) / 2 } }),
      { config: { logLevel: 'silent' } },
    )
    expect((await own.client.halve({ body: 4 })).data).toBe(2)
    await expect(own.client.halve({ body: 3 })).rejects.toMatchObject({
      error: [{ in: 'body', path: '', message: 'must be even' }],
    })
  })

  it('that checks asynchronously is a 500 that says so', async () => {
    const slow = contract('slow-service', {
      save: { route: 'POST /', body: z.object({ a: z.string().refine(async () => true) }), returns: z.null() },
    })
    await using own = await testService(service(slow, { handlers: { save: () => null } }), {
      config: { logLevel: 'silent' },
    })
    await expect(own.client.save({ body: { a: 'x' } })).rejects.toMatchObject({
      status: 500,
      cause: expect.objectContaining({ message: expect.stringContaining('checks asynchronously') }),
    })
  })
})

describe('events and jobs', () => {
  it('store the input, and give handlers the output', async () => {
    const Order = z.object({
      id: z.int(),
      note: z.string().trim().default('none'),
      words: z.string().transform((text) => text.split(' ')),
    })
    const orderContract = contract(
      'order-service',
      { place: { route: 'POST /orders', returns: z.null() } },
      {
        events: { placed: { payload: Order, key: 'id' } },
      },
    )
    const orderJobs = jobs({ count: { input: Order } })
    const seen: unknown[] = []
    const orders = service(orderContract, {
      models: {},
      jobs: orderJobs,
      jobHandlers: { count: ({ input }) => void seen.push(input) },
      handlers: {
        async place({ db }) {
          await db.enqueue(orderJobs.count, { id: 1, words: 'a b' })
          await db.publish(orderContract.events.placed, { id: 1, words: 'c d' })
          return null
        },
      },
    })
    await using own = await testService(orders, { config: { logLevel: 'silent' } })
    await own.client.place()
    await own.runJobs()
    expect(seen).toEqual([{ id: 1, note: 'none', words: ['a', 'b'] }])
    expect(await own.published(orderContract.events.placed)).toEqual([{ id: 1, words: 'c d' }])
    await expect(own.db.publish(orderContract.events.placed, { id: 1, words: 5 as never })).rejects.toThrow(
      'payload.words must be string',
    )

    const mails = service(contract('mail-service', {}), {
      models: {},
      handlers: {},
      subscriptions: {
        thank: { event: orderContract.events.placed, handler: ({ event }) => void seen.push(event.words) },
      },
    })
    await using subscriber = await testService(mails, { config: { logLevel: 'silent' } })
    await subscriber.deliver(orderContract.events.placed, { id: 2, words: 'e f' })
    expect(seen.at(-1)).toEqual(['e', 'f'])
  })
})

describe('types', () => {
  type Ops = (typeof mixedContract)['operations']
  it('tell input from output', () => {
    expectTypeOf<InputOf<Ops['saveNote']>>().toEqualTypeOf<{
      body: { text: string; pinned?: boolean | undefined; at?: string | undefined }
    }>()
    expectTypeOf<InputOf<Ops['lengths']>>().toEqualTypeOf<{ body: { words: string[] } }>()
    expectTypeOf<InputOf<Ops['add']>>().toEqualTypeOf<{ body: { a: number; b?: number } }>()
    type Find = InputOf<Ops['find']>
    expectTypeOf<Find['params']>().toEqualTypeOf<{ id: unknown; code: string }>()
    expectTypeOf<NonNullable<Find['query']>>().toMatchTypeOf<{
      since?: string | undefined
      open?: string | undefined
      old?: boolean
    }>()
    expectTypeOf<Awaited<ReturnType<Client<typeof mixedContract>['page']>>['items'][number]>().toEqualTypeOf<{
      n: number
    }>()
  })

  it('let callers leave out what may be missing, also where the input of a coercion is unknown', () => {
    const counted = contract('counted-service', {
      count: {
        route: 'GET /',
        query: {
          from: z.coerce.number().int().optional(),
          size: z.coerce.number().default(10),
          tag: toStandardJsonSchema(v.optional(v.string())),
        },
        returns: z.number(),
      },
      exact: { route: 'GET /exact', query: { id: z.coerce.number() }, returns: z.number() },
    })
    type Counted = (typeof counted)['operations']
    expectTypeOf<{}>().toExtend<InputOf<Counted['count']>>()
    expectTypeOf<{ query: {} }>().not.toExtend<InputOf<Counted['exact']>>()
    expectTypeOf<{ query: { id: string } }>().toExtend<InputOf<Counted['exact']>>()
  })

  it('reject what does not fit', () => {
    const calls = {} as Client<typeof mixedContract>
    // @ts-expect-error -- the input is words
    const wrong = (): unknown => calls.lengths({ body: { words: [1] } })
    // @ts-expect-error -- text is required
    const missing = (): unknown => calls.saveNote({ body: {} })
    expect([wrong, missing]).toHaveLength(2)
  })
})
