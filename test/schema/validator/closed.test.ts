import type { TSchema } from '@sinclair/typebox'
import { t } from 'tricube'
import { describe, expect, it } from 'vitest'
import { bodies } from './operations.ts'

const id = { id: t.Integer() }
const Role = t.Object({ role: t.String(), name: t.String() })
const Kinds = t.Union([
  t.Object({ k: t.Literal('x'), b: t.Integer() }),
  t.Object({ k: t.Literal('y'), c: t.Integer() }),
])
const Tree = t.Recursive((This) => t.Object({ kids: t.Array(This) }), { $id: 'Tree' })
const unknown = (path: string): string => `${path} is not a known field`

describe('a condition is not closed, so that extra fields cannot bypass it', () => {
  it.each<[string, TSchema, unknown, unknown]>([
    [
      'not',
      t.Intersect([Role, t.Not(t.Object({ role: t.Literal('admin') }))]),
      { role: 'admin', name: 'x' },
      { role: 'user', name: 'x' },
    ],
    [
      'not of an intersection',
      t.Intersect([Role, t.Not(t.Intersect([t.Object({ role: t.Literal('admin') }), t.Object({})]))]),
      { role: 'admin', name: 'x' },
      { role: 'user', name: 'x' },
    ],
    [
      'not of what an $id names',
      t.Intersect([
        t.Object({ tree: Tree }),
        t.Not(t.Object({ tree: t.Object({ kids: t.Array(t.Unknown(), { maxItems: 0 }) }) })),
      ]),
      { tree: { kids: [] } },
      { tree: { kids: [{ kids: [] }] } },
    ],
    [
      'if and then',
      t.Unsafe({
        type: 'object',
        properties: { kind: { type: 'string' }, vat: { type: 'string' } },
        if: { properties: { kind: { const: 'company' } } },
        // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
        then: { required: ['vat'] },
      }),
      { kind: 'company' },
      { kind: 'company', vat: '1' },
    ],
    [
      'contains',
      t.Array(Role, { contains: t.Object({ role: t.Literal('admin') }), maxContains: 0, minContains: 0 }),
      [{ role: 'admin', name: 'x' }],
      [{ role: 'user', name: 'x' }],
    ],
    [
      'not below a property',
      t.Object({ of: t.Intersect([Role, t.Not(t.Object({ role: t.Literal('admin') }))]) }),
      { of: { role: 'admin', name: 'x' } },
      { of: { role: 'user', name: 'x' } },
    ],
  ])('%s', async (_title, schema, wrong, right) => {
    const send = await bodies({ body: schema })
    expect((await send('body', wrong)).status).toBe(400)
    expect(await send('body', right)).toMatchObject({ status: 200, input: right })
  })
})

describe('the union of the schemas of one value is closed', () => {
  it.each<[string, TSchema, unknown[], [unknown, string[]][]]>([
    [
      'an object and a union',
      t.Intersect([t.Object({ a: t.Integer() }), Kinds]),
      [
        { a: 1, k: 'x', b: 2 },
        { a: 1, k: 'y', c: 2 },
      ],
      [
        [{ a: 1, k: 'x', b: 2, z: 3 }, [unknown('z')]],
        [{ a: 1, k: 'x', b: 2, c: 3 }, [unknown('c')]],
        [{ a: 1, k: 'x', c: 3 }, ['b is required']],
      ],
    ],
    [
      'properties beside anyOf',
      t.Unsafe({
        type: 'object',
        properties: { a: { type: 'integer' } },
        anyOf: [
          { properties: { b: { type: 'integer' } }, required: ['b'] },
          { properties: { c: { type: 'integer' } }, required: ['c'] },
        ],
      }),
      [{ a: 1, b: 2 }, { c: 2 }, { b: 1, c: 2 }],
      [
        [{ a: 1, b: 2, z: 3 }, [unknown('z')]],
        [{ a: 1 }, ['must have b or c']],
      ],
    ],
    [
      'then and else',
      t.Unsafe({
        type: 'object',
        properties: { kind: { type: 'string' } },
        required: ['kind'],
        if: { properties: { kind: { const: 'a' } } },
        // oxlint-disable-next-line no-thenable -- a keyword of JSON Schema
        then: { properties: { x: { type: 'integer' } } },
        else: { properties: { y: { type: 'integer' } } },
      }),
      [
        { kind: 'a', x: 1 },
        { kind: 'b', y: 1 },
      ],
      [
        [{ kind: 'a', y: 1 }, [unknown('y')]],
        [{ kind: 'b', x: 1 }, [unknown('x')]],
      ],
    ],
    [
      'dependentSchemas',
      t.Unsafe({
        type: 'object',
        properties: { card: { type: 'string' } },
        dependentSchemas: { card: { properties: { cvc: { type: 'string' } }, required: ['cvc'] } },
      }),
      [{}, { card: '1', cvc: '2' }],
      [
        [{ card: '1' }, ['cvc is required']],
        [{ cvc: '2' }, [unknown('cvc')]],
      ],
    ],
    [
      '$ref beside properties',
      t.Unsafe({
        $defs: { named: { properties: { name: { type: 'string' } } } },
        $ref: '#/$defs/named',
        properties: { id: { type: 'integer' } },
      }),
      [{ id: 1, name: 'x' }],
      [[{ id: 1, nam: 'x' }, [unknown('nam')]]],
    ],
    [
      'a recursive schema in an intersection',
      t.Intersect([Tree, t.Object({ extra: t.Integer() })]),
      [{ kids: [{ kids: [] }], extra: 1 }],
      [
        [{ kids: [{ kids: [], EVIL: 1 }], extra: 1 }, [unknown('kids.0.EVIL')]],
        [{ kids: [], extra: 1, EVIL: 1 }, [unknown('EVIL')]],
      ],
    ],
    [
      'a recursive schema in an intersection below a property',
      t.Object({ of: t.Intersect([Tree, t.Object({ extra: t.Integer() })]) }),
      [{ of: { kids: [{ kids: [] }], extra: 1 } }],
      [[{ of: { kids: [{ kids: [], EVIL: 1 }], extra: 1 } }, [unknown('of.kids.0.EVIL')]]],
    ],
    [
      'two objects that describe the same property',
      t.Intersect([t.Object({ x: t.Object({ a: t.Integer() }) }), t.Object({ x: t.Object({ b: t.Integer() }) })]),
      [{ x: { a: 1, b: 2 } }],
      [[{ x: { a: 1, b: 2, z: 3 } }, [unknown('x.z')]]],
    ],
    [
      'intersections in intersections',
      t.Intersect([
        t.Object({ a: t.Integer() }),
        t.Intersect([t.Object({ b: t.Integer() }), t.Object({ c: t.Object(id) })]),
      ]),
      [{ a: 1, b: 2, c: { id: 3 } }],
      [
        [{ a: 1, b: 2, c: { id: 3, z: 4 } }, [unknown('c.z')]],
        [{ a: 1, b: 2, c: { id: 3 }, z: 4 }, [unknown('z')]],
      ],
    ],
    [
      'an intersection with an open object',
      t.Intersect([t.Object({ a: t.Integer() }), t.Object({ b: t.Integer() }, { additionalProperties: true })]),
      [{ a: 1, b: 2, z: 3 }],
      [[{ a: 1 }, ['b is required']]],
    ],
    [
      'the parts of a union, each by itself',
      t.Union([t.Object({ a: t.Integer() }), t.Object({ b: t.Integer() })]),
      [{ a: 1 }, { b: 1 }],
      [[{ a: 1, z: 2 }, [unknown('z')]]],
    ],
  ])('%s', async (_title, schema, right, wrong) => {
    const send = await bodies({ body: schema })
    for (const body of right) expect(await send('body', body)).toEqual({ status: 200, problems: [], input: body })
    for (const [body, problems] of wrong) expect(await send('body', body)).toEqual({ status: 400, problems })
  })
})

describe('records', () => {
  it.each<[string, TSchema, unknown, [unknown, string[]][]]>([
    [
      'of any name: line breaks too',
      t.Record(t.String(), t.Number()),
      { a: 1, 'b\nc': 2 },
      [
        [{ 'a\nb': { evil: 1 } }, ['a\nb must be number']],
        [{ 'a\u2028b': 'x' }, ['a\u2028b must be number']],
        [{ '\r': 'x' }, ['\r must be number']],
      ],
    ],
    [
      'of names with a pattern',
      t.Record(t.String({ pattern: '^x' }), t.Number()),
      { x1: 1 },
      [
        [{ y: 'str' }, [unknown('y')]],
        [{ x1: 'str' }, ['x1 must be number']],
      ],
    ],
    ['of integers', t.Record(t.Integer(), t.Number()), { 5: 1 }, [[{ abc: { evil: 1 } }, [unknown('abc')]]]],
    [
      'of a template',
      t.Record(t.TemplateLiteral('x-${string}'), t.Number()),
      { 'x-a': 1 },
      [[{ y: 'str' }, [unknown('y')]]],
    ],
    [
      'in an intersection',
      t.Intersect([t.Object({ id: t.Integer() }), t.Record(t.String({ pattern: '^x' }), t.Number())]),
      { id: 1, x1: 2 },
      [[{ id: 1, y: 2 }, [unknown('y')]]],
    ],
  ])('%s', async (_title, schema, right, wrong) => {
    const send = await bodies({ body: schema })
    expect(await send('body', right)).toMatchObject({ status: 200, input: right })
    for (const [body, problems] of wrong) expect(await send('body', body)).toEqual({ status: 400, problems })
  })

  it('treats inherited properties as missing', async () => {
    const send = await bodies({
      optional: t.Object({ constructor: t.Optional(t.String()) }),
      required: t.Object({ toString: t.Unknown(), valueOf: t.Unknown() }),
      tagged: t.Union([
        t.Object({ constructor: t.Literal('a') }),
        t.Object({ constructor: t.Literal('b'), n: t.Integer() }),
      ]),
    })
    expect((await send('optional', {})).status).toBe(200)
    expect(await send('required', {})).toEqual({
      status: 400,
      problems: ['toString is required', 'valueOf is required'],
    })
    expect((await send('required', { toString: 1, valueOf: 2 })).status).toBe(200)
    expect(await send('tagged', {})).toEqual({ status: 400, problems: ['constructor is required'] })
    expect((await send('tagged', { constructor: 'a' })).status).toBe(200)
  })
})
