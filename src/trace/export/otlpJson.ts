/** OTLP's JSON. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
import { spanIdText } from '../ids.ts'
import { spanKinds, type Attributes, type AttributeValue } from '../shape.ts'
import type { Span } from '../span.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import { attributesOf, linksOf, nanosecondsText, resourceAttributes, sampledFlag, statusError } from './otlp.ts'

/**
 * Encodes spans for `POST /v1/traces`, to be read by people and by collectors that know no protobuf. Protobuf is what is
 * fast.
 */
export function otlpJsonEncoding(resource: Resource): Encoding {
  return {
    contentType: 'application/json',
    encode(spans, epochOffsetMs) {
      const body = {
        resourceSpans: [
          {
            resource: { attributes: keyValues(resourceAttributes(resource)) },
            scopeSpans: [{ scope: { name: scopeName }, spans: spans.map((span) => toJson(span, epochOffsetMs)) }],
          },
        ],
      }
      return Buffer.from(JSON.stringify(body))
    },
  }
}

function toJson(span: Span, epochOffsetMs: number): object {
  const { trace, shape, details, parent0, parent1 } = span
  const links = linksOf(span).map(({ traceId, spanId, attributes = {} }) => ({
    traceId,
    spanId,
    attributes: keyValues(attributes),
  }))
  const events = details?.events?.map(({ name, at, attributes }) => ({
    name,
    timeUnixNano: nanosecondsText(at, epochOffsetMs),
    attributes: keyValues(attributes),
  }))
  return {
    traceId: trace.id,
    spanId: span.id,
    ...(trace.state !== undefined && { traceState: trace.state }),
    ...((parent0 !== 0 || parent1 !== 0) && { parentSpanId: spanIdText(parent0, parent1) }),
    flags: trace.isSampled ? sampledFlag : 0,
    name: details?.name ?? shape.name,
    kind: spanKinds[shape.kind],
    startTimeUnixNano: nanosecondsText(span.startedAt, epochOffsetMs),
    endTimeUnixNano: nanosecondsText(span.endedAt, epochOffsetMs),
    attributes: keyValues(attributesOf(span)),
    ...(events && { events }),
    ...(links.length > 0 && { links }),
    status: span.errorType === undefined ? {} : { code: statusError },
  }
}

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'object') return { arrayValue: { values: value.map(anyValue) } }
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
}
