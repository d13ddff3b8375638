/** Lists that are paginated by cursor, through sockets, clients and mocks. */
import {
  contract,
  openapiDocument,
  service,
  t,
  type Client,
  type InputOf,
  type OutputOf,
  type QueryOf,
  type ResultOf,
} from 'tricube'
import { client } from 'tricube/client'
import { fetchClient } from 'tricube/client/fetch'
import { testService, type TestApp } from 'tricube/testing'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

const Row = t.Object({ id: t.Integer() })
const listContract = contract('list-service', {
  rows: { route: 'GET /rows', paginated: 'cursor', cursor: t.Object({ id: t.Int32() }), returns: Row },
  names: {
    route: 'GET /names/:letter',
    query: { upper: t.Optional(t.Boolean()) },
    paginated: 'cursor',
    returns: t.String(),
  },
  days: {
    route: 'GET /days',
    paginated: 'cursor',
    cursor: z.object({ day: z.iso.date().transform((day) => new Date(day)) }),
    returns: t.String(),
  },
  wrong: { route: 'GET /wrong', paginated: 'cursor', cursor: t.Integer(), returns: Row },
  stuck: { route: 'GET /stuck', paginated: 'cursor', returns: Row },
})
let reads = 0
const lists = service(listContract, {
  models: {},
  handlers: {
    async rows({ query: { cursor, size }, db }) {
      reads++
      const rows = await db.many<{ id: number }>`
        SELECT id FROM generate_series(1, 1000) AS id WHERE id > ${cursor?.id ?? 0} ORDER BY id LIMIT ${size + 1}`
      const items = rows.slice(0, size)
      return { items, ...(rows.length > size && { next: { id: items.at(-1)!.id } }) }
    },
    names: ({ params, query }) => ({
      items: [`${params.letter}${query.cursor ?? 'ä'}`],
      next: query.cursor ? null : 'ö/+"',
    }),
    days: ({ query: { cursor } }) => ({
      items: [cursor ? String(cursor.day.getUTCFullYear()) : 'first'],
      ...(!cursor && { next: { day: '2026-11-27' } }),
    }),
    wrong: () => ({ items: [], next: 'x' as never }),
    stuck: () => ({ items: [{ id: 1 }], next: 'same' }),
  },
})

let app: TestApp<typeof listContract>
let url: string
beforeAll(async () => {
  app = await testService(lists, { config: { logLevel: 'silent' } })
  url = await app.fastify.listen({ port: 0, host: '127.0.0.1' })
})
afterAll(() => app.close())

const get = async (path: string): Promise<any> => (await fetch(url + path)).json()

describe('a list', () => {
  it('has the cursor of its next page, until the last', async () => {
    const first = await get('/rows?size=2')
    expect(first).toEqual({ code: 0, data: [{ id: 1 }, { id: 2 }], pagination: { size: 2, next: expect.any(String) } })
    expect(first.pagination.next).toMatch(/^[\w-]+$/)
    const second = await get(`/rows?size=2&cursor=${first.pagination.next}`)
    expect(second.data).toEqual([{ id: 3 }, { id: 4 }])
    const names = await get('/names/a')
    expect(await get(`/names/a?cursor=${names.pagination.next}`)).toEqual({
      code: 0,
      data: ['aö/+"'],
      pagination: { size: 20, next: null },
    })
  })

  it.each([
    ['garbage', '%21%21'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['another type', Buffer.from('{"id":"1"}').toString('base64url')],
    ['an unknown field', Buffer.from('{"id":1,"is_admin":true}').toString('base64url')],
    ['a number that PostgreSQL cannot hold', Buffer.from('{"id":2147483648}').toString('base64url')],
    ['__proto__', Buffer.from('{"id":1,"__proto__":{"x":1}}').toString('base64url')],
    ['that of another list', Buffer.from('"ö"').toString('base64url')],
  ])('rejects a cursor that is not its own: %s', async (_, cursor) => {
    expect(await get(`/rows?cursor=${cursor}`)).toMatchObject({
      code: 40002,
      error: [{ in: 'query', path: 'cursor', message: 'is not a cursor of this list: send the `next` of a page' }],
    })
  })

  it('rejects half of a surrogate pair, which nothing could store', async () => {
    const cursor = Buffer.from(String.raw`"\ud800"`).toString('base64url')
    expect(await get(`/names/a?cursor=${cursor}`)).toMatchObject({ code: 40002 })
  })

  it('rejects a cursor that is huge, empty or given twice', async () => {
    for (const query of [`cursor=${'a'.repeat(2049)}`, 'cursor=', 'cursor=a&cursor=b', 'size=101', 'page=1']) {
      expect(await get(`/rows?${query}`)).toMatchObject({ code: 40002 })
    }
  })

  it('with a schema of another library gives its handler the output', async () => {
    const { pagination } = await get('/days')
    expect((await get(`/days?cursor=${pagination.next}`)).data).toEqual(['2026'])
  })

  it('whose position breaks its schema is a 500', async () => {
    await expect(app.client.wrong()).rejects.toMatchObject({
      status: 500,
      cause: expect.objectContaining({ message: expect.stringContaining('next must be integer') }),
    })
  })

  it('has the plain form in a plain envelope', async () => {
    const plain = contract(
      'plain-service',
      { get: { route: 'GET /', paginated: 'cursor', returns: Row } },
      { envelope: 'plain' },
    )
    await using own = await testService(
      service(plain, { handlers: { get: ({ query }) => ({ items: [{ id: 1 }], next: query.cursor ? null : 5 }) } }),
      { config: { logLevel: 'silent' } },
    )
    expect((await own.inject('/')).json()).toEqual({ items: [{ id: 1 }], size: 20, next: 'NQ' })
  })
})

describe('clients', () => {
  it('get a page, or iterate over all items and stop early', async () => {
    await using calls = client(listContract, { url })
    for (const one of [calls as Client<typeof listContract>, fetchClient(listContract, { url })]) {
      expect(await one.rows({ query: { size: 1 } })).toEqual({ items: [{ id: 1 }], size: 1, next: expect.any(String) })
      const ids: number[] = []
      for await (const { id } of one.rows.all({ query: { size: 100 } })) ids.push(id)
      expect(ids).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))

      reads = 0
      for await (const { id } of one.rows.all({ query: { size: 10 } })) if (id === 15) break
      expect(reads).toBe(2)
      const names: string[] = []
      for await (const name of one.names.all({ params: { letter: 'x' } })) names.push(name)
      expect(names).toEqual(['xä', 'xö/+"'])
    }
  })

  it('end a list that has no end', async () => {
    const ids: number[] = []
    const all = async (): Promise<void> => {
      for await (const { id } of fetchClient(listContract, { url }).stuck.all()) ids.push(id)
    }
    await expect(all()).rejects.toThrow('its own next one')
    expect(ids).toEqual([1, 1])
  })

  it('have mocks with cursors', async () => {
    const sum = contract('sum-service', { sum: { route: 'GET /sum', returns: t.Integer() } })
    await using caller = await testService(
      service(sum, {
        clients: { lists: listContract },
        handlers: {
          async sum({ clients }) {
            let total = 0
            for await (const { id } of clients.lists.rows.all()) total += id
            return total
          },
        },
      }),
      { config: { logLevel: 'silent' } },
    )
    caller
      .mock(listContract)
      .rows.implement(({ query }) => (query?.cursor ? { items: [{ id: 5 }] } : { items: [{ id: 1 }], next: { id: 1 } }))
    expect((await caller.client.sum()).data).toBe(6)
    expect(caller.mock(listContract).rows.calls).toHaveLength(2)
  })

  it('of the test kit have the page', async () => {
    const { data, pagination } = await app.client.rows({ query: { size: 1 } })
    expect({ data, pagination }).toEqual({ data: [{ id: 1 }], pagination: { size: 1, next: expect.any(String) } })
  })
})

it('is described in OpenAPI', () => {
  const { paths } = openapiDocument(listContract)
  const { parameters, responses } = paths['/rows']!['get']!
  expect(parameters!.map(({ name, required }) => [name, required])).toEqual([
    ['cursor', false],
    ['size', false],
  ])
  expect(JSON.stringify(responses['200'])).toContain('"next":{"type":["string","null"]')
})

it('has types for handlers and callers', () => {
  type Ops = (typeof listContract)['operations']
  expectTypeOf<QueryOf<Ops['rows']>>().toEqualTypeOf<{ cursor?: { id: number }; size: number }>()
  expectTypeOf<QueryOf<Ops['stuck']>>().toEqualTypeOf<{ cursor?: string | number; size: number }>()
  expectTypeOf<InputOf<Ops['rows']>>().toEqualTypeOf<{ query?: { cursor?: string; size?: number } }>()
  expectTypeOf<ResultOf<Ops['rows']>>().toEqualTypeOf<{ items: { id: number }[]; size: number; next: string | null }>()
  expectTypeOf<OutputOf<Ops['rows']>['items'][number]>().toEqualTypeOf<{ id: number }>()
  type Rows = Client<typeof listContract>['rows']
  expectTypeOf<Rows['all']>().returns.toEqualTypeOf<AsyncIterable<{ id: number }>>()
})

describe('a definition', () => {
  it.each([
    [{ route: 'POST /a', paginated: 'cursor', returns: Row }, 'only a GET can be paginated'],
    [{ route: 'GET /a', paginated: 'cursor' }, 'a paginated operation needs returns'],
    [
      { route: 'GET /a', paginated: 'cursor', returns: Row, query: { cursor: t.String() } },
      'query.cursor is added by paginated',
    ],
    [{ route: 'GET /a', paginated: true, returns: Row, cursor: t.Integer() }, `cursor needs paginated: 'cursor'`],
    [{ route: 'GET /a', paginated: 'pages', returns: Row }, `paginated must be true, false or 'cursor', got "pages"`],
    [{ route: 'GET /a', paginated: 'cursor', returns: Row, cursor: z.date() }, 'cursor: Date cannot be represented'],
  ])('is checked: %j', (operation, message) => {
    expect(() => contract('bad-service', { get: operation as never })).toThrow(message)
  })
})
