/** What holds of any two schemas. */
import fc from 'fast-check'
import { t } from 'tricube'
import { expect, it } from 'vitest'
import { rate, type Direction } from '../../src/compatibility/difference.ts'
import { schemaDifferences } from '../../src/compatibility/schemas.ts'
import { compileCheck, compileReceivedCheck } from '../../src/schema/validator/check.ts'
import { jsonSchemaOf, type JsonSchema, type TSchema } from '../../src/schema/schema.ts'

const name = fc.constantFrom('a', 'b', 'c')
const small = fc.integer({ min: 0, max: 4 })

/** Small schemas, so that two of them often have something in common. */
const { schema } = fc.letrec<{ schema: TSchema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ minimum: small, maximum: small }, { requiredKeys: [] }).map((bounds) => t.Integer(bounds)),
    fc.constant(t.Number()),
    fc.record({ minLength: small, maxLength: small }, { requiredKeys: [] }).map((bounds) => t.String(bounds)),
    fc.constantFrom(t.Boolean(), t.Null()),
    fc.constantFrom('x', 'y', 1).map((value) => t.Literal(value)),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((parts) => t.Union(parts)),
    tie('schema').map((items) => t.Array(items)),
    fc
      .dictionary(name, fc.tuple(tie('schema'), fc.boolean()), { maxKeys: 3 })
      .map((fields) =>
        t.Object(
          Object.fromEntries(
            Object.entries(fields).map(([key, [field, isRequired]]) => [key, isRequired ? field : t.Optional(field)]),
          ),
        ),
      ),
  ),
}))

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer({ min: -1, max: 5 }),
    fc.constantFrom(null, true, false, 0.5, 'x', 'y', '', 'xxx', 'xxxxx'),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
})).value

const values = fc.sample(value, { numRuns: 60, seed: 7 })

/** Two schemas, which often have something in common. */
const pairs = fc
  .tuple(schema, schema, fc.integer({ min: 0, max: 3 }))
  .map(([one, other, how]): readonly [TSchema, TSchema] => {
    const both = t.Union([one, other])
    if (how === 0) return [one, other]
    if (how === 1) return [one, both]
    return how === 2 ? [both, one] : [t.Object({ a: one }), t.Object({ a: both, b: t.Optional(other) })]
  })

it('is silent about a schema and itself', () => {
  fc.assert(
    fc.property(schema, directions(), (one, direction) => {
      expect(differences(one, one, direction)).toEqual([])
    }),
  )
})

it('adding and then removing is symmetrical', () => {
  const tagged = t.Union([t.Object({ a: t.Literal('x') }), t.String()])
  fc.assert(
    fc.property(schema, schema, directions(), (one, other, direction) => {
      const there = differences(one, other, direction).map(({ path, kind }) => `${path} ${mirrored[kind] ?? kind}`)
      const back = differences(other, one, direction).map(({ path, kind }) => `${path} ${kind}`)
      expect(there.toSorted()).toEqual(back.toSorted())
    }),
    {
      numRuns: 500,
      examples: [
        [tagged, t.Object({ a: t.String() }), 'request'],
        [tagged, t.Union([t.Object({ a: t.Literal('y') }), t.Null()]), 'response'],
      ],
    },
  )
})

it('what is not breaking in a request is still accepted', () => {
  let compared = 0
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      if (worst(before, after, 'request') === 'breaking') return
      const [wasValid, isValid] = [compileCheck(before, 'only known'), compileCheck(after, 'only known')]
      for (const sent of values) {
        if (wasValid(structuredClone(sent)) !== undefined) continue
        compared += 1
        expect(isValid(structuredClone(sent))).toBeUndefined()
      }
    }),
    { numRuns: 200 },
  )
  expect(compared).toBeGreaterThan(100)
})

it('what is safe in a response still matches what callers know', () => {
  let compared = 0
  fc.assert(
    fc.property(pairs, ([before, after]) => {
      if (worst(before, after, 'response') !== 'safe') return
      const [isSent, isKnown] = [compileCheck(after, 'only known'), compileReceivedCheck(before, 'input')]
      for (const sent of values) {
        if (isSent(structuredClone(sent)) !== undefined) continue
        compared += 1
        expect(isKnown(structuredClone(sent))).toBeUndefined()
      }
    }),
    { numRuns: 200 },
  )
  expect(compared).toBeGreaterThan(100)
})

const mirrored: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['required field added', 'required field removed'],
    ['optional field added', 'optional field removed'],
    ['became required', 'became optional'],
    ['values added', 'values removed'],
    ['limit tightened', 'limit loosened'],
  ].flatMap(([one, other]) => [
    [one, other],
    [other, one],
  ]),
)

function directions(): fc.Arbitrary<Direction> {
  return fc.constantFrom('request', 'response', 'message')
}

function differences(before: TSchema, after: TSchema, direction: Direction) {
  return schemaDifferences(plain(before), plain(after), 'body', { direction })
}

function worst(before: TSchema, after: TSchema, direction: Direction): string {
  const levels = differences(before, after, direction).map((one) => rate(one, direction).level)
  return ['breaking', 'risky'].find((level) => levels.includes(level as never)) ?? 'safe'
}

function plain(one: TSchema): JsonSchema {
  return jsonSchemaOf(one)
}
