import type { Envelope } from '../contract/options.ts'
import { deprecationHeaders } from '../contract/deprecation.ts'
import type { Operation, Operations } from '../contract/operation.ts'
import { fileTypeOf } from '../contract/file.ts'
import { redirectOf } from '../contract/redirect.ts'
import { responseForm } from '../contract/response.ts'
import { hasBody, successes, usualStatus } from '../contract/responses.ts'
import type { FormName } from '../contract/responseForm.ts'
import type { JsonSchema } from '../schema/schema.ts'
import { isOptional, jsonOf } from '../schema/standard/json.ts'
import type { Schema } from '../schema/standard/spec.ts'
import { contentOf, type Components } from './components.ts'
import { rateLimitHeaders } from './rateLimit.ts'
import type { OpenApiHeader, OpenApiResponse } from './types.ts'

/** Describes an operation's successful responses by status, in their envelope. */
export function describeSuccesses(
  operation: Operation,
  { envelope, components, operations }: { envelope: Envelope; components: Components; operations: Operations },
): Record<string, OpenApiResponse> {
  const headers = headersOf(operation, operations, components)
  const usual = usualStatus(operation)
  const all = [...successes(operation)].map(([status, returns]) => {
    if (!hasBody(status)) return [status, { description: descriptionOf(status), ...headers }] as const
    const isUsual = status === usual
    const type = fileTypeOf(returns)
    if (isUsual && type !== undefined) return [status, describeFile('The file', type, headers)] as const
    if (isUsual && redirectOf(returns)) return [status, describeRedirect(returns!, headers)] as const
    const form = isUsual ? responseForm(operation).name : 'single'
    const body = bodyOf[form](returns ? jsonOf(returns, 'output') : { type: 'null' }, envelope)
    return [status, { description: descriptionOf(status), ...headers, content: contentOf(body, components) }] as const
  })
  const fileType = fileTypeOf(operation.returns)
  const hasTag = (operation.etag === true || fileType !== undefined) && operation.route.startsWith('GET ')
  return {
    ...Object.fromEntries(all),
    ...(fileType !== undefined && {
      206: describeFile('The part that range asks for', fileType, { headers: { ...headers.headers, ...rangeHeader } }),
      416: { description: 'No byte of the file is in the range', headers: { ...headers.headers, ...rangeHeader } },
    }),
    ...(hasTag && { 304: { description: descriptionOf(304), ...headers } }),
  }
}

function describeFile(
  description: string,
  type: string,
  { headers }: Pick<OpenApiResponse, 'headers'>,
): OpenApiResponse {
  return { description, headers: { ...fileHeaders, ...headers }, content: { [type]: { schema: {} } } }
}

const fileHeaders: Readonly<Record<string, OpenApiHeader>> = {
  'Content-Disposition': { description: 'whether to save it, and under which name', schema: { type: 'string' } },
  ETag: { description: 'the version of the file', schema: { type: 'string' } },
  'Accept-Ranges': { description: 'whether you can ask for parts', schema: { enum: ['bytes', 'none'] } },
}

const rangeHeader: Readonly<Record<string, OpenApiHeader>> = {
  'Content-Range': { description: 'the part, and the size of the file', schema: { type: 'string' } },
}

function describeRedirect(returns: Schema, headers: Pick<OpenApiResponse, 'headers'>): OpenApiResponse {
  const { type, format, description } = returns as unknown as JsonSchema & { readonly description: string }
  const location = { description, schema: { type, format } }
  return { description: 'A redirect', headers: { Location: location, ...headers.headers } }
}

function descriptionOf(status: number): string {
  if (status === 304) return 'Not modified; no body'
  if (!hasBody(status)) return 'Done; no body'
  return status === 201 ? 'Created' : status === 202 ? 'Accepted' : 'OK'
}

function headersOf(
  operation: Operation,
  operations: Operations,
  components: Components,
): Pick<OpenApiResponse, 'headers'> {
  const { rateLimit, responseHeaders, setCookies, etag, cacheControl } = operation
  const headers: Record<string, OpenApiHeader> = {
    ...(rateLimit && rateLimitHeaders),
    ...deprecationOf(operation, operations),
    ...(etag && { ETag: { description: 'the version of the data', schema: { type: 'string' } } }),
    ...(cacheControl !== undefined && {
      'Cache-Control': { description: 'who may store the response', schema: { const: cacheControl } },
    }),
    ...(setCookies && {
      'Set-Cookie': { description: `sets ${Object.keys(setCookies).join(', ')}`, schema: { type: 'string' } },
    }),
  }
  if (responseHeaders) {
    for (const [name, schema] of Object.entries(responseHeaders)) {
      const json = jsonOf(schema, 'output')
      const isSent = !isOptional(schema) || json['default'] !== undefined
      headers[name] = {
        description: json.description ?? '',
        schema: components.use(json),
        ...(isSent && { required: true }),
      }
    }
  }
  return Object.keys(headers).length > 0 ? { headers } : {}
}

const bodyOf: Readonly<Record<FormName, (data: JsonSchema, envelope: Envelope) => JsonSchema>> = {
  single: (data, envelope) => (envelope === 'standard' ? standard({ data }) : data),
  redirect: (data) => data,
  file: (data) => data,

  page(item, envelope) {
    const items = { type: 'array', items: item }
    return envelope === 'standard'
      ? standard({ data: items, pagination: record(position) })
      : record({ items, ...position })
  },

  cursor(item, envelope) {
    const items = { type: 'array', items: item }
    return envelope === 'standard'
      ? standard({ data: items, pagination: record(cursorPosition) })
      : record({ items, ...cursorPosition })
  },
}

const cursorPosition = {
  size: { type: 'integer', minimum: 1, examples: [20] },
  next: { type: ['string', 'null'], description: 'the cursor of the next page; null on the last one' },
}

function standard(parts: Record<string, JsonSchema>): JsonSchema {
  return record({ code: { const: 0 }, ...parts })
}

function record(properties: Record<string, JsonSchema>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties }
}

const position = {
  page: { type: 'integer', minimum: 1, examples: [1] },
  size: { type: 'integer', minimum: 1, examples: [20] },
  total: { type: 'integer', minimum: 0, examples: [1], description: 'the number of all items' },
}

/** Describes the headers of a deprecated operation, which are the same in each response. */
function deprecationOf(operation: Operation, operations: Operations): Record<string, OpenApiHeader> {
  const entries = Object.entries(deprecationHeaders(operation, operations) ?? {})
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      { description: deprecationMeaning[name]!, schema: { type: 'string', const: value } },
    ]),
  )
}

const deprecationMeaning: Readonly<Record<string, string>> = {
  deprecation: 'since when the operation is deprecated (RFC 9745)',
  sunset: 'when the operation may be gone (RFC 8594)',
  link: 'what to use instead (RFC 8288)',
}
