import type { TSchema } from '@sinclair/typebox'
import ajvFormats from 'ajv-formats'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { Conflict, contract, Forbidden, NotFound, t, type Operation } from 'tricube'
import { expect, it } from 'vitest'
import { openapiDocument, type OpenApiDocument } from 'tricube'
import { problemsOf } from './validate.ts'

it('describes any contract: valid OpenAPI 3.1, and examples that their schemas accept', async () => {
  const seen = { bodies: 0, examples: 0 }
  await fc.assert(
    fc.asyncProperty(contracts(), async (any) => {
      const document = openapiDocument(any)
      expect(await problemsOf(document)).toEqual([])
      expect(JSON.stringify(document)).not.toContain('"$id"')
      checkExamples(document, seen)
    }),
    { numRuns: 60 },
  )
  expect(seen.examples / seen.bodies, 'most bodies have an example').toBeGreaterThan(0.8)
})

function checkExamples({ paths, components }: OpenApiDocument, seen: { bodies: number; examples: number }): void {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  ajvFormats.default(ajv)
  ajv.addSchema({ $id: 'document', components })
  visit(paths)
  visit(components.responses)

  function visit(node: unknown): void {
    if (typeof node !== 'object' || node === null) return
    const { schema, example, examples } = node as Record<string, any>
    if (schema === undefined) return Object.values(node).forEach(visit)
    const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')))
    const values = Object.values<{ value: unknown }>(examples ?? {}).map(({ value }) => value)
    if (example !== undefined) values.push(example)
    for (const value of values)
      expect(validate(value), `${JSON.stringify(value)} of ${JSON.stringify(schema)}`).toBe(true)
    seen.bodies += 1
    seen.examples += values.length > 0 ? 1 : 0
  }
}

const numbers = fc
  .record({
    a: fc.integer({ min: -50, max: 50 }),
    b: fc.integer({ min: 0, max: 50 }),
    step: fc.constantFrom(undefined, 1, 2, 5, 0.5),
  })
  .chain(({ a, b, step }) => {
    const multiple = step === undefined ? {} : { multipleOf: step }
    return fc.constantFrom(
      t.Integer({ minimum: a, maximum: a + b }),
      t.Integer({ exclusiveMinimum: a }),
      t.Number({ exclusiveMinimum: a, exclusiveMaximum: a + b + 1, ...multiple }),
      t.Number({ maximum: a, ...multiple }),
      t.Integer({ minimum: a, ...multiple }),
    )
  })

const strings = fc
  .record({ min: fc.nat(12), more: fc.nat(20) })
  .chain(({ min, more }) =>
    fc.constantFrom(
      t.String(),
      t.String({ minLength: min, maxLength: min + more }),
      t.String({ pattern: '^[A-Z]{3}$' }),
      ...['date', 'date-time', 'time', 'email', 'uuid', 'uri', 'ipv4', 'ipv6', 'hostname'].map((format) =>
        t.String({ format }),
      ),
      t.String({ format: 'uuid', maxLength: min + more }),
    ),
  )

const leaves = fc.oneof(
  numbers,
  strings,
  fc.constantFrom<TSchema>(
    t.Boolean(),
    t.Null(),
    t.Literal('a'),
    t.Literal(3),
    t.Enum({ a: 'x', b: 'y' }),
    t.Any(),
    t.Never(),
  ),
)

const schemas = fc.letrec<{ any: TSchema; object: TSchema }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    tie('object'),
    fc
      .tuple(tie('any'), fc.nat(3), fc.boolean())
      .map(([items, minItems, uniqueItems]) => t.Array(items, { minItems, uniqueItems })),
    fc.array(tie('any'), { minLength: 1, maxLength: 3 }).map((parts) => t.Union(parts)),
    fc.array(tie('any'), { maxLength: 3 }).map((parts) => t.Tuple(parts)),
    fc.array(tie('object'), { minLength: 2, maxLength: 3 }).map((parts) => t.Intersect(parts)),
    tie('any').map((value) => t.Record(t.String(), value)),
    tie('object').map((value) => t.Partial(value)),
  ),
  object: fc
    .dictionary(fc.constantFrom('id', 'name', 'city', 'role'), fc.tuple(tie('any'), fc.boolean()), { maxKeys: 4 })
    .chain((properties) =>
      fc
        .constantFrom({}, { additionalProperties: false })
        .map((options) =>
          t.Object(
            Object.fromEntries(
              Object.entries(properties).map(([name, [schema, optional]]) => [
                name,
                optional ? t.Optional(schema) : schema,
              ]),
            ),
            options,
          ),
        ),
    ),
}))

/** Gives some schemas a name of their own, so that none is used twice. */
const named = fc.tuple(schemas.any, fc.boolean()).map(
  ([schema, isNamed]) =>
    (name: string) =>
      isNamed ? { ...schema, $id: name } : schema,
)

function contracts() {
  const operation = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
    summary: fc.option(fc.string(), { nil: undefined }),
    tags: fc.option(fc.array(fc.string({ minLength: 1 }), { maxLength: 2 }), { nil: undefined }),
    params: fc.option(leaves, { nil: undefined }),
    query: fc.option(fc.tuple(leaves, fc.boolean()), { nil: undefined }),
    body: fc.option(named, { nil: undefined }),
    returns: fc.option(named, { nil: undefined }),
    status: fc.constantFrom(undefined, 201, 202, 204),
    paginated: fc.boolean(),
    errors: fc.subarray([Forbidden, NotFound, Conflict]),
    deprecated: fc.option(fc.boolean(), { nil: undefined }),
    timeoutMs: fc.option(fc.integer({ min: 1, max: 1e6 }), { nil: undefined }),
  })
  return fc
    .tuple(fc.array(operation, { maxLength: 5 }), fc.constantFrom('standard', 'plain'))
    .map(([operations, envelope]) => {
      const entries = operations.map((drawn, index) => {
        const { method, params, query, body, returns, status, paginated, ...rest } = drawn
        const returned = status === 204 ? undefined : returns?.(`Returns${index}`)
        const isPage = paginated && method === 'GET' && returned !== undefined && returned['type'] !== 'array'
        return [
          `operation${index}`,
          defined({
            ...rest,
            route: `${method} /things${index}/:id`,
            params: params && { id: params },
            query: query && { q: query[1] ? t.Optional(query[0]) : query[0] },
            body: method === 'GET' ? undefined : body?.(`Body${index}`),
            returns: returned,
            status,
            paginated: isPage || undefined,
          }) as Operation,
        ]
      })
      return contract('any-service', Object.fromEntries(entries), { envelope })
    })
}

function defined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
