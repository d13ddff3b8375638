import type { ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { OpenApiDocument } from 'tricube'
import { resolved } from './values.ts'

/** Makes the check of a schema of the document. */
export type Compile = (schema: unknown) => ValidateFunction
export type OpenApiOperation = OpenApiDocument['paths'][string][string]

/** A request before its query is part of its path. */
export interface Parts {
  readonly path: string
  readonly query: Record<string, string>
  readonly method: string
  readonly body?: string
  readonly contentType?: string
}

/** One way to make a request wrong. */
interface Mutation {
  readonly name: string
  readonly apply: (parts: Parts) => fc.Arbitrary<Parts>
}

/** What can be made wrong with any request to an operation, so that it must not be accepted. */
export function mutationsOf(
  { parameters = [], requestBody }: OpenApiOperation,
  document: OpenApiDocument,
  compile: Compile,
): Mutation[] {
  const found: Mutation[] = [
    { name: 'no such route', apply: (parts) => fc.constant({ ...parts, path: `${parts.path}/nothing/here` }) },
    { name: 'no such method', apply: (parts) => fc.constant({ ...parts, method: 'PATCH' }) },
    { name: 'a path that does not decode', apply: (parts) => fc.constant({ ...parts, path: `${parts.path}%zz` }) },
  ]
  for (const { name, in: where, schema } of parameters) {
    if (schema['type'] !== 'integer') continue
    const notIntegers = fc.constantFrom('x', '1.5', 'NaN', 'Infinity', '1,2', 'null', '{}', '--1', '１')
    const outside = ['minimum', 'maximum'].filter((limit) => limit in schema)
    const wrong = fc.oneof(
      notIntegers,
      ...outside.map((limit) => fc.constant(String(Number(schema[limit]) + (limit === 'minimum' ? -1 : 1)))),
    )
    const put = ({ path, query, ...rest }: Parts, text: string): Parts =>
      where === 'path'
        ? { ...rest, query, path: path.replace(/[^/]+$/, encodeURIComponent(text)) }
        : { ...rest, path, query: { ...query, [name]: text } }
    found.push({ name: `${name} in the ${where}`, apply: (parts) => wrong.map((text) => put(parts, text)) })
  }
  if (!requestBody) return found
  const { schema } = requestBody.content['application/json']!
  const accepts = compile(schema)
  const { properties = {}, required = [] } = resolved(schema, document) as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  const changed = (name: string, change: (body: Record<string, unknown>) => fc.Arbitrary<unknown>): Mutation => ({
    name,
    apply: (parts) => change(JSON.parse(parts.body!)).map((body) => ({ ...parts, body: JSON.stringify(body) })),
  })
  const anything = fc.jsonValue({ maxDepth: 2 })
  found.push(
    changed('a field of another kind', (body) =>
      fc
        .tuple(
          fc.constantFrom(...Object.keys(properties)),
          fc.oneof(anything, fc.constant('x'.repeat(100_000)), fc.integer()),
        )
        .map(([name, value]) => ({ ...body, [name]: value }))
        .filter((value) => !accepts(value)),
    ),
    changed('a field too few', (body) =>
      fc
        .constantFrom(...required)
        .map((name) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name))),
    ),
    changed('a field too many', (body) =>
      fc
        .tuple(
          fc.string({ unit: 'binary' }).filter((name) => !Object.hasOwn(properties, name)),
          anything,
        )
        .map(([name, value]) => ({ ...body, [name]: value })),
    ),
    changed('another kind of body', () => anything.filter((value) => !accepts(value))),
    {
      name: 'no JSON',
      apply: (parts) =>
        fc
          .constantFrom('', '{', '{"name":', parts.body!.slice(0, -1), `${parts.body}}`, '\u0000', "{'name':1}")
          .map((body) => ({ ...parts, body })),
    },
    {
      name: 'a prototype',
      apply: (parts) =>
        fc
          .constantFrom('"__proto__":{"admin":true}', '"constructor":{"prototype":{"admin":true}}')
          .map((field) => ({ ...parts, body: parts.body!.replace('{', `{${field},`).replace(',}', '}') })),
    },
    {
      name: 'no JSON by its type',
      apply: (parts) =>
        fc
          .constantFrom('text/plain', 'application/xml', 'application/x-www-form-urlencoded')
          .map((contentType) => ({ ...parts, contentType })),
    },
  )
  return found
}
