/** Zipkin's v2 JSON. https://zipkin.io/zipkin-api/ and https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/ */
import { isIPv4, isIPv6 } from 'node:net'
import type { Bytes } from '../../bytes/bytes.ts'
import { microseconds } from '../../time/epochOffset.ts'
import type { AttributeValue, SpanTemplate } from '../spanTemplate.ts'
import type { SpanRecord, SpanDetails } from '../spanRecord.ts'
import { spanEncoding, writeSlots, writeStart, type CommonFields, type EncodedTemplate } from './encoding.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import { linksOf, ownAttributes } from './otlp.ts'

/** Encodes spans for `POST /api/v2/spans`. */
export function zipkinEncoding(resource: Resource): Encoding {
  return spanEncoding({
    contentType: 'application/json',
    head: Buffer.from('['),
    compile: (template) => encodeTemplate(template, resource),
    writeSpan,
    end: (out) => out.byte(closeBracket),
  })
}

const ids = Buffer.from(`{"traceId":"${'0'.repeat(32)}","id":"${'0'.repeat(16)}","timestamp":${'0'.repeat(16)}`)
const traceIdAt = '{"traceId":"'.length
const idAt = traceIdAt + 32 + '","id":"'.length
const timestampAt = idAt + 16 + '","timestamp":'.length
const parent = Buffer.from(`,"parentId":"${'0'.repeat(16)}"`)
const idsAt = { trace: traceIdAt, span: idAt, parent: ids.length + ',"parentId":"'.length }

function encodeTemplate({ name, kind, attributes, slots, peer }: SpanTemplate, resource: Resource): CommonFields {
  const localEndpoint = JSON.stringify(endpointOf(resource))
  const kindField = kind === 'internal' ? '' : `,"kind":"${kind.toUpperCase()}"`
  const remote = peer === undefined ? '' : `,"remoteEndpoint":${JSON.stringify({ serviceName: peer })}`
  const tags = Object.entries({ 'otel.scope.name': scopeName, ...attributes })
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(tagText(value))}`)
    .join(',')
  return {
    ids,
    parent,
    name: Buffer.from(`,"name":${JSON.stringify(name)}`),
    rest: Buffer.from(`${kindField},"localEndpoint":${localEndpoint}${remote},"tags":{${tags}`),
    // Each key includes the opening quote of its value, because every tag is text.
    keys: slots.map((slot) => Buffer.from(`,${JSON.stringify(slot)}:"`)),
  }
}

function endpointOf({ service, address = '', port }: Resource): object {
  return {
    serviceName: service,
    ...(isIPv4(address) && { ipv4: address }),
    ...(isIPv6(address) && { ipv6: address }),
    ...(port && { port }),
  }
}

function writeSpan(out: Bytes, span: SpanRecord, template: EncodedTemplate, epochOffsetMs: number): void {
  const { trace, details, errorType } = span
  const timestamp = microseconds(span.startedAt, epochOffsetMs)
  out.comma()
  const start = writeStart(out, span, template, idsAt)
  out.digitsAt(start + timestampAt, timestamp, 16)

  writeSlots(out, span, template, writeTag)
  if (errorType !== undefined) {
    writeTag(out, errorTypeKey, errorType)
    writeTag(out, errorKey, errorType)
    out.chunk(errorStatus)
  }
  if (details !== undefined || trace.link !== undefined) writeMoreTags(out, span)
  out.chunk(durationKey)
  // Zipkin rounds durations below 1 µs up.
  out.integer(Math.max(1, microseconds(span.endedAt, epochOffsetMs) - timestamp))
  if (details) writeDetails(out, details, epochOffsetMs)
  out.byte(closeBrace)
}

function writeMoreTags(out: Bytes, span: SpanRecord): void {
  const links = linksOf(span).map(({ traceId, spanId }, i): [string, string] => [`link.${i}`, `${traceId}-${spanId}`])
  for (const [key, value] of [...ownAttributes(span), ...links]) {
    out.byte(comma)
    out.json(key)
    out.byte(colon)
    out.json(tagText(value))
  }
}

function writeDetails(out: Bytes, { name, events }: SpanDetails, epochOffsetMs: number): void {
  if (name !== undefined) {
    out.chunk(nameKey)
    out.json(name)
  }
  if (!events) return
  const annotations = events.map(({ name, at, attributes }) => ({
    timestamp: microseconds(at, epochOffsetMs),
    value: Object.keys(attributes).length > 0 ? `${name}: ${JSON.stringify(attributes)}` : name,
  }))
  out.text(`,"annotations":${JSON.stringify(annotations)}`)
}

/** Encodes a key with the opening quote of its value. */
function writeTag(out: Bytes, key: Uint8Array, value: AttributeValue): void {
  out.chunk(key)
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) out.integer(value)
  else out.inJson(typeof value === 'string' ? value : tagText(value))
  out.byte(quote)
}

function tagText(value: AttributeValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const errorTypeKey = Buffer.from(',"error.type":"')
const errorKey = Buffer.from(',"error":"')
const errorStatus = Buffer.from(',"otel.status_code":"ERROR"')
const durationKey = Buffer.from('},"duration":')
const nameKey = Buffer.from(',"name":')
const [closeBracket, closeBrace, comma, colon, quote] = [0x5d, 0x7d, 0x2c, 0x3a, 0x22] as const
