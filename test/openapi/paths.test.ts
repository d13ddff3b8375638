import { contract, openapiDocument, service, t } from 'tricube'
import { fetchClient } from 'tricube/client/fetch'
import { describe, expect, it } from 'vitest'
import { problemsOf } from './validate.ts'

const id = t.Integer()
const name = t.String()
const pets = contract('pet-service', {
  getPet: { route: 'GET /pets/:id', params: { id }, returns: t.String() },
  removePet: { route: 'DELETE /pets/:name', params: { name } },
  getToy: { route: 'GET /pets/:pet/toys/:toy', returns: t.String() },
  addToy: { route: 'POST /pets/:name/toys/:id', params: { name, id }, returns: t.String() },
  list: { route: 'GET /pets', returns: t.Array(t.String()) },
})

it('merges paths that differ only in the names of their parameters', async () => {
  const document = openapiDocument(pets)
  expect(await problemsOf(document)).toEqual([])
  expect(Object.keys(document.paths)).toEqual(['/pets/{id}', '/pets/{pet}/toys/{toy}', '/pets'])
  const parameters = (path: string, method: string): unknown =>
    document.paths[path]![method]!.parameters!.map((one) => [one.name, one.in, one.schema['type']])
  expect(parameters('/pets/{id}', 'get')).toEqual([['id', 'path', 'integer']])
  expect(parameters('/pets/{id}', 'delete')).toEqual([['id', 'path', 'string']])
  expect(parameters('/pets/{pet}/toys/{toy}', 'post')).toEqual([
    ['pet', 'path', 'string'],
    ['toy', 'path', 'integer'],
  ])
})

it.each<[string, Parameters<typeof t.Union>[0], object]>([
  ['texts', [t.Literal('a'), t.Literal('b')], { type: 'string', enum: ['a', 'b'] }],
  ['numbers', [t.Literal(1), t.Literal(2)], { type: 'number', enum: [1, 2] }],
  ['texts and null', [t.Literal('a'), t.Null()], { type: ['string', 'null'], enum: ['a', null] }],
  ['several types', [t.Literal('a'), t.Literal(true)], { type: ['string', 'boolean'], enum: ['a', true] }],
  [
    'one with a description of its own, which stays a union',
    [t.Literal('a', { description: 'first' }), t.Literal('b')],
    {
      anyOf: [
        { const: 'a', type: 'string', description: 'first' },
        { const: 'b', type: 'string' },
      ],
    },
  ],
  [
    'others, which stay a union',
    [t.Literal('a'), t.Integer()],
    { anyOf: [{ const: 'a', type: 'string' }, { type: 'integer' }] },
  ],
])('a union of %s', async (_what, parts, schema) => {
  const field = t.Union(parts, { description: 'which' })
  const described = contract('any-service', {
    get: { route: 'GET /', query: { q: t.Optional(field) }, returns: t.Object({ field }) },
  })
  const document = openapiDocument(described)
  expect(await problemsOf(document)).toEqual([])
  expect(document.paths['/']!['get']!.parameters![0]!.schema).toEqual({ ...schema, description: 'which' })
})

describe('header parameters', () => {
  it("have the key of `idempotent: 'by key'` once", async () => {
    const headers = { 'idempotency-key': t.String({ minLength: 8 }) }
    const keyed = contract('pay-service', {
      pay: { route: 'POST /pay', idempotent: 'by key' },
      payStrictly: { route: 'POST /pay-strictly', idempotent: 'by key', headers },
      refund: { route: 'POST /refund' },
    })
    const document = openapiDocument(keyed)
    expect(await problemsOf(document)).toEqual([])
    const of = (path: string): unknown =>
      document.paths[path]!['post']!.parameters?.map((one) => [one.name, one.in, one.required])
    expect(of('/pay')).toEqual([['idempotency-key', 'header', false]])
    expect(of('/pay-strictly')).toEqual([['idempotency-key', 'header', true]])
    expect(of('/refund')).toBeUndefined()
    // The first call still runs, or had another input.
    expect(Object.keys(document.paths['/pay']!['post']!.responses)).toEqual(expect.arrayContaining(['409', '422']))
    expect(document.paths['/refund']!['post']!.responses).not.toHaveProperty('422')
  })

  it('that are lists are sent as text with commas, the default style of the document', async () => {
    const listed = contract('list-service', {
      get: {
        route: 'GET /',
        headers: { 'x-tags': t.Array(t.String()), 'x-sizes': t.Optional(t.Array(t.Integer())) },
        returns: t.Unknown(),
      },
    })
    const app = service(listed, {
      handlers: { get: ({ headers }) => [headers['x-tags'], headers['x-sizes'] ?? null] },
    })
    const { url } = await app.listen()
    const caller = fetchClient(listed, { url })
    expect(await caller.get({ headers: { 'x-tags': ['a', 'b c'], 'x-sizes': [1, 2] } })).toEqual([
      ['a', 'b c'],
      [1, 2],
    ])
    const response = await fetch(url, { headers: { 'x-tags': 'a,b' } })
    expect(await response.json()).toMatchObject({ data: [['a', 'b'], null] })
    await expect(caller.get({ headers: { 'x-tags': ['a,b'] } })).rejects.toThrow('headers.x-tags')
    await app.close()
    const [tags] = openapiDocument(listed).paths['/']!['get']!.parameters!
    expect(tags).toMatchObject({ name: 'x-tags', in: 'header', schema: { type: 'array' } })
    expect(tags).not.toHaveProperty('style')
  })
})
