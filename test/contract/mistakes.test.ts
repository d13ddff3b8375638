/** Mistakes with schemas of any library, which are named where the contract is defined. */
import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import { contract, ContractError, form, multipart, t } from 'tricube'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'

const define = (operation: object) => () => contract('x-service', { a: { route: 'POST /a', ...operation } } as never)

describe('an optional body', () => {
  const fields = z.object({ a: z.string() })
  it.each<[string, unknown]>([
    ['Zod', fields.optional()],
    ['Zod, by a default', fields.default({ a: '' })],
    ['Zod, in a transform', fields.optional().transform((value) => value?.a)],
    ['Valibot', toStandardJsonSchema(v.optional(v.object({ a: v.string() })))],
    ['ArkType', type({ a: 'string' }).or('undefined')],
  ])('is rejected: %s', (_, body) => {
    expect(define({ body })).toThrow(
      new ContractError('x-service.a: body cannot be optional: make its fields optional, or allow null'),
    )
  })

  it.each<[string, unknown]>([
    ['any value of Zod', z.unknown()],
    ['any value of Valibot', toStandardJsonSchema(v.pipe(v.any(), v.description('anything')))],
    ['any value of ArkType', type('unknown')],
    ['optional fields', z.object({ a: z.string().optional() })],
    ['null', fields.nullable()],
    ['a preprocessor', z.preprocess((value) => value, fields)],
  ])('is not %s', (_, body) => {
    expect(define({ body })).not.toThrow()
  })
})

it.each<[string, unknown]>([
  ['t', t.Optional(t.String())],
  ['Zod', z.string().optional()],
  ['Valibot', toStandardJsonSchema(v.optional(v.string(), 'a'))],
  ['ArkType', type('string|undefined')],
])('a path parameter cannot be optional: %s', (_, id) => {
  expect(define({ route: 'POST /a/:id', params: { id } })).toThrow(
    'x-service.a: params.id cannot be optional: a path without it is another path',
  )
})

it.each<[unknown, string]>([
  [t.Object({ all: t.Array(t.Object({ since: t.Date() })) }), 'body.all[].since: Date is not a JSON type'],
  [t.Object({ n: t.Union([t.Null(), t.BigInt()]) }), 'body.n: BigInt is not a JSON type'],
  [t.Object({ f: t.Function([], t.Null()) }), 'body.f: Function is not a JSON type'],
  [t.Object({ at: t.Transform(t.String()).Decode(Date.parse).Encode(String) }), 'body.at: t.Transform is never run'],
])('what JSON does not have is named with its path: %#', (body, message) => {
  expect(define({ body })).toThrow(`x-service.a: ${message}`)
})

it('a page of lists is rejected, but not one of tuples', () => {
  const page = (returns: unknown, paginated: unknown = true) => define({ route: 'GET /a', paginated, returns })
  const message = 'x-service.a: returns is the schema of one item when paginated, got that of a list'
  expect(page(z.array(z.string()))).toThrow(message)
  expect(page(t.Array(t.String()), 'cursor')).toThrow(message)
  expect(page(z.tuple([z.string(), z.int()]))).not.toThrow()
  expect(page(t.Tuple([t.String(), t.Integer()]), 'cursor')).not.toThrow()
})

describe('one schema in place of a plain object of schemas', () => {
  const Fields = z.object({ a: z.string() })
  const like = 'must be a plain object of schemas, like { id: t.Integer() }, got one schema:'
  it.each<[string, () => unknown, string]>([
    ['Zod in query', define({ query: Fields }), `x-service.a: query ${like} pass its .shape`],
    ['Zod in headers', define({ headers: Fields.refine(() => true) }), `x-service.a: headers ${like} pass its .shape`],
    [
      'ArkType in query',
      define({ query: type({ a: 'string' }) }),
      `x-service.a: query ${like} write a schema for each`,
    ],
    [
      't in params',
      define({ params: t.Object({ a: t.String() }) }),
      `x-service.a: params ${like} pass its .properties`,
    ],
    [
      'Zod in responseHeaders',
      define({ responseHeaders: Fields }),
      `x-service.a: responseHeaders ${like} pass its .shape`,
    ],
    ['Zod in a form', () => form(Fields as never), `form: fields ${like} pass its .shape`],
    ['Zod in a multipart', () => multipart({ fields: Fields as never }), `multipart: fields ${like} pass its .shape`],
  ])('%s', (_, wrong, message) => {
    expect(wrong).toThrow(message)
  })

  it.each<[string, unknown, string]>([
    [
      'zod/mini',
      mini.object({ a: mini.string() }),
      'body is a schema of zod without JSON Schema: use zod 4.2 or newer, and not zod/mini',
    ],
    [
      'an optional field of ArkType',
      type('string').optional(),
      "body is a field of an ArkType object: make the type itself optional, like type('string | undefined')",
    ],
  ])('%s', (_, body, message) => {
    expect(define({ body })).toThrow(`x-service.a: ${message}`)
  })
})
