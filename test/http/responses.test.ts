import type { TSchema } from '@sinclair/typebox'
import { Ajv2019 } from 'ajv/dist/2019.js'
import fc from 'fast-check'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { contract, service, t } from 'tricube'
import { logging } from '../log/logFile.ts'

/** Returns the response of a handler that returns a value, and the problem in the log. */
async function responseOf(
  returns: TSchema,
  value: unknown,
): Promise<{ status: number; data?: unknown; problem?: string }> {
  const responses = contract('response-service', { get: { route: 'GET /', returns } })
  const { app, lines } = await logging(responses, { handlers: { get: () => value as never } })
  const response = await app.inject('/')
  const { code, data } = response.json<{ code: number; data?: unknown }>() // always JSON
  const failed = (await lines()).find(({ msg }) => msg === 'failed')
  if (response.statusCode === 200) return { status: 200, data }
  expect([response.statusCode, code, data]).toEqual([500, 50000, undefined])
  return { status: 500, problem: String(failed?.['err'].message).split('breaks its contract: ')[1]! }
}

const User = t.Object({ name: t.String(), age: t.Integer(), ok: t.Boolean() })
const user = { name: 'Ada', age: 36, ok: true }
const unknown = t.Object({ u: t.Unknown() })
interface Node {
  readonly children: Node[]
}
const Tree = t.Recursive((Self) => t.Object({ children: t.Array(Self) }))
const tooLarge = 'exceeds 2^53, beyond which JSON parsers round'

/** Returns a value after making it refer to itself. */
function cycle<Value>(tie: (value: Value) => unknown, value: Value): Value {
  tie(value)
  return value
}
const date = new Date('2026-01-31T12:00:00Z')

describe('responds with 500 and logs the field when a handler returns', () => {
  it.each<[string, TSchema, unknown, string]>([
    ['null for a text', User, { ...user, name: null }, 'name must be string, got null'],
    ['null for an integer', User, { ...user, age: null }, 'age must be integer'],
    ['null for a boolean', User, { ...user, ok: null }, 'ok must be boolean'],
    ['null for an object', User, null, 'must be object'],
    ['null for an optional field', t.Object({ a: t.Optional(t.String()) }), { a: null }, 'a must be string'],
    ['5.7 for an integer', User, { ...user, age: 5.7 }, 'age must be integer, got a number with a fraction'],
    ["'false' for a boolean", User, { ...user, ok: 'false' }, 'ok must be boolean, got a string'],
    ["'5' for a number", t.Object({ n: t.Number() }), { n: '5' }, 'n must be number'],
    ['a number for a text', User, { ...user, name: 7 }, 'name must be string'],
    ['NaN', t.Object({ n: t.Number() }), { n: Number.NaN }, 'n must be number, got NaN'],
    ['Infinity', t.Object({ n: t.Number() }), { n: Infinity }, 'n must be number'],
    ['no required field', User, { name: 'Ada', age: 1 }, 'ok is required'],
    ['undefined', User, undefined, 'must be object, got undefined'],
    ['a list for an object', User, [], 'must be object, got an array'],
    ['an object for a list', t.Array(t.Integer()), { length: 0 }, 'must be array, got an object'],
    [
      'a wrong field in a nested object',
      t.Object({ a: t.Array(User) }),
      { a: [user, { ...user, age: '1' }] },
      'a.1.age must be integer',
    ],
    ['another literal', t.Object({ k: t.Literal('a') }), { k: 'b' }, 'k must be a'],
    [
      'no member of a union',
      t.Object({ k: t.Union([t.Literal('a'), t.Literal('b')]) }),
      { k: 'c' },
      'k must be one of a, b',
    ],
    ['null for a literal', t.Object({ k: t.Literal('a') }), { k: null }, 'k must be string'],
    ['a value for null', t.Null(), 0, 'must be null'],
    [
      'a text over its maximum length',
      t.Object({ s: t.String({ maxLength: 3 }) }),
      { s: 'four' },
      's must NOT have more than 3',
    ],
    ['an empty text', t.Object({ s: t.String({ minLength: 1 }) }), { s: '' }, 's must NOT have fewer than 1'],
    ['a text of another pattern', t.Object({ s: t.String({ pattern: '^a+$' }) }), { s: 'b' }, 's must match pattern'],
    [
      'a text that is not a date',
      t.Object({ at: t.String({ format: 'date-time' }) }),
      { at: '","x":"' },
      'at must match format',
    ],
    ['a date that is none', t.Object({ at: t.String() }), { at: new Date('x') }, 'at must be string, got a Date'],
    ['a number below its minimum', t.Object({ n: t.Integer({ minimum: 1 }) }), { n: 0 }, 'n must be >= 1'],
    ['a number over its maximum', t.Object({ n: t.Number({ exclusiveMaximum: 1 }) }), { n: 1 }, 'n must be < 1'],
    [
      'a list that is too short',
      t.Object({ l: t.Array(t.Any(), { minItems: 1 }) }),
      { l: [] },
      'l must NOT have fewer',
    ],
    [
      'a list with a value twice',
      t.Array(t.Integer(), { uniqueItems: true }),
      [1, 1],
      'must not have the same item twice',
    ],
    ['a wrong value of a record', t.Record(t.String(), t.Integer()), { a: 1, b: 'x' }, 'b must be integer'],
    ['a wrong item of a tuple', t.Tuple([t.Integer(), t.String()]), [1, 2], '1 must be string'],
    ['a wrong part of an intersection', t.Intersect([User, t.Object({ id: t.Integer() })]), user, 'id is required'],
    ['what is excluded', t.Object({ n: t.Not(t.Literal(0)) }), { n: 0 }, 'n must not be what the contract excludes'],
    ['a function', unknown, { u: () => 1 }, 'u is required'],
    ['a symbol', unknown, { u: Symbol('u') }, 'u is required'],
    ['an object whose toJSON gives undefined', unknown, { u: { toJSON: () => undefined } }, 'u is required'],
    ['a function inside', unknown, { u: { a: [{ b: () => 1 }] } }, 'u.a.0.b is function, which JSON cannot hold'],
    ['a Map', unknown, { u: new Map([['a', 1]]) }, 'u is Map, which JSON cannot hold'],
    [
      'a Map for a record',
      t.Record(t.String(), t.Integer()),
      new Map([['a', 1]]),
      'the value is Map, which JSON cannot hold',
    ],
    [
      'a Map for an object',
      t.Object({ a: t.Optional(t.Integer()) }),
      new Map(),
      'the value is Map, which JSON cannot hold',
    ],
    ['a Set', unknown, { u: new Set([1]) }, 'u is Set, which JSON cannot hold'],
    ['a typed array', unknown, { u: new Uint8Array(2) }, 'u is Uint8Array, which JSON cannot hold'],
    ['an error', unknown, { u: new RangeError('x') }, 'u is RangeError, which JSON cannot hold'],
    ['NaN inside', unknown, { u: [Number.NaN] }, 'u.0 is NaN, which JSON cannot hold'],
    [
      'a promise',
      t.Object({ u: t.Object({}) }),
      { u: Promise.resolve({}) },
      'u is Promise, which JSON cannot hold: await it',
    ],
    [
      'a promise for an integer',
      User,
      { ...user, age: Promise.resolve(1) },
      'age must be integer, got a Promise: await it',
    ],
    ['a Set for a list', t.Array(t.Integer()), new Set([1]), 'must be array, got a Set: return [...set]'],
    ['a wrong field whose name has a dot', t.Object({ 'a.b': t.String() }), { 'a.b': null }, 'a.b must be string'],
    ['a stream for a text', t.String(), Readable.from(['a']), 'must be string, got a Readable'],
    ['a stream for an object', t.Object({ u: t.Object({}) }), { u: Readable.from(['a']) }, 'u is Readable, which JSON'],
    ['a list in itself', unknown, { u: cycle((u: unknown[]) => u.push(u), []) }, 'u.0 refers back to u, which JSON'],
    [
      'a child that refers to its parent',
      Tree,
      cycle((root: Node) => root.children.push({ children: [{ children: [root] }] }), { children: [] }),
      'children.0.children.0.children.0 refers back to the value, which JSON cannot hold',
    ],
    [
      'an object that refers to itself',
      t.Object({ a: t.Object({ b: t.Unknown() }) }),
      { a: cycle((a: { b?: unknown }) => (a.b = a), {}) },
      'a.b refers back to a, which JSON cannot hold',
    ],
    ['2^53 for an integer', t.Object({ n: t.Integer() }), { n: 2 ** 53 }, `n ${tooLarge}`],
    ['-2^53 for an integer', t.Array(t.Integer({ maximum: 5 })), [1, -(2 ** 53)], `1 ${tooLarge}`],
    ['a bigint beyond 2^53', t.Object({ n: t.Integer() }), { n: 2n ** 60n + 1n }, `n ${tooLarge}`],
    [
      'a bigint beyond 2^53, or null',
      t.Object({ n: t.Union([t.Integer(), t.Null()]) }),
      { n: 2n ** 60n + 1n },
      `n ${tooLarge}`,
    ],
    [
      'a bigint beyond 2^53 for a number',
      t.Object({ n: t.Number() }),
      { n: 2n ** 60n + 1n },
      'n is bigint, which JSON cannot hold',
    ],
  ])('%s', async (_what, returns, value, problem) => {
    expect(await responseOf(returns, value)).toMatchObject({ status: 500, problem: expect.stringContaining(problem) })
  })

  it('a wrong item or total of a page', async () => {
    const pages = contract('page-service', { list: { route: 'GET /', paginated: true, returns: t.Integer() } })
    const values: unknown[] = [
      { items: [1, 2], total: 2 },
      { items: [1, '2'], total: 2 },
      { items: [1], total: '1' },
      { items: [1], total: -1 },
      { items: [1], total: 2n ** 60n },
      { total: 0 },
      undefined,
    ]
    const { app, lines } = await logging(pages, { handlers: { list: () => values.shift() as never } })
    const statuses: number[] = []
    while (values.length > 0) statuses.push((await app.inject('/')).statusCode)
    expect(statuses).toEqual([200, 500, 500, 500, 500, 500, 500])
    const problems = (await lines()).filter(({ msg }) => msg === 'failed').map(({ err }) => err.message.split(': ')[1])
    const twoFields = 'it is paginated, return { items, total }'
    expect(problems).toEqual([
      '1 must be integer, got a string',
      'total must be integer',
      'total must be integer',
      'total must be integer',
      twoFields,
      twoFields,
    ])
  })
})

/** A row as a class instance, and a class with `toJSON`. */
class Row {
  readonly id = 1
  get name(): string {
    return 'row'
  }
}
class Money {
  toJSON(): string {
    return '12.50'
  }
}
const Node = t.Recursive((This) => t.Object({ name: t.String(), children: t.Array(This) }), { $id: 'ResponseNode' })
const tree = { name: 'a', children: [{ name: 'b', children: [] }] }
const Circle = t.Object({ kind: t.Literal('circle'), r: t.Number() })
const Square = t.Object({ kind: t.Literal('square'), w: t.Number(), h: t.Optional(t.Number()) })
const odd = { constructor: 'c', toString: 't', 'a"b\\': 'x', ' \u2028': 'y', ünï: 'z' }
const Odd = t.Object(Object.fromEntries(Object.keys(odd).map((name) => [name, t.String()])))

describe('writes', () => {
  it.each<[string, TSchema, unknown, unknown?]>([
    ['an object', User, user],
    ['no fields that the schema does not name', User, { ...user, secret: 1, f: () => 1 }, user],
    [
      'no additional fields of an object that allows none',
      t.Object({ a: t.Integer() }, { additionalProperties: false }),
      { a: 1, b: 2 },
      { a: 1 },
    ],
    [
      'no optional field that is undefined',
      t.Object({ a: t.Optional(t.String()), b: t.Integer() }),
      { a: undefined, b: 1 },
      { b: 1 },
    ],
    [
      'an object whose first field is optional',
      t.Object({ a: t.Optional(t.String()), b: t.Optional(t.Integer()) }),
      { b: 1 },
    ],
    ['a default', t.Object({ a: t.Integer({ default: 5 }), b: t.Integer() }), { b: 1 }, { a: 5, b: 1 }],
    [
      'a date as text',
      t.Object({ a: t.String(), b: t.String({ format: 'date-time' }) }),
      { a: date, b: date },
      { a: date.toJSON(), b: date.toJSON() },
    ],
    [
      'a date without its time',
      t.Object({ a: t.String({ format: 'date' }) }),
      { a: new Date(2026, 0, 31) },
      { a: '2026-01-31' },
    ],
    ['the result of toJSON', t.Object({ price: t.String() }), { price: new Money() }, { price: '12.50' }],
    ['a class instance', t.Object({ id: t.Integer(), name: t.String() }), new Row(), { id: 1, name: 'row' }],
    ['an object without a prototype', User, Object.assign(Object.create(null) as object, user), user],
    ['a bigint', t.Object({ n: t.Integer(), m: t.Number() }), { n: 5n, m: 7n }, { n: 5, m: 7 }],
    ['null', t.Union([User, t.Null()]), null],
    ['undefined as null', t.Union([User, t.Null()]), undefined, null],
    ['null of a list of types', t.Unsafe({ type: ['string', 'null'] }), null],
    ['null of an enum', t.Unsafe({ type: ['string', 'null'], enum: ['a', null] }), null],
    ['values of two types', t.Array(t.Unsafe({ type: ['string', 'integer'] })), ['a', 1]],
    [
      'a union',
      t.Array(t.Union([Circle, Square])),
      [
        { kind: 'square', w: 1 },
        { kind: 'circle', r: 2, h: 3 },
      ],
      [
        { kind: 'square', w: 1 },
        { kind: 'circle', r: 2 },
      ],
    ],
    [
      'an intersection',
      t.Intersect([User, t.Object({ id: t.Integer() })]),
      { ...user, id: 1, secret: 2 },
      { ...user, id: 1 },
    ],
    [
      'an intersection with a union',
      t.Intersect([t.Object({ id: t.Integer() }), t.Union([Circle, Square])]),
      { id: 1, kind: 'square', w: 2 },
    ],
    ['oneOf', t.Unsafe({ oneOf: [{ type: 'string' }, { type: 'integer' }] }), 5],
    ['a record', t.Record(t.String(), t.Integer()), { a: 1, 'b\nc': 2 }],
    ['a record of patterns', t.Record(t.String({ pattern: '^x-' }), t.Integer()), { 'x-a': 1, b: 2 }, { 'x-a': 1 }],
    ['additional fields', t.Object({ a: t.Integer() }, { additionalProperties: t.String() }), { a: 1, b: 'x' }],
    ['a tuple', t.Tuple([t.Integer(), t.String()]), [1, 'a']],
    ['a tree', Node, tree],
    ['a tree twice', t.Object({ a: Node, b: t.Optional(Node) }), { a: tree, b: tree }],
    ['names that objects inherit, and unusual names', Odd, odd],
    [
      'a value of any type',
      unknown,
      { u: { a: [1, null, 'x', { d: date, skipped: undefined }] } },
      { u: { a: [1, null, 'x', { d: date.toJSON() }] } },
    ],
    [
      'text that needs escapes',
      t.Array(t.String()),
      ['"\\\n\u0001', '\u2028\ud800', '😀'.repeat(30), 'x'.repeat(6000) + '"'],
    ],
    ['text of the maximum length', t.String({ maxLength: 2 }), '😀😀'],
    ['numbers', t.Array(t.Number()), [0, -0, 1e21, 5e-324, -1.5], [0, 0, 1e21, 5e-324, -1.5]],
    [
      'fields of if and then',
      t.Unsafe({
        type: 'object',
        properties: { k: { type: 'string' } },
        if: { properties: { k: { const: 'a' } } },
        ['then' as string]: { properties: { x: { type: 'integer' } }, required: ['x'] },
      }),
      { k: 'a', x: 1 },
    ],
  ])('%s', async (_what, returns, value, data = value) => {
    const response = await responseOf(returns, value)
    expect(response).toEqual({ status: 200, data: JSON.parse(JSON.stringify(data ?? null)) })
  })
})

it('responds with valid data or a 500, for any schema and value', { timeout: 60_000 }, async () => {
  const ajv = new Ajv2019({ strict: false })
  const leaf = fc.constantFrom<TSchema>(
    t.Integer(),
    t.Number({ minimum: 0 }),
    t.String({ maxLength: 3 }),
    t.Boolean(),
    t.Null(),
    t.Literal('a'),
    t.Unsafe({ type: ['integer', 'null'] }),
    t.Union([t.Literal('a'), t.Literal(1)]),
  )
  const { schema } = fc.letrec<{ schema: TSchema }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leaf,
      tie('schema').map((items) => t.Array(items)),
      tie('schema').map((values) => t.Record(t.String(), values)),
      fc.tuple(tie('schema'), tie('schema')).map(([a, b]) => t.Object({ a, b: t.Optional(b) })),
      fc.tuple(tie('schema'), tie('schema')).map((parts) => t.Union(parts)),
      fc.tuple(tie('schema'), tie('schema')).map(([a, b]) => t.Intersect([t.Object({ a }), t.Object({ b })])),
    ),
  }))
  const leafValue = fc.constantFrom<unknown>(0, 1, -1, 1.5, '', 'a', 'abcd', true, null, undefined, '1')
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      leafValue,
      fc.array(tie('value'), { maxLength: 2 }),
      fc.record({ a: tie('value'), b: tie('value') }, { requiredKeys: [] }),
    ),
  }))
  const cases = fc.array(fc.tuple(schema, fc.array(value, { minLength: 8, maxLength: 8 })), {
    minLength: 20,
    maxLength: 20,
  })
  const seen = { right: 0, wrong: 0 }
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      let next: unknown
      const operations = given.map(([returns], i) => [`get${i}`, { route: `GET /${i}` as const, returns }] as const)
      const app = service(contract('any-service', Object.fromEntries(operations), { envelope: 'plain' }), {
        handlers: Object.fromEntries(operations.map(([name]) => [name, () => next as never])),
        log: { level: 'silent' },
      })
      for (const [i, [returns, values]] of given.entries()) {
        const validate = ajv.compile(JSON.parse(JSON.stringify(returns)) as object)
        for (next of values) {
          if (hasHoles(next)) continue // JSON cannot hold a list with holes
          const isRight = validate(JSON.parse(JSON.stringify(next ?? null)))
          const { statusCode, body } = await app.inject(`/${i}`)
          expect(statusCode, `${JSON.stringify(returns)}: ${JSON.stringify(next)}`).toBe(isRight ? 200 : 500)
          if (isRight) expect(validate(JSON.parse(body)), body).toBe(true)
          seen[isRight ? 'right' : 'wrong']++
        }
      }
      await app.close()
    }),
    { numRuns: 4 },
  )
  expect(seen.right).toBeGreaterThan(10)
  expect(seen.wrong).toBeGreaterThan(10)
})

function hasHoles(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => item === undefined || hasHoles(item))
  return typeof value === 'object' && value !== null && Object.values(value).some(hasHoles)
}
