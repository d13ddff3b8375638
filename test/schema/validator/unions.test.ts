import type { TSchema } from '@sinclair/typebox'
import { contract, service, t } from 'tricube'
import { testService } from 'tricube/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bodies, texts } from './operations.ts'

const Status = t.Union([t.Literal('draft'), t.Literal('active'), t.Literal('retired')])
const Circle = t.Object({ kind: t.Literal('circle'), r: t.Number() })
const Rect = t.Object({ kind: t.Literal('rect'), w: t.Number(), h: t.Number() })
const Filter = t.Recursive((This) =>
  t.Union([
    t.Object({ op: t.Union([t.Literal('and'), t.Literal('or')]), of: t.Array(This) }),
    t.Object({ op: t.Literal('eq'), value: t.Union([t.String(), t.Number(), t.Null()]) }),
  ]),
)

describe('problems in a union are reported once, for the part that the value selects', () => {
  it.each<[string, TSchema, unknown, string[]]>([
    ['literals', Status, 'activ', ['must be one of draft, active, retired']],
    ['literals below a property', t.Object({ s: Status }), { s: 1 }, ['s must be one of draft, active, retired']],
    ['literals and null', t.Union([Status, t.Null()]), 'x', ['must be one of draft, active, retired, null']],
    ['one literal', t.Object({ v: t.Literal(2) }), { v: 1 }, ['v must be 2']],
    [
      'many literals',
      t.Union(Array.from({ length: 60 }, (_, i) => t.Literal(i))),
      99,
      [expect.stringMatching(/^must be one of 0, 1, .*49 or 10 others$/)],
    ],
    ['a tag, a field missing', t.Union([Circle, Rect]), { kind: 'rect', w: 1 }, ['h is required']],
    [
      'a tag, a wrong field',
      t.Union([Circle, Rect]),
      { kind: 'circle', r: 'x', w: 1 },
      ['w is not a known field', 'r must be number'],
    ],
    ['an unknown tag', t.Union([Circle, Rect]), { kind: 'oval' }, ['kind must be one of circle, rect']],
    ['no tag', t.Union([Circle, Rect]), {}, ['kind is required']],
    ['a tag, and no object', t.Union([Circle, Rect]), 5, ['must be object']],
    [
      'a union in a union',
      t.Union([t.Union([t.Integer({ maximum: 10 }), t.String({ pattern: '^a' })]), t.Null()]),
      11,
      ['must be <= 10'],
    ],
    [
      'parts of several types each',
      t.Union([
        t.Unsafe({ type: ['string', 'null'], maxLength: 1 }),
        t.Unsafe({ type: ['array', 'number'], minimum: 3 }),
      ]),
      'ab',
      ['must NOT have more than 1 characters'],
    ],
    [
      'a union of objects or null',
      t.Union([t.Union([Circle, Rect]), t.Null()]),
      { kind: 'circle', r: 'x' },
      ['r must be number'],
    ],
    [
      'tags that several values have',
      Filter,
      { op: 'or', of: [{ op: 'eq', value: true }] },
      ['of.0.value must be string or number or null'],
    ],
    ['tags in a recursion', Filter, { op: 'and', of: [{ op: 'xor' }] }, ['of.0.op must be one of and, or, eq']],
    [
      'tagged parts that are intersections',
      t.Union([t.Intersect([Circle, t.Object({ z: t.Integer() })]), Rect]),
      { kind: 'circle', r: 1 },
      ['z is required'],
    ],
    ['an object or null', t.Union([Circle, t.Null()]), { kind: 'circle' }, ['r is required']],
    [
      'an object or a string',
      t.Union([Circle, t.String({ minLength: 2 })]),
      'x',
      ['must NOT have fewer than 2 characters'],
    ],
    ['neither of the types', t.Union([Circle, t.String(), t.Null()]), 5, ['must be object or string or null']],
    [
      'objects without a tag: the nearest',
      t.Union([
        t.Object({ a: t.Integer(), b: t.Integer() }),
        t.Object({ c: t.Integer(), d: t.Integer(), e: t.Integer() }),
      ]),
      { a: 'x', b: 1 },
      ['a must be integer'],
    ],
    [
      'objects without a tag: one of several fields',
      t.Union([t.Object({ a: t.Integer() }), t.Object({ b: t.Integer() })]),
      {},
      ['must have a or b'],
    ],
    [
      'strings of several forms',
      t.Union([t.String({ format: 'uuid' }), t.String({ format: 'email' })]),
      'x',
      ['must match format "uuid", or must match format "email"'],
    ],
    [
      'parts of an intersection that say the same',
      t.Intersect([t.Object({ a: t.Integer() }), t.Object({ a: t.Integer() })]),
      {},
      ['a is required'],
    ],
    [
      'an intersection with a union',
      t.Intersect([t.Object({ id: t.Integer() }), t.Union([Circle, Rect])]),
      { id: 1, kind: 'rect', w: 1 },
      ['h is required'],
    ],
  ])('%s', async (_title, schema, body, problems) => {
    const send = await bodies({ body: t.Array(schema) })
    const { problems: reported } = await send('body', [body])
    expect(reported.map((problem) => problem.replace(/^0(\.| )/, ''))).toEqual(problems)
  })

  it('fills in the defaults of the part that the tag selects', async () => {
    const send = await bodies({
      body: t.Union([
        t.Object({ kind: t.Literal('a'), n: t.Integer({ default: 5 }) }),
        t.Object({ kind: t.Literal('b') }),
      ]),
    })
    expect(await send('body', { kind: 'a' })).toMatchObject({ status: 200, input: { kind: 'a', n: 5 } })
  })

  it('in a query', async () => {
    const get = await texts({ query: { status: Status } })
    expect((await get('/things/1?status=activ')).problems).toEqual(['status must be one of draft, active, retired'])
  })
})

describe('an unknown field', () => {
  const schema = t.Object({ max_price: t.Optional(t.Integer()), name: t.Optional(t.String()) })
  it.each([
    ['max_prise', 'max_prise is not a known field, did you mean max_price?'],
    ['mxa_price', 'mxa_price is not a known field, did you mean max_price?'],
    ['Name', 'Name is not a known field, did you mean name?'],
    ['zz', 'zz is not a known field'],
  ])('%s: in a body and in a query', async (name, problem) => {
    const send = await bodies({ body: schema })
    expect((await send('body', { [name]: 1 })).problems).toEqual([problem])
    const get = await texts({ query: schema.properties })
    expect(await get(`/things/1?${name}=1`)).toEqual({ status: 400, problems: [problem] })
  })

  it('is rejected in a query that the contract does not have', async () => {
    const things = contract('thing-service', {
      getThing: { route: 'GET /thing' },
      putThing: { route: 'PUT /thing', body: schema },
    })
    const app = await testService(service(things, { handlers: { getThing() {}, putThing() {} } }))
    onTestFinished(() => app.close())
    const problem = { in: 'query', path: 'is_admin', message: 'is not a known field' }
    expect((await app.inject('/thing?is_admin=true')).json()).toMatchObject({ code: 40002, error: [problem] })
    const response = await app.inject({ method: 'PUT', url: '/thing?is_admin=true', payload: {} })
    expect(response.json()).toMatchObject({ code: 40002, error: [problem] })
    expect((await app.inject('/thing?')).statusCode).toBe(200)
  })
})
