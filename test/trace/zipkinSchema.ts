import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { expect } from 'vitest'

/**
 * What Zipkin's description of its v2 API says of the body of `POST /spans`, as a JSON Schema.
 * https://github.com/openzipkin/zipkin-api/blob/master/zipkin2-api.yaml
 *
 * Stricter than it: the patterns are anchored, and unknown fields are rejected.
 */
const endpoint = {
  type: 'object',
  additionalProperties: false,
  properties: {
    serviceName: { type: 'string' },
    ipv4: { type: 'string', format: 'ipv4' },
    ipv6: { type: 'string', format: 'ipv6' },
    port: { type: 'integer', minimum: 1, maximum: 65_535 },
  },
}
const id = { type: 'string', pattern: '^[a-f0-9]{16}$' }
const epochMicroseconds = { type: 'integer', minimum: 1_000_000_000_000_000, maximum: 9_007_199_254_740_991 }
const span = {
  type: 'object',
  required: ['traceId', 'id', 'name', 'timestamp', 'duration', 'localEndpoint'],
  additionalProperties: false,
  properties: {
    traceId: { type: 'string', pattern: '^[a-f0-9]{16,32}$' },
    name: { type: 'string' },
    parentId: id,
    id,
    kind: { enum: ['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'] },
    timestamp: epochMicroseconds,
    duration: { type: 'integer', minimum: 1 },
    debug: { type: 'boolean' },
    shared: { type: 'boolean' },
    localEndpoint: endpoint,
    remoteEndpoint: endpoint,
    annotations: {
      type: 'array',
      uniqueItems: true,
      items: {
        type: 'object',
        required: ['timestamp', 'value'],
        additionalProperties: false,
        properties: { timestamp: epochMicroseconds, value: { type: 'string' } },
      },
    },
    tags: { type: 'object', additionalProperties: { type: 'string' } },
  },
}

const ajv = new Ajv({ allErrors: true })
formats.default(ajv)
const validate = ajv.compile({ type: 'array', items: span })

/** A span as Zipkin gets it. */
export interface ZipkinSpan {
  readonly traceId: string
  readonly id: string
  readonly parentId?: string
  readonly name: string
  readonly kind?: string
  readonly timestamp: number
  readonly duration: number
  readonly localEndpoint: { readonly serviceName: string; readonly port?: number }
  readonly remoteEndpoint?: { readonly serviceName: string }
  readonly annotations?: readonly { readonly timestamp: number; readonly value: string }[]
  readonly tags: Readonly<Record<string, string>>
}

/** The spans of a body; fails the test when it breaks Zipkin's description. */
export function validSpans(body: string): readonly ZipkinSpan[] {
  const spans = JSON.parse(body) as readonly ZipkinSpan[]
  validate(spans)
  expect(validate.errors).toBeNull()
  return spans
}
