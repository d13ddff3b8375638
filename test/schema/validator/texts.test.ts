import fc from 'fast-check'
import type { TSchema } from '@sinclair/typebox'
import { t } from 'tricube'
import { describe, expect, it } from 'vitest'
import { bodies, texts } from './operations.ts'

const Bounded = t.Integer({ minimum: -5, maximum: 10 })

describe('numbers in a URL and in headers', () => {
  it.each(['1e400', 'Infinity', '-Infinity', 'NaN', '1e309', '-1e400', '9'.repeat(400)])('rejects %s', async (text) => {
    const get = await texts({
      params: { id: Bounded },
      query: { n: t.Optional(Bounded), f: t.Optional(t.Number()), l: t.Optional(t.Array(t.Number())) },
      headers: { 'x-n': t.Optional(t.Integer({ maximum: 5 })) },
    })
    expect((await get(`/things/${text}`)).problems).toEqual(['id must be integer'])
    expect((await get(`/things/1?n=${text}`)).problems).toEqual(['n must be integer'])
    expect((await get(`/things/1?f=${text}`)).problems).toEqual(['f must be number'])
    expect((await get(`/things/1?l=1&l=${text}`)).problems).toEqual(['l.1 must be number'])
    expect((await get('/things/1', { 'x-n': text })).problems).toEqual(['x-n must be integer'])
  })

  it.each(['0x1', '1e0', '1e3', '%201', '1%20', '%2B1', '01', '-0', '1.0', '', '1_0', '９', '9007199254740993', '-'])(
    '%s is no other spelling of an integer',
    async (text) => {
      const get = await texts({ query: { n: t.Integer() } })
      expect((await get(`/things/1?n=${text}`)).problems).toEqual(['n must be integer'])
    },
  )

  it('accepts only one spelling of an integer', async () => {
    const get = await texts({ query: { n: t.Integer() } })
    await fc.assert(
      fc.asyncProperty(fc.maxSafeInteger(), async (n) => {
        expect((await get(`/things/1?n=${n}`)).input.query).toEqual({ n: n === 0 ? 0 : n })
      }),
      { examples: [[0], [-1], [Number.MAX_SAFE_INTEGER], [Number.MIN_SAFE_INTEGER]] },
    )
  })

  it('accepts a number as JSON writes it', async () => {
    const get = await texts({ query: { n: t.Number() } })
    for (const [text, value] of [
      ['1.50', 1.5],
      ['-0.25', -0.25],
      ['1e-7', 1e-7],
      ['1E%2B21', 1e21],
    ]) {
      expect((await get(`/things/1?n=${text}`)).input.query).toEqual({ n: value })
    }
    for (const text of ['0x10', '%20', '', '.5', '5.', '%2B1', '01', '1,5']) {
      expect((await get(`/things/1?n=${text}`)).problems).toEqual(['n must be number'])
    }
  })

  it.each<[string, TSchema, [string, unknown][]]>([
    [
      'an integer or a string',
      t.Union([t.Integer(), t.String()]),
      [
        ['5', 5],
        ['05', '05'],
        ['x', 'x'],
        ['', ''],
      ],
    ],
    [
      'an integer with a bound, or a string',
      t.Union([t.Integer({ maximum: 9 }), t.String()]),
      [
        ['5', 5],
        ['50', '50'],
      ],
    ],
    [
      'a boolean or a string',
      t.Union([t.Boolean(), t.String()]),
      [
        ['true', true],
        ['yes', 'yes'],
      ],
    ],
    [
      'an integer or null',
      t.Union([t.Integer(), t.Null()]),
      [
        ['0', 0],
        ['', null],
      ],
    ],
    [
      'null or a boolean',
      t.Union([t.Null(), t.Boolean()]),
      [
        ['false', false],
        ['', null],
      ],
    ],
    [
      'a string or null',
      t.Union([t.String(), t.Null()]),
      [
        ['', ''],
        ['0', '0'],
      ],
    ],
    [
      'literals',
      t.Union([t.Literal(1), t.Literal('a'), t.Literal(true)]),
      [
        ['1', 1],
        ['a', 'a'],
        ['true', true],
      ],
    ],
    [
      'two types',
      t.Unsafe({ type: ['integer', 'null'] }),
      [
        ['0', 0],
        ['', null],
      ],
    ],
    ['a union in an intersection', t.Intersect([t.Integer(), t.Not(t.Literal(3))]), [['4', 4]]],
    [
      'a list of unions',
      t.Array(t.Union([t.Integer(), t.String()])),
      [
        ['5', [5]],
        ['5&n=x', [5, 'x']],
      ],
    ],
    [
      'an integer or a list',
      t.Union([t.Integer(), t.Array(t.Integer())]),
      [
        ['5', 5],
        ['5&n=6', [5, 6]],
      ],
    ],
  ])('%s', async (_title, schema, cases) => {
    const get = await texts({ query: { n: schema } })
    for (const [text, value] of cases) expect((await get(`/things/1?n=${text}`)).input.query).toEqual({ n: value })
  })

  it('reads a list in a header or a path from one text with commas', async () => {
    const get = await texts({ params: { id: t.Array(t.Integer()) }, headers: { 'x-l': t.Array(t.String()) } })
    expect((await get('/things/1,2', { 'x-l': 'a, b' })).input).toMatchObject({
      params: { id: [1, 2] },
      headers: { 'x-l': ['a', 'b'] },
    })
  })

  it('rejects a repeated parameter for a single value', async () => {
    const Sort = t.Union([t.Literal('asc'), t.Literal('desc')])
    const get = await texts({ query: { n: t.Optional(t.Integer()), sort: t.Optional(Sort), l: t.Array(t.Integer()) } })
    expect((await get('/things/1?l=1&sort=asc&sort=desc')).problems).toEqual([
      'sort is given several times, expected once',
    ])
    expect((await get('/things/1?l=a&l=2&n=1')).problems).toEqual(['l.0 must be integer'])
    expect((await get('/things/1?l=1&n=1&n=2')).problems).toEqual(['n is given several times, expected once'])
  })
})

describe('multipleOf', () => {
  it('is computed in decimal', async () => {
    const send = await bodies({
      cents: t.Array(t.Number({ multipleOf: 0.01 })),
      thirds: t.Number({ multipleOf: 0.3 }),
      even: t.Number({ multipleOf: 2 }),
    })
    expect((await send('cents', [19.99, 4.35, 0.07, 1e300, -0.01, 0, 1.1, 90071992547409.91])).status).toBe(200)
    expect((await send('cents', [19.999])).problems).toEqual(['0 must be multiple of 0.01'])
    expect((await send('cents', [5e-324])).problems).toEqual(['0 must be multiple of 0.01'])
    expect([await send('thirds', 0.9), await send('thirds', 1)].map(({ status }) => status)).toEqual([200, 400])
    expect(
      [await send('even', 1e300), await send('even', 0.5), await send('even', 3)].map(({ status }) => status),
    ).toEqual([200, 400, 400])
  })

  it('accepts any two decimals and rejects a third', async () => {
    const send = await bodies({ price: t.Number({ multipleOf: 0.01 }) })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -1e12, max: 1e12 }), fc.integer({ min: 1, max: 9 }), async (cents, more) => {
        expect((await send('price', Number(`${cents}e-2`))).status).toBe(200)
        expect((await send('price', Number(`${cents}${more}e-3`))).status).toBe(400)
      }),
    )
  })
})
