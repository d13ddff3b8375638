import { contract, NotFound, service, t, type Context } from 'tricube'
import { traced } from 'tricube/trace'
import { testService } from 'tricube/testing'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const thing = t.Object({ id: t.Integer() })
const thingService = contract('thing-service', {
  getThing: {
    route: 'GET /things/:id',
    params: { id: t.Integer() },
    query: { token: t.Optional(t.String()) },
    returns: thing,
    errors: [NotFound],
  },
  moveThings: { route: 'POST /moves', body: t.Object({ secret: t.String() }) },
  brokenThing: { route: 'GET /broken' },
  twoThings: { route: 'GET /two', returns: t.Array(thing) },
})

const findThing = traced(
  async function findThing({ db }: Context, id: number) {
    return db.maybeOne<{ id: number }>`SELECT ${id}::int AS id FROM pg_class LIMIT 1`
  },
  { category: 'things', level: 'silent' },
)

const things = service(thingService, {
  database: {},
  handlers: {
    async getThing({ params, db }) {
      const row = await db.maybeOne<{
        id: number
      }>`SELECT ${params.id}::int AS id FROM pg_class WHERE ${params.id} < 10 LIMIT 1`
      if (!row) throw new NotFound('no thing')
      return row
    },
    moveThings: ({ body, db }) =>
      db.transaction(async (tx) => {
        await tx.value`SELECT length(${body.secret})`
        await tx.execute`SELECT FROM nowhere WHERE secret = ${body.secret}`
      }),
    brokenThing() {
      throw new RangeError('a secret')
    },
    twoThings: async (ctx) => [(await findThing(ctx, 1))!, (await findThing(ctx, 2))!],
  },
})

let app: Awaited<ReturnType<typeof testService<typeof thingService>>>
beforeEach(async () => {
  app = await testService(things, { config: { logLevel: 'silent' } })
})
afterEach(() => app.close())

/** Each span with the name of its parent. */
async function spansAfter(count: number): Promise<[string, string | undefined, unknown][]> {
  await vi.waitFor(() => expect(app.spans).toHaveLength(count))
  const nameOf = new Map(app.spans.map(({ id, name }) => [id, name]))
  return app.spans.map(({ name, parentId, errorType }) => [name, nameOf.get(parentId ?? ''), errorType])
}

it('has a span for the request and for its statement', async () => {
  await app.client.getThing({ params: { id: 7 } })
  expect(await spansAfter(2)).toEqual([
    ['SELECT pg_class', 'getThing', undefined],
    ['getThing', undefined, undefined],
  ])
  const [statement, request] = app.spans
  expect(statement!.attributes).toEqual({
    'db.system.name': 'postgresql',
    'db.namespace': expect.stringMatching(/^test_thing_service_/),
    'db.operation.name': 'SELECT',
    'db.collection.name': 'pg_class',
    'db.query.summary': 'SELECT pg_class',
    'db.query.text': 'SELECT $1::int AS id FROM pg_class WHERE $2 < ? LIMIT ?',
    'db.response.returned_rows': 1,
    'peer.service': 'postgresql',
  })
  expect(request!.attributes).toEqual({
    'http.request.method': 'GET',
    'http.route': '/things/:id',
    'url.scheme': 'http',
    'url.path': '/things/7',
    'http.response.status_code': 200,
  })
  expect(statement!.startedAt).toBeGreaterThanOrEqual(request!.startedAt)
  expect(statement!.durationMs).toBeLessThanOrEqual(request!.durationMs)
})

it('continues the trace of its caller, without the query and the headers', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const headers = { traceparent, authorization: 'Bearer s3cr3t', cookie: 'session=s3cr3t', 'x-api-key': 's3cr3t' }
  await app.inject({ url: '/things/7?token=s3cr3t', headers })
  await spansAfter(2)
  expect(app.spans.at(-1)).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', parentId: 'b7ad6b7169203331' })
  expect(JSON.stringify(app.spans)).not.toContain('s3cr3t')
})

it('marks a 5xx as an error, but not a 4xx', async () => {
  await app.inject('/things/77')
  await app.inject('/things/none')
  await app.inject('/broken')
  const spans = await spansAfter(4)
  expect(spans.slice(1)).toEqual([
    ['getThing', undefined, undefined],
    ['getThing', undefined, undefined],
    ['brokenThing', undefined, 'RangeError'],
  ])
  expect(app.spans.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([undefined, 404, 400, 500])
})

it('puts statements under their transaction, without their values', async () => {
  await app.inject({ method: 'POST', url: '/moves', payload: { secret: 's3cr3t' } })
  expect(await spansAfter(6)).toEqual([
    ['BEGIN', 'transaction', undefined],
    ['SELECT', 'transaction', undefined],
    ['SELECT nowhere', 'transaction', '42P01'],
    ['ROLLBACK', 'transaction', undefined],
    ['transaction', 'moveThings', '42P01'],
    ['moveThings', undefined, '42P01'],
  ])
  expect(JSON.stringify(app.spans)).not.toContain('s3cr3t')
})

it('puts the work of a traced function under its own span', async () => {
  await app.client.twoThings()
  expect(await spansAfter(5)).toEqual([
    ['SELECT pg_class', 'findThing', undefined],
    ['findThing', 'twoThings', undefined],
    ['SELECT pg_class', 'findThing', undefined],
    ['findThing', 'twoThings', undefined],
    ['twoThings', undefined, undefined],
  ])
})
