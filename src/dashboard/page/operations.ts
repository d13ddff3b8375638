/** Operations as OpenAPI documents describe them. */
import { exampleOf } from '../../openapi/example.ts'

/** A schema, as far as a form needs it. */
export type Schema = Readonly<Record<string, unknown>>

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly required?: boolean
  readonly description?: string
  readonly example?: unknown
  readonly schema?: Schema
}

/** An operation that can be tried. */
export interface TryOperation {
  readonly service: string
  readonly name: string
  readonly method: string
  readonly path: string
  readonly summary: string | undefined
  readonly parameters: readonly Parameter[]
  readonly body: Schema | undefined
  readonly isBodyRequired: boolean
}

/** The parts of an OpenAPI document that are read. */
export interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}
interface OpenApiOperation {
  readonly operationId?: string
  readonly summary?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required?: boolean
    readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
  }
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const

export function operationsOf(service: string, { paths = {} }: OpenApi): TryOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      if (!operation) return []
      const { operationId, summary, parameters = [], requestBody } = operation
      return {
        service,
        name: operationId ?? `${method} ${path}`,
        method: method.toUpperCase(),
        path,
        summary,
        parameters: parameters.filter((parameter) => parameter.in !== 'cookie'),
        body: requestBody?.content?.['application/json']?.schema,
        isBodyRequired: requestBody?.required === true,
      }
    }),
  )
}

/** Follows a `$ref` into the document. */
export function resolved(schema: Schema | undefined, { components }: OpenApi): Schema {
  const { $ref } = schema ?? {}
  if (typeof $ref !== 'string') return schema ?? {}
  return components?.schemas?.[$ref.split('/').at(-1)!] ?? {}
}

/** A value to begin with: an example, or what the required fields need. */
export function startValue(schema: Schema, document: OpenApi): unknown {
  const named = { get: ($ref: string) => resolved({ $ref }, document) }
  const example = exampleOf(schema, named)
  if (example !== undefined) return example
  const { properties = {}, required = [] } = resolved(schema, document) as {
    readonly properties?: Readonly<Record<string, Schema>>
    readonly required?: readonly string[]
  }
  return Object.fromEntries(required.map((name) => [name, exampleOf(properties[name] ?? {}, named) ?? '']))
}
