import type { Envelope } from '../contract/options.ts'
import type { Operation } from '../contract/operation.ts'
import { responseForm } from '../contract/response.ts'
import type { FormName } from '../contract/responseForm.ts'
import type { JsonSchema } from '../schema/schema.ts'
import { contentOf, type Components } from './components.ts'
import { rateLimitHeaders } from './rateLimit.ts'
import type { OpenApiResponse } from './types.ts'

/** Describes an operation's successful response in its envelope. */
export function describeSuccess(operation: Operation, envelope: Envelope, components: Components): OpenApiResponse {
  const { returns, status, rateLimit } = operation
  const headers = rateLimit && { headers: rateLimitHeaders }
  if (status === 204 || status === 205) return { description: 'Done; no body', ...headers }
  const data: JsonSchema = returns ?? { type: 'null' }
  const body = bodyOf[responseForm(operation).name](data, envelope)
  return { description: status === 201 ? 'Created' : 'OK', ...headers, content: contentOf(body, components) }
}

const bodyOf: Readonly<Record<FormName, (data: JsonSchema, envelope: Envelope) => JsonSchema>> = {
  single: (data, envelope) => (envelope === 'standard' ? standard({ data }) : data),

  page(item, envelope) {
    const items = { type: 'array', items: item }
    return envelope === 'standard'
      ? standard({ data: items, pagination: record(position) })
      : record({ items, ...position })
  },
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
