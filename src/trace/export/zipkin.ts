/** Zipkin's v2 JSON. https://zipkin.io/zipkin-api/ and https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/ */
import { isIPv4, isIPv6 } from 'node:net'
import { microseconds } from '../clock.ts'
import type { AttributeValue, SpanShape } from '../shape.ts'
import type { Span, SpanDetails } from '../span.ts'
import { Bytes } from '../../bytes/bytes.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import { linksOf, ownAttributes, shapeOf } from './otlp.ts'

/** Encodes spans for `POST /api/v2/spans`. */
export function zipkinEncoding(resource: Resource): Encoding {
  const compiled = new WeakMap<SpanShape, CompiledShape>()
  let bytesPerSpan = 512
  const compile = (shape: SpanShape): CompiledShape => {
    let known = compiled.get(shape)
    if (!known) compiled.set(shape, (known = compileShape(shape, resource)))
    return known
  }
  return {
    contentType: 'application/json',
    encode(spans, epochOffsetMs, memory) {
      const out = new Bytes(Math.ceil(spans.length * bytesPerSpan * 1.1) + 64, memory)
      out.byte(openBracket)
      for (const span of spans) {
        out.comma()
        writeSpan(out, span, compile(shapeOf(span)), epochOffsetMs)
      }
      out.byte(closeBracket)
      bytesPerSpan = out.length / Math.max(1, spans.length)
      return out.take()
    },
  }
}

/** What all spans of a shape have in common, as bytes, with zeros where the ids and the start belong. */
interface CompiledShape {
  readonly shape: SpanShape
  readonly root: Uint8Array
  readonly child: Uint8Array
  readonly childWithoutName: Uint8Array
  readonly rootWithoutName: Uint8Array
  /** `,"key":"` for each slot: every tag is text. */
  readonly keys: readonly Uint8Array[]
}

const traceIdAt = '{"traceId":"'.length
const idAt = traceIdAt + 32 + '","id":"'.length
const timestampAt = idAt + 16 + '","timestamp":'.length
const parentIdAt = timestampAt + 16 + ',"parentId":"'.length

function compileShape(shape: SpanShape, resource: Resource): CompiledShape {
  const { name, kind, attributes, slots, peer } = shape
  const ids = `{"traceId":"${'0'.repeat(32)}","id":"${'0'.repeat(16)}","timestamp":${'0'.repeat(16)}`
  const parent = `,"parentId":"${'0'.repeat(16)}"`
  const kindField = kind === 'internal' ? '' : `,"kind":"${kind.toUpperCase()}"`
  const remote = peer === undefined ? '' : `,"remoteEndpoint":${JSON.stringify({ serviceName: peer })}`
  const nameField = `,"name":${JSON.stringify(name)}`
  const tags = Object.entries({ 'otel.scope.name': scopeName, ...attributes })
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(tagText(value))}`)
    .join(',')
  const rest = `${kindField},"localEndpoint":${JSON.stringify(endpointOf(resource))}${remote},"tags":{${tags}`
  return {
    shape,
    root: Buffer.from(ids + nameField + rest),
    child: Buffer.from(ids + parent + nameField + rest),
    rootWithoutName: Buffer.from(ids + rest),
    childWithoutName: Buffer.from(ids + parent + rest),
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

function writeSpan(out: Bytes, span: Span, shape: CompiledShape, epochOffsetMs: number): void {
  const { trace, parent0, parent1, details, errorType } = span
  const hasParent = parent0 !== 0 || parent1 !== 0
  const isNamed = details?.name !== undefined
  const start = hasParent
    ? out.chunk(isNamed ? shape.childWithoutName : shape.child)
    : out.chunk(isNamed ? shape.rootWithoutName : shape.root)
  out.hex32At(start + traceIdAt, trace.id0)
  out.hex32At(start + traceIdAt + 8, trace.id1)
  out.hex32At(start + traceIdAt + 16, trace.id2)
  out.hex32At(start + traceIdAt + 24, trace.id3)
  out.hex32At(start + idAt, span.id0)
  out.hex32At(start + idAt + 8, span.id1)
  if (hasParent) {
    out.hex32At(start + parentIdAt, parent0)
    out.hex32At(start + parentIdAt + 8, parent1)
  }
  const timestamp = microseconds(span.startedAt, epochOffsetMs)
  out.digitsAt(start + timestampAt, timestamp, 16)

  const { keys } = shape
  if (keys.length > 0 && span.value0 !== undefined) writeTag(out, keys[0]!, span.value0)
  if (keys.length > 1 && span.value1 !== undefined) writeTag(out, keys[1]!, span.value1)
  if (keys.length > 2 && span.value2 !== undefined) writeTag(out, keys[2]!, span.value2)
  if (errorType !== undefined) {
    writeTag(out, errorTypeKey, errorType)
    writeTag(out, errorKey, errorType)
    out.chunk(errorStatus)
  }
  if (details !== undefined || trace.link !== undefined) writeMoreTags(out, span, shape.shape)
  out.chunk(durationKey)
  // Zipkin rounds up what is less than one.
  out.integer(Math.max(1, microseconds(span.endedAt, epochOffsetMs) - timestamp))
  if (details) writeDetails(out, details, epochOffsetMs)
  out.byte(closeBrace)
}

function writeMoreTags(out: Bytes, span: Span, shape: SpanShape): void {
  const tags = ownAttributes(span, shape)
  const links = linksOf(span).map(({ traceId, spanId }, i): [string, string] => [`link.${i}`, `${traceId}-${spanId}`])
  for (const [key, value] of [...tags, ...links]) {
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

/** The key comes with the first quote of its value. */
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
const [openBracket, closeBracket, closeBrace, comma, colon, quote] = [0x5b, 0x5d, 0x7d, 0x2c, 0x3a, 0x22] as const
