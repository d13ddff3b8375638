import type { Envelope } from '../contract/options.ts'
import { bodyRuleOf } from '../contract/body.ts'
import { wireName } from '../contract/cookie.ts'
import { fileTypeOf } from '../contract/file.ts'
import { partsOf } from '../contract/multipart.ts'
import { isIdempotent, type Operation } from '../contract/operation.ts'
import { queryOf } from '../contract/response.ts'
import { parseRoute } from '../contract/route.ts'
import { objectSchema, type JsonSchema, type TProperties, type TSchema } from '../schema/schema.ts'
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
}

/** Describes an operation and adds the schemas and errors that it names to the shared ones. */
export function describeOperation(name: string, operation: Operation, shared: Shared): OpenApiOperation {
  const { summary, description, tags, deprecated, body, timeoutMs, rateLimit } = operation
  const { envelope, components, errors, pathNames } = shared
  const security = securityOf(operation)
  const parameters = parametersOf(operation, components, pathNames)
  return {
    operationId: name,
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags && { tags: [...tags] }),
    ...(deprecated && { deprecated }),
    ...(security && { security }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: requestBodyOf(body, components) }),
    responses: { ...describeSuccesses(operation, envelope, components), ...errors.of(operation) },
    ...(isIdempotent(operation) && { 'x-idempotent': true }),
    ...(timeoutMs !== undefined && { 'x-timeout-ms': timeoutMs }),
    ...(rateLimit && { 'x-rate-limit': rateLimit }),
  }
}

function requestBodyOf(body: TSchema, components: Components): NonNullable<OpenApiOperation['requestBody']> {
  const { form, types } = bodyRuleOf(body)
  if (form === 'json') return { required: true, content: contentOf(body, components) }
  if (form === 'multipart')
    return { required: true, content: { [types[0]!]: { schema: multipartSchema(body, components) } } }
  const schema = form === 'raw' || form === 'upload' ? {} : components.use(body) // in OpenAPI 3.1, bytes have no schema
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) }
}

function multipartSchema(body: TSchema, components: Components): JsonSchema {
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
      ...Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, components.use(schema)])),
      ...Object.fromEntries(properties),
    },
  }
}

function parametersOf(operation: Operation, components: Components, pathNames: readonly string[]): OpenApiParameter[] {
  const { route, params, headers = {}, idempotent } = operation
  const own = parseRoute(route).pathParams
  const path = Object.fromEntries(own.map((name, i) => [pathNames[i]!, params?.[name] ?? { type: 'string' }]))
  const keyed = idempotent === 'by key' && !Object.hasOwn(headers, 'idempotency-key')
  return [
    ...parametersIn('path', path as unknown as TProperties, components),
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

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
const idempotencyKey: OpenApiParameter = {
  name: 'idempotency-key',
  in: 'header',
  required: false,
  description: 'identifies the call: a retry with the same key gets the result of the first',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function parametersIn(
  where: OpenApiParameter['in'],
  properties: TProperties,
  components: Components,
): OpenApiParameter[] {
  const { required = [] } = objectSchema(properties) as { required?: string[] }
  return Object.entries(properties).map(([name, source]) => {
    const { description, deprecated, default: byDefault, examples } = source
    const isRequired = where === 'path' || (required.includes(name) && byDefault === undefined)
    const schema = components.use(source)
    // A docs page fills in the example: an invented filter would narrow the response, so optional ones have none.
    const example = isRequired || examples ? exampleOf(schema, components) : undefined
    return {
      name,
      in: where,
      required: isRequired,
      ...(description !== undefined && { description }),
      ...(deprecated === true && { deprecated }),
      schema,
      ...(example !== undefined && { example }),
    }
  })
}
