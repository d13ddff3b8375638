import ajvFormats from 'ajv-formats'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import type { OpenApiDocument } from 'tricube'
import { mutationsOf, type Compile, type OpenApiOperation, type Parts } from './mutations.ts'
import { valuesOf } from './values.ts'

/** A request made from a document, and the schemas of its responses by status. */
export interface GeneratedRequest {
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly body?: string
  readonly contentType?: string
  /** What was made wrong; undefined: nothing. */
  readonly mutation?: string
  /** Of each documented status the check of its body. */
  readonly responses: ReadonlyMap<number, ValidateFunction>
}

/** Requests to the operations of a document: valid ones, and as many with one thing wrong. */
export function requestsOf(document: OpenApiDocument): fc.Arbitrary<GeneratedRequest> {
  const compile = compilerOf(document)
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const responses = responsesOf(operation, document, compile)
      const valid = validRequests(path, method, operation, document)
      const wrong = mutationsOf(operation, document, compile)
      const made = fc.oneof(
        valid.map((parts) => ({ parts, mutation: undefined })),
        fc
          .tuple(valid, fc.constantFrom(...wrong))
          .chain(([parts, { name, apply }]) => apply(parts).map((mutated) => ({ parts: mutated, mutation: name }))),
      )
      return made.map(({ parts: { path, query, ...rest }, mutation }): GeneratedRequest => {
        const search = new URLSearchParams(query).toString()
        const request = {
          ...rest,
          operation: operation.operationId,
          path: search ? `${path}?${search}` : path,
          responses,
        }
        return mutation === undefined ? request : { ...request, mutation }
      })
    }),
  )
  return fc.oneof(...operations)
}

function validRequests(
  template: string,
  method: string,
  { parameters = [], requestBody }: OpenApiOperation,
  document: OpenApiDocument,
): fc.Arbitrary<Parts> {
  const texts = (where: string): fc.Arbitrary<Record<string, string>> => {
    const there = parameters.filter((parameter) => parameter.in === where)
    const model = there.map(({ name, schema }) => [name, valuesOf(schema, document).map(String)] as const)
    const requiredKeys = there.filter(({ required }) => required).map(({ name }) => name)
    return fc.record<Record<string, string>, string>(Object.fromEntries(model), { requiredKeys })
  }
  const body = requestBody
    ? valuesOf(requestBody.content['application/json']!.schema, document)
    : fc.constant(undefined)
  return fc.tuple(texts('path'), texts('query'), body).map(([params, query, value]) => ({
    path: template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name]!)),
    query,
    method: method.toUpperCase(),
    ...(requestBody && { body: JSON.stringify(value), contentType: 'application/json' }),
  }))
}

function compilerOf({ components }: OpenApiDocument): Compile {
  const ajv = new Ajv2020({ strict: false })
  ajvFormats.default(ajv)
  ajv.addSchema({ $id: 'document', components })
  return (schema) => ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document#/')))
}

function responsesOf(
  { responses }: OpenApiOperation,
  { components }: OpenApiDocument,
  compile: Compile,
): Map<number, ValidateFunction> {
  return new Map(
    Object.entries(responses).map(([status, response]) => {
      const found = '$ref' in response ? components.responses[response.$ref.split('/').at(-1)!]! : response
      return [Number(status), compile(found.content?.['application/json']?.schema ?? true)]
    }),
  )
}
