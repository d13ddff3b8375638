/** What a query may hold, through sockets: unknown parameters, lists, objects, and hostile ones. */
import { contract, open, openapiDocument, service, t, type Client, type InputOf, type QueryOf } from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const Near = t.Object({ lat: t.Number(), lon: t.Number({ maximum: 180 }), tags: t.Optional(t.Array(t.String())) })
const searchContract = contract('search-service', {
  closed: { route: 'GET /closed', query: { ids: t.Optional(t.Array(t.Integer())) }, returns: t.Unknown() },
  none: { route: 'GET /none', returns: t.Unknown() },
  open: { route: 'GET /open', query: open({ ids: t.Optional(t.Array(t.Integer())) }), returns: t.Unknown() },
  openPages: { route: 'GET /open-pages', query: open({}), paginated: true, returns: t.Unknown() },
  comma: {
    route: 'GET /comma',
    query: {
      ids: t.Array(t.Integer(), { style: 'comma', maxItems: 3 }),
      names: z.array(z.string()).optional().meta({ style: 'comma' }),
    },
    returns: t.Unknown(),
  },
  deep: {
    route: 'GET /deep',
    query: {
      near: t.Optional(Near),
      price: z.object({ min: z.int().default(0), max: z.int().optional() }).optional(),
      labels: t.Optional(t.Record(t.String({ maxLength: 8 }), t.Integer())),
    },
    returns: t.Unknown(),
  },
})
const search = service(searchContract, {
  handlers: {
    closed: ({ query }) => query,
    none: ({ query }) => query,
    open: ({ query }) => query,
    openPages: ({ query }) => ({ items: [query], total: 1 }),
    comma: ({ query }) => query,
    deep: ({ query }) => query,
  },
})

let app: TestApp<typeof searchContract>
let url: string
beforeAll(async () => {
  app = await testService(search, { config: { logLevel: 'silent' } })
  url = await app.fastify.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => app.close())

async function get(path: string): Promise<{ status: number; data: any; error: any }> {
  const response = await fetch(url + path)
  const { data, error } = (await response.json()) as any
  return { status: response.status, data, error }
}
const queryProblem = (path: string, message: string): unknown => ({
  status: 400,
  data: undefined,
  error: [{ in: 'query', path, message }],
})

describe('an unknown parameter', () => {
  it.each([
    ['/closed?zz=1', 'zz', 'is not a known field'],
    ['/closed?idz=1', 'idz', expect.stringContaining('is not a known field')],
    ['/closed?ids[]=1', 'ids[]', expect.stringContaining('is not a known field')],
    ['/closed?ids[0]=1', 'ids[0]', expect.stringContaining('is not a known field')],
    ['/none?a=1', 'a', 'is not a known field'],
    ['/comma?ids=1&names[x]=1', 'names[x]', expect.stringContaining('is not a known field')],
  ])('is rejected: %s', async (path, field, message) => {
    expect(await get(path)).toEqual(queryProblem(field, message as string))
  })

  it('of an open query never reaches the handler', async () => {
    expect(await get('/open?ids=1&is_admin=true&ids[]=7&f[a]=1')).toMatchObject({ status: 200, data: { ids: [1] } })
    expect(await get('/open?zz=1')).toMatchObject({ status: 200, data: {} })
    expect((await get('/open-pages?page=2&zz=1')).data).toEqual([{ page: 2, size: 20 }])
  })

  it('of an open query does not hide a wrong one', async () => {
    expect(await get('/open?ids=x&zz=1')).toEqual(queryProblem('ids.0', 'must be integer'))
  })
})

describe('a list', () => {
  it('repeats its name', async () => {
    expect((await get('/closed?ids=1&ids=2')).data).toEqual({ ids: [1, 2] })
    expect(await get('/closed?ids=1,2')).toEqual(queryProblem('ids.0', 'must be integer'))
  })

  it('is one text with commas where its schema says so', async () => {
    expect((await get('/comma?ids=1,2')).data).toEqual({ ids: [1, 2] })
    expect((await get('/comma?ids=1%2C2&names=a,b')).data).toEqual({ ids: [1, 2], names: ['a', 'b'] })
    expect((await get('/comma?ids=')).data).toEqual({ ids: [] })
    expect((await get('/comma?ids=1&ids=2')).data).toEqual({ ids: [1, 2] })
  })

  it('with commas is checked like any other', async () => {
    expect(await get('/comma?ids=1,x')).toEqual(queryProblem('ids.1', 'must be integer'))
    expect(await get('/comma?ids=1,2,3,4')).toEqual(queryProblem('ids', 'must NOT have more than 3 items'))
    expect(await get('/comma?ids=1,')).toEqual(queryProblem('ids.1', 'must be integer'))
    expect((await get(`/comma?ids=${','.repeat(4000)}`)).status).toBe(400)
  })
})

describe('an object', () => {
  it('has a name for each field', async () => {
    expect((await get('/deep?near[lat]=1.5&near[lon]=2&near[tags]=a&near[tags]=b')).data).toEqual({
      near: { lat: 1.5, lon: 2, tags: ['a', 'b'] },
    })
    expect((await get('/deep?near%5Blat%5D=1&near%5Blon%5D=2')).data).toEqual({ near: { lat: 1, lon: 2 } })
    expect((await get('/deep?price[max]=9')).data).toEqual({ price: { min: 0, max: 9 } })
    expect((await get('/deep?labels[a]=1&labels[b]=2')).data).toEqual({ labels: { a: 1, b: 2 } })
  })

  it.each([
    ['/deep?near[lat]=x&near[lon]=2', 'near.lat', 'must be number'],
    ['/deep?near[lat]=1', 'near.lon', 'is required'],
    ['/deep?near[lat]=1&near[lon]=2&near[lot]=3', 'near.lot', 'is not a known field, did you mean lat?'],
    ['/deep?near=1', 'near', 'must be object'],
    ['/deep?near[lat][x]=1', 'near[lat][x]', expect.stringContaining('is not a known field')],
    ['/deep?labels[__proto__]=1', 'labels[__proto__]', expect.stringContaining('is not a known field')],
    ['/deep?labels[constructor]=1', 'labels[constructor]', expect.stringContaining('is not a known field')],
    ['/deep?labels[]=1', 'labels[]', expect.stringContaining('is not a known field')],
    ['/deep?labels[a]=1&labels[a]=2', 'labels.a', 'must be integer'],
    ['/deep?labels[a]=9e9', 'labels.a', 'must be integer'],
  ])('is checked: %s', async (path, field, message) => {
    const { status, error } = await get(path)
    expect({ status, error: error?.[0] }).toEqual({ status: 400, error: { in: 'query', path: field, message } })
  })

  it('pollutes nothing', async () => {
    await get('/deep?labels[__proto__]=1&__proto__[x]=1&near[prototype]=1')
    expect({}).not.toHaveProperty('x')
    expect((await get('/deep?__proto__=1')).status).toBe(400)
    expect((await get('/deep?__proto__[x]=1')).status).toBe(400)
  })

  it('beside a text of its name is rejected', async () => {
    expect((await get('/deep?near=1&near[lat]=1')).status).toBe(400)
    expect((await get('/deep?near[lat]=1&near=1')).status).toBe(400)
  })

  it('with a thousand fields is bounded by the limits of a query', async () => {
    const many = Array.from({ length: 500 }, (_, i) => `labels[a${i}]=1`).join('&')
    expect(Object.keys((await get(`/deep?${many}`)).data?.labels ?? {})).toHaveLength(500)
    const tooMany = Array.from({ length: 2000 }, (_, i) => `a[${i}]`).join('&')
    expect((await get(`/deep?${tooMany}`)).status).toBeGreaterThanOrEqual(400)
  })
})

describe('clients', () => {
  it('write what the service reads', async () => {
    await using calls = client(searchContract, { url })
    for (const one of [calls as Client<typeof searchContract>, fetchClient(searchContract, { url })]) {
      expect(await one.comma({ query: { ids: [1, 2], names: ['a b', 'c&d'] } })).toEqual({
        ids: [1, 2],
        names: ['a b', 'c&d'],
      })
      expect(await one.comma({ query: { ids: [] } })).toEqual({ ids: [] })
      expect(await one.closed({ query: { ids: [1, 2] } })).toEqual({ ids: [1, 2] })
      const query = { near: { lat: 1, lon: 2, tags: ['a', 'b'] }, price: { max: 3 }, labels: { 'a b': 1 } }
      expect(await one.deep({ query })).toEqual({ ...query, price: { min: 0, max: 3 } })
    }
  })

  it('reject an item with a comma before they send it', async () => {
    await expect(fetchClient(searchContract, { url }).comma({ query: { ids: [1], names: ['a,b'] } })).rejects.toThrow(
      'query.names[0] must not have a comma, which separates the items',
    )
  })
})

it('is described in OpenAPI', () => {
  const { paths } = openapiDocument(searchContract)
  expect(paths['/comma']!['get']!.parameters![0]).toEqual({
    name: 'ids',
    in: 'query',
    required: true,
    style: 'form',
    explode: false,
    schema: { type: 'array', items: { type: 'integer' }, maxItems: 3 },
    example: [1],
  })
  expect(paths['/deep']!['get']!.parameters![0]).toMatchObject({ name: 'near', style: 'deepObject', explode: true })
  expect(paths['/closed']!['get']!.parameters![0]).not.toHaveProperty('style')
})

it('has the types of its schemas', () => {
  type Ops = (typeof searchContract)['operations']
  expectTypeOf<QueryOf<Ops['open']>>().toEqualTypeOf<{ ids?: number[] }>()
  expectTypeOf<InputOf<Ops['deep']>>().toMatchTypeOf<{ query?: { near?: { lat: number; lon: number } } }>()
})

describe('a definition', () => {
  const define = (query: object) => () => contract('bad-service', { get: { route: 'GET /a', query: query as never } })
  it.each([
    [{ a: t.Integer({ style: 'comma' }) }, `query.a: style 'comma' is for lists`],
    [{ a: t.Array(t.Integer(), { style: 'pipes' }) }, `query.a: style must be 'comma' or 'deepObject', got "pipes"`],
    [{ a: t.Array(t.Integer(), { style: 'deepObject' }) }, `query.a: style 'deepObject' is for objects`],
    [{ a: t.Object({ b: t.Object({}) }) }, 'query.a: b: an object of a query can hold scalars and lists of scalars'],
    [{ a: t.Array(t.Object({})) }, 'query.a: a list of a query cannot hold objects or lists'],
  ])('rejects %j', (query, message) => {
    expect(define(query)).toThrow(`bad-service.get: ${message}`)
  })

  it('rejects a style in a body', () => {
    const body = t.Object({ ids: t.Array(t.Integer(), { style: 'comma' }) })
    expect(() => contract('bad-service', { save: { route: 'POST /a', body } })).toThrow('unknown keyword "style"')
  })
})
