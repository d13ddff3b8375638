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

/** A body that is no JSON. */
export interface OtherBody {
  /** The types that the operation takes, the usual one first. */
  readonly types: readonly string[]
  readonly schema: Schema | undefined
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
  readonly otherBody: OtherBody | undefined
  /** The scopes that a user needs; undefined when it asks for no user. */
  readonly userScopes: readonly string[] | undefined
  /** The statuses of its responses, with their description and schema. */
  readonly responses: readonly (readonly [status: string, description: string, schema: Schema | undefined])[]
}

/** The parts of an OpenAPI document that are read. */
export interface OpenApi {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components?: {
    readonly schemas?: Readonly<Record<string, Schema>>
    readonly responses?: Readonly<Record<string, OpenApiResponse>>
  }
}
type Content = Readonly<Record<string, { readonly schema?: Schema }>>
interface OpenApiResponse {
  readonly $ref?: string
  readonly description?: string
  readonly content?: Content
}
interface OpenApiOperation {
  readonly operationId?: string
  readonly summary?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content?: Content }
  readonly responses?: Readonly<Record<string, OpenApiResponse>>
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'] as const

export function operationsOf(service: string, { paths = {}, components }: OpenApi): TryOperation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      if (!operation) return []
      const { operationId, summary, parameters = [], requestBody, responses = {}, security = [] } = operation
      return {
        service,
        name: operationId ?? `${method} ${path}`,
        method: method.toUpperCase(),
        path,
        summary,
        parameters: parameters.filter((parameter) => parameter.in !== 'cookie'),
        userScopes: security.find(({ user }) => user !== undefined)?.['user'],
        body: requestBody?.content?.['application/json']?.schema,
        otherBody: otherBodyOf(requestBody?.content),
        responses: Object.entries(responses).map(([status, response]) => {
          const { description = '', content } =
            components?.responses?.[response.$ref?.split('/').at(-1) ?? ''] ?? response
          return [status, description, content?.['application/json']?.schema] as const
        }),
      }
    }),
  )
}

function otherBodyOf(content: Content = {}): OtherBody | undefined {
  const types = Object.keys(content)
  if (types.length === 0 || 'application/json' in content) return undefined
  return { types, schema: content[types[0]!]!.schema }
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

/** A schema as a type that a person reads: `{ id: integer, note?: string }`. */
export function typeText(schema: Schema | undefined, document: OpenApi, depth = 0): string {
  if (!schema) return 'nothing'
  const { $ref } = schema
  if (typeof $ref === 'string' && depth > 0) return $ref.split('/').at(-1)!
  const { type, properties, required = [], items, anyOf, allOf, enum: values, ...rest } = resolved(schema, document)
  const inner = (part: unknown): string => typeText(part as Schema, document, depth + 1)
  if ('const' in rest) return JSON.stringify(rest['const'])
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(' | ')
  if (Array.isArray(anyOf)) return anyOf.map(inner).join(' | ')
  if (Array.isArray(allOf)) return allOf.map(inner).join(' & ')
  if (type === 'array') return `${inner(items ?? {})}[]`
  if (properties === undefined) return Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : 'any'
  const indent = '  '.repeat(depth + 1)
  const lines = Object.entries(properties as Readonly<Record<string, Schema>>).map(
    ([name, part]) =>
      `${indent}${name}${(required as string[]).includes(name) ? '' : '?'}: ${inner(part)}${boundsOf(part)}\n`,
  )
  return `{\n${lines.join('')}${'  '.repeat(depth)}}`
}

const bounds = ['minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'format', 'minItems', 'maxItems', 'default']

function boundsOf(schema: Schema): string {
  const found = bounds
    .filter((name) => schema[name] !== undefined)
    .map((name) => `${name} ${JSON.stringify(schema[name])}`)
  return found.length > 0 ? `  // ${found.join(', ')}` : ''
}
