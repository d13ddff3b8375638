/** The names of schemas in OpenAPI: one name for each form of a schema, whatever is around it. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { contract, ContractError, form, multipart, openapiDocument, t, type Schema } from 'tricube'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { problemsOf } from './validate.ts'

const Money = z.object({ amount: z.int(), currency: z.string().default('EUR') }).meta({ id: 'Money' })
const VMoney = v.pipe(
  v.object({ amount: v.number(), currency: v.optional(v.pipe(v.string(), v.transform(Number), v.number()), '978') }),
  v.metadata({ id: 'Money' }),
)
const VTime = v.pipe(
  v.string(),
  v.transform((at) => new Date(at)),
)

const define = (body: Schema, returns: Schema) =>
  contract('pay-service', { pay: { route: 'POST /pay', body, returns } })
const bodyOf = (document: ReturnType<typeof openapiDocument>) => {
  const { requestBody } = document.paths['/pay']!['post']!
  return JSON.stringify(requestBody!.content['application/json']!.schema)
}

describe('a schema whose input is not its output has two names', () => {
  it.each<[string, Schema, Schema]>([
    ['beside a transform', z.object({ total: Money, at: z.string().transform((at) => new Date(at)) }), Money],
    ['inside a transform', z.object({ total: Money }).transform(({ total }) => total.amount), Money],
    [
      'inside a typed transform',
      z
        .object({ total: Money })
        .transform(({ total }) => total.amount)
        .pipe(z.number()),
      z.array(Money),
    ],
    ['in a schema that rejects unknown fields', z.strictObject({ total: Money }), z.object({ total: Money })],
    [
      'of Valibot, beside a transform',
      toStandardJsonSchema(v.object({ total: VMoney, at: VTime })),
      toStandardJsonSchema(VMoney),
    ],
  ])('%s', async (_, body, returns) => {
    const document = openapiDocument(define(body, returns))
    expect(await problemsOf(document)).toEqual([])
    expect(document.components.schemas).toMatchObject({
      Money: { properties: { amount: {} } },
      MoneyInput: { required: ['amount'] },
    })
    expect(bodyOf(document)).toContain('"#/components/schemas/MoneyInput"')
  })

  it('also when only its input occurs', () => {
    const body = z.object({ total: Money, at: z.string().transform((at) => new Date(at)) })
    expect(bodyOf(openapiDocument(define(body, z.string())))).toContain('"#/components/schemas/MoneyInput"')
  })

  it('that contains itself', async () => {
    const Box: z.ZodType = z
      .object({ size: z.int().default(1), inside: z.lazy(() => z.array(Box).transform((boxes) => boxes.length)) })
      .meta({ id: 'Box' })
    const document = openapiDocument(define(Box, z.int()))
    expect(await problemsOf(document)).toEqual([])
    expect(document.components.schemas).toHaveProperty('BoxInput')
  })

  it('because its input rejects unknown fields, and callers accept them in its output', async () => {
    const Card = z.strictObject({ number: z.string() }).meta({ id: 'Card' })
    const document = openapiDocument(define(Card, Card))
    expect(await problemsOf(document)).toEqual([])
    expect(document.components.schemas['CardInput']).toHaveProperty('additionalProperties', false)
    expect(document.components.schemas['Card']).not.toHaveProperty('additionalProperties')
  })
})

describe('two different schemas with one id are rejected where the contract is defined', () => {
  const Dup = z.object({ a: z.string() }).meta({ id: 'Dup' })
  const Other = t.Object({ b: t.String() }, { $id: 'Dup' })
  const ops = (a: object, b: object) => () =>
    contract('dup-service', { a: { route: 'POST /a', ...a }, b: { route: 'POST /b', ...b } } as never)

  it.each<[object, object, string]>([
    [{ body: Dup }, { returns: Other }, 'dup-service.b.returns: the id "Dup" is that of a different schema in a.body:'],
    [{ body: t.Array(Other) }, { body: z.object({ inner: Dup }) }, 'dup-service.b.body: the id "Dup" is that of a'],
    [{ query: { one: t.String({ $id: 'Dup' }) } }, { responses: { 202: Dup } }, 'in a.query.one: give one of them'],
    [
      { body: form({ x: t.String({ $id: 'X' }) }) },
      { body: multipart({ fields: { y: t.Integer({ $id: 'X' }) } }) },
      'dup-service.b.body.y: the id "X" is that of a different schema in a.body.x',
    ],
    [
      { body: t.Object({ inner: Other }, { $id: 'Dup' }) },
      {},
      'dup-service.a.body: the id "Dup" is that of a different',
    ],
    [
      { returns: t.Object({}, { $id: 'ErrorBody' }) },
      {},
      'a.returns: "ErrorBody" is the name of tricube\'s own errors',
    ],
  ])('%#', (a, b, message) => {
    expect(ops(a, b)).toThrow(message)
    expect(ops(a, b)).toThrow(ContractError)
  })

  it('but one schema may be used everywhere, in both of its forms', async () => {
    const Kinds = t.Module({ Leaf: t.Object({ n: t.Integer() }), Tree: t.Object({ leaves: t.Array(t.Ref('Leaf')) }) })
    const Tree = Kinds.Import('Tree')
    const many = ops(
      { body: Money, returns: z.array(Money), responses: { 202: Tree } },
      {
        body: z.object({ all: z.array(Money) }),
        returns: Money,
        query: {
          ids: t.Array(t.Integer(), { $id: 'Ids', style: 'comma' }),
          others: t.Array(t.Integer(), { $id: 'Ids' }),
        },
        responses: { 202: t.Array(Tree) },
      },
    )()
    expect(await problemsOf(openapiDocument(many))).toEqual([])
  })
})
