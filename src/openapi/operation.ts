import type { Envelope } from '../contract/options.ts'
import { bodyRuleOf } from '../contract/body.ts'
import { wireName } from '../contract/cookie.ts'
import type { Deprecation } from '../contract/deprecation.ts'
import { fileTypeOf } from '../contract/file.ts'
import { partsOf } from '../contract/multipart.ts'
import { isIdempotent, type Operation, type Operations } from '../contract/operation.ts'
import { queryOf } from '../contract/response.ts'
import { parseRoute } from '../contract/route.ts'
import type { JsonSchema } from '../schema/schema.ts'
import { queryStyleOf } from '../schema/query.ts'
import { jsonOf, objectSchema, propertiesOf } from '../schema/standard/json.ts'
import type { Schema, Schemas } from '../schema/standard/spec.ts'
import { contentOf, type Components } from './components.ts'
import { exampleOf } from './example.ts'
import { securityOf } from './security.ts'
import { describeSuccesses } from './success.ts'
import type { ErrorResponses } from './errors.ts'
import type { OpenApiOperation, OpenApiParameter } from './types.ts'

/** The state that the operations of a document share. */
export interface Shared {
  readonly envelope: Envelope
  readonly components: Components
  readonly errors: ErrorResponses
  /** The path's names of its parameters, which may come from another operation of the same path. */
  readonly pathNames: readonly string[]
  /** All operations, for a deprecated one that names another. */
  readonly operations: Operations
}

/** The name of a wildcard at the end of a path. OpenAPI has none, so it is a parameter. */
export const wildcard = 'wildcard'

/** Describes an operation and adds the schemas and errors that it names to the shared ones. */
export function describeOperation(name: string, operation: Operation, shared: Shared): OpenApiOperation {
  const { summary, description, tags, deprecated, body, timeoutMs, rateLimit } = operation
  const { components, errors, pathNames } = shared
  const text = withDeprecation(description, deprecated)
  const security = securityOf(operation)
  const parameters = parametersOf(operation, components, pathNames)
  return {
    operationId: name,
    ...(summary !== undefined && { summary }),
    ...(text !== undefined && { description: text }),
    ...(tags && { tags: [...tags] }),
    ...(deprecated && { deprecated: true }),
    ...(security && { security }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBodyOf(body, components) }),
    responses: { ...describeSuccesses(operation, shared), ...errors.of(operation) },
    ...(isIdempotent(operation) && { 'x-idempotent': true }),
    ...(typeof deprecated === 'object' && deprecated.sunset !== undefined && { 'x-sunset': deprecated.sunset }),
    ...(timeoutMs !== undefined && { 'x-timeout-ms': timeoutMs }),
    ...(rateLimit && { 'x-rate-limit': rateLimit }),
  }
}

function requestBodyOf(body: Schema, components: Components): NonNullable<OpenApiOperation['requestBody']> {
  const { form, types } = bodyRuleOf(body)
  if (form === 'json') return { required: true, content: contentOf(jsonOf(body, 'input'), components) }
  if (form === 'multipart') {
    return { required: true, content: { [types[0]!]: { schema: multipartSchema(body, components) } } }
  }
  // In OpenAPI 3.1, bytes have no schema.
  const schema = form === 'raw' || form === 'upload' ? {} : components.use(jsonOf(body, 'input'))
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) }
}

function multipartSchema(body: Schema, components: Components): JsonSchema {
  const { fields, files } = partsOf(body)
  const fieldsSchema = objectSchema(fields) as { required?: readonly string[] }
  const file = { type: 'string', format: 'binary' }
  const properties = Object.entries(files).map(([name, { max }]) => {
    return [name, max === undefined ? file : { type: 'array', maxItems: max, items: file }] as const
  })
  const needed = Object.entries(files).flatMap(([name, { optional, max }]) =>
    optional || max !== undefined ? [] : [name],
  )
  const required = [...(fieldsSchema.required ?? []), ...needed]
  return {
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: {
      ...Object.fromEntries(
        Object.entries(fields).map(([name, schema]) => [name, components.use(jsonOf(schema, 'input'))]),
      ),
      ...Object.fromEntries(properties),
    },
  }
}

function parametersOf(operation: Operation, components: Components, pathNames: readonly string[]): OpenApiParameter[] {
  const { route, params, headers = {}, idempotent } = operation
  const own = parseRoute(route).pathParams
  const path = Object.fromEntries(
    own.map((name, i) => [
      name === '*' ? wildcard : pathNames[i]!,
      params?.[name] ?? (name === '*' ? rest : { type: 'string' }),
    ]),
  )
  const keyed = idempotent === 'by key' && !Object.hasOwn(headers, 'idempotency-key')
  return [
    ...parametersIn('path', path as unknown as Schemas, components),
    ...parametersIn('query', queryOf(operation) ?? {}, components),
    ...parametersIn('header', headers, components),
    ...(keyed ? [idempotencyKey] : []),
    ...preconditionsOf(operation).filter(({ name }) => !Object.hasOwn(headers, name)),
    ...cookiesOf(operation),
  ]
}

function preconditionsOf({ etag, route, returns }: Operation): OpenApiParameter[] {
  if (fileTypeOf(returns) !== undefined)
    return [optionalHeader('range', 'the bytes that you want, such as bytes=0-1023')]
  if (!etag) return []
  if (route.startsWith('GET '))
    return [optionalHeader('if-none-match', 'the version that you have: the response is 304 then')]
  const ifMatch = optionalHeader(
    'if-match',
    'the version that you have seen: the response is 412 when there is another',
  )
  return [
    { ...ifMatch, description: etag === 'required' ? `${ifMatch.description}, 428 without it` : ifMatch.description! },
  ]
}

function optionalHeader(name: string, description: string): OpenApiParameter {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } }
}

function cookiesOf({ cookies = {} }: Operation): OpenApiParameter[] {
  return Object.entries(cookies).map(([name, one]) => ({
    name: wireName(name, one),
    in: 'cookie',
    required: false,
    ...(one.signed && { description: 'signed by the service' }),
    schema: { type: 'string' },
  }))
}

const rest = { type: 'string', description: 'the rest of the path, with its slashes' }

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
const idempotencyKey: OpenApiParameter = {
  name: 'idempotency-key',
  in: 'header',
  required: false,
  description: 'identifies the call: a retry with the same key gets the result of the first',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function parametersIn(where: OpenApiParameter['in'], schemas: Schemas, components: Components): OpenApiParameter[] {
  const { required = [] } = objectSchema(schemas) as { required?: string[] }
  return Object.entries(propertiesOf(schemas)).map(([name, source]) => {
    const { description, deprecated, default: byDefault, examples } = source
    const isRequired = where === 'path' || (required.includes(name) && byDefault === undefined)
    const { style: _, ...plain } = source
    const schema = components.use(plain)
    // A docs page fills in the example: an invented filter would narrow the response, so optional ones have none.
    const example = isRequired || examples ? exampleOf(schema, components) : undefined
    return {
      name,
      in: where,
      required: isRequired,
      ...(description !== undefined && { description }),
      ...(deprecated === true && { deprecated }),
      ...(where === 'query' && styleOf(source)),
      schema,
      ...(example !== undefined && { example }),
    }
  })
}

/** How a list or an object is written. A repeated name is OpenAPI's default. */
function styleOf(schema: Schema): Pick<OpenApiParameter, 'style' | 'explode'> {
  const style = queryStyleOf(schema)
  if (style === 'repeated') return {}
  return style === 'comma' ? { style: 'form', explode: false } : { style: 'deepObject', explode: true }
}

/** Adds to a description since when an operation is deprecated, when it ends, and what to use instead. */
function withDeprecation(
  description: string | undefined,
  deprecated: boolean | Deprecation | undefined,
): string | undefined {
  if (typeof deprecated !== 'object') return description
  const { since, sunset, use } = deprecated
  const parts = [
    ...(since === undefined ? [] : [`Deprecated since ${since}.`]),
    ...(sunset === undefined ? [] : [`It may be gone from ${sunset}.`]),
    ...(use === undefined ? [] : [`Use ${use} instead.`]),
  ]
  return [description, parts.join(' ')].filter(Boolean).join('\n\n') || undefined
}
