/** OTLP as JSON. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
import type { Bytes } from '../../bytes/bytes.ts'
import { microseconds } from '../../time/epochOffset.ts'
import { spanKinds, type Attributes, type AttributeValue, type SpanTemplate } from '../spanTemplate.ts'
import type { SpanRecord, SpanDetails } from '../spanRecord.ts'
import { spanEncoding, writeSlots, writeStart, type CommonFields, type EncodedTemplate } from './encoding.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import {
  commonAttributes,
  linksOf,
  nanosecondsText,
  ownAttributes,
  resourceAttributes,
  sampledFlag,
  statusError,
} from './otlp.ts'

/** Encodes spans for `POST /v1/traces`, for people and for collectors without protobuf. */
export function otlpJsonEncoding(resource: Resource): Encoding {
  return spanEncoding({
    contentType: 'application/json',
    head: Buffer.from(
      `{"resourceSpans":[{"resource":{"attributes":${JSON.stringify(keyValues(resourceAttributes(resource)))}},` +
        `"scopeSpans":[{"scope":{"name":${JSON.stringify(scopeName)}},"spans":[`,
    ),
    compile: encodeTemplate,
    writeSpan,
    end: (out) => out.chunk(tail),
  })
}

const tail = Buffer.from(']}]}]}')

const ids = Buffer.from(
  `{"traceId":"${'0'.repeat(32)}","spanId":"${'0'.repeat(16)}",` +
    `"startTimeUnixNano":"${'0'.repeat(19)}","endTimeUnixNano":"${'0'.repeat(19)}"`,
)
const traceIdAt = '{"traceId":"'.length
const spanIdAt = traceIdAt + 32 + '","spanId":"'.length
const startAt = spanIdAt + 16 + '","startTimeUnixNano":"'.length
const endAt = startAt + 19 + '","endTimeUnixNano":"'.length
const parent = Buffer.from(`,"parentSpanId":"${'0'.repeat(16)}"`)
const idsAt = { trace: traceIdAt, span: spanIdAt, parent: ids.length + ',"parentSpanId":"'.length }

function encodeTemplate(template: SpanTemplate): CommonFields {
  const attributes = JSON.stringify(keyValues(commonAttributes(template))).slice(0, -1)
  return {
    ids,
    parent,
    name: Buffer.from(`,"name":${JSON.stringify(template.name)}`),
    rest: Buffer.from(`,"kind":${spanKinds[template.kind]},"attributes":${attributes}`),
    keys: template.slots.map(keyOf),
  }
}

function writeSpan(out: Bytes, span: SpanRecord, template: EncodedTemplate, epochOffsetMs: number): void {
  const { trace, details, errorType } = span
  out.comma()
  const start = writeStart(out, span, template, idsAt)
  out.digitsAt(start + startAt, microseconds(span.startedAt, epochOffsetMs), 16)
  out.digitsAt(start + endAt, microseconds(span.endedAt, epochOffsetMs), 16)

  writeSlots(out, span, template, writeAttribute)
  if (errorType !== undefined) writeAttribute(out, errorTypeKey, errorType)
  if (details) for (const [key, value] of ownAttributes(span)) writeAttribute(out, keyOf(key), value)
  out.chunk(trace.isSampled ? sampledFlags : noFlags)
  out.chunk(errorType === undefined ? noStatus : errorStatus)
  if (trace.state !== undefined) writeField(out, 'traceState', trace.state)
  if (details !== undefined || trace.link !== undefined) writeMore(out, span, epochOffsetMs)
  out.byte(closeBrace)
}

function writeAttribute(out: Bytes, key: Uint8Array, value: AttributeValue): void {
  out.comma()
  out.chunk(key)
  if (typeof value === 'string') {
    out.chunk(stringValue)
    out.inJson(value)
    out.chunk(endOfValue)
  } else if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
    out.chunk(intValue)
    out.integer(value)
    out.chunk(endOfValue)
  } else {
    out.text(JSON.stringify(anyValue(value)))
    out.byte(closeBrace)
  }
}

function writeMore(out: Bytes, span: SpanRecord, epochOffsetMs: number): void {
  const { name, events }: Partial<SpanDetails> = span.details ?? {}
  if (name !== undefined) writeField(out, 'name', name)
  if (events) {
    const encoded = events.map(({ name, at, attributes }) => ({
      name,
      timeUnixNano: nanosecondsText(at, epochOffsetMs),
      attributes: keyValues(attributes),
    }))
    writeField(out, 'events', encoded)
  }
  const links = linksOf(span).map(({ traceId, spanId, attributes = {} }) => ({
    traceId,
    spanId,
    attributes: keyValues(attributes),
  }))
  if (links.length > 0) writeField(out, 'links', links)
}

function writeField(out: Bytes, name: string, value: unknown): void {
  out.text(`,"${name}":${JSON.stringify(value)}`)
}

function keyOf(name: string): Uint8Array {
  return Buffer.from(`{"key":${JSON.stringify(name)},"value":`)
}

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }))
}

function anyValue(value: AttributeValue): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'object') return { arrayValue: { values: value.map(anyValue) } }
  if (Number.isSafeInteger(value)) return { intValue: String(value) }
  // Numbers that JSON does not have are strings: https://protobuf.dev/programming-guides/json/
  return { doubleValue: Number.isFinite(value) ? value : String(value) }
}

const errorTypeKey = keyOf('error.type')
const stringValue = Buffer.from('{"stringValue":"')
const intValue = Buffer.from('{"intValue":"')
const endOfValue = Buffer.from('"}}')
const sampledFlags = Buffer.from(`],"flags":${sampledFlag}`)
const noFlags = Buffer.from('],"flags":0')
const noStatus = Buffer.from(',"status":{}')
const errorStatus = Buffer.from(`,"status":{"code":${statusError}}`)
const closeBrace = 0x7d
