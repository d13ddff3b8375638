/** Zipkin's v2 JSON. https://zipkin.io/zipkin-api/ and https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/ */
import { isIPv4, isIPv6 } from 'node:net'
import { microseconds } from '../clock.ts'
import type { AttributeValue, SpanShape } from '../shape.ts'
import type { Span } from '../span.ts'
import { Bytes } from './bytes.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'

/** Encodes spans for `POST /api/v2/spans`. */
export function zipkinEncoding(resource: Resource): Encoding {
  const compiled = new WeakMap<SpanShape, CompiledShape>()
  let bytesPerSpan = 512
  const shapeOf = (shape: SpanShape): CompiledShape => {
    const known = compiled.get(shape) ?? compileShape(shape, resource)
    compiled.set(shape, known)
    return known
  }
  return {
    contentType: 'application/json',
    encode(spans, epochOffsetMs) {
      const out = new Bytes(Math.ceil(spans.length * bytesPerSpan * 1.1) + 64)
      for (const [i, span] of spans.entries()) {
        out.byte(i === 0 ? openBracket : comma)
        writeSpan(out, span, shapeOf(span.shape), epochOffsetMs)
      }
      if (spans.length === 0) out.byte(openBracket)
      out.byte(closeBracket)
      bytesPerSpan = out.length / Math.max(1, spans.length)
      return out.take()
    },
  }
}

/** What all spans of a shape have in common, as bytes. */
interface CompiledShape {
  /** The kind, the endpoints, the name, the first tags. */
  readonly common: Uint8Array
  /** The same without the name and what follows, for a span that has a name of its own. */
  readonly beforeName: Uint8Array
  readonly afterName: Uint8Array
  /** `,"key":` for each slot. */
  readonly keys: readonly Uint8Array[]
}

function compileShape({ name, kind, attributes, slots, peer }: SpanShape, resource: Resource): CompiledShape {
  const kindField = kind === 'internal' ? '' : `,"kind":"${kind.toUpperCase()}"`
  const remote = peer === undefined ? '' : `,"remoteEndpoint":${JSON.stringify({ serviceName: peer })}`
  const tags = Object.entries({ 'otel.scope.name': scopeName, ...attributes })
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(tagText(value))}`)
    .join(',')
  const beforeName = `${kindField},"localEndpoint":${JSON.stringify(endpointOf(resource))}${remote},"name":`
  const afterName = `,"tags":{${tags}`
  return {
    common: Buffer.from(beforeName + JSON.stringify(name) + afterName),
    beforeName: Buffer.from(beforeName),
    afterName: Buffer.from(afterName),
    keys: slots.map((slot) => Buffer.from(`,${JSON.stringify(slot)}:`)),
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
  const { trace } = span
  out.chunk(traceIdKey)
  out.hex32(trace.id0)
  out.hex32(trace.id1)
  out.hex32(trace.id2)
  out.hex32(trace.id3)
  out.chunk(idKey)
  out.hex32(span.id0)
  out.hex32(span.id1)
  if (span.parent0 !== 0 || span.parent1 !== 0) {
    out.chunk(parentIdKey)
    out.hex32(span.parent0)
    out.hex32(span.parent1)
  }
  const start = microseconds(span.startedAt, epochOffsetMs)
  out.chunk(timestampKey)
  out.integer(start)
  out.chunk(durationKey)
  // Zipkin rounds up what is less than one.
  out.integer(Math.max(1, microseconds(span.endedAt, epochOffsetMs) - start))
  writeRest(out, span, shape, epochOffsetMs)
}

function writeRest(out: Bytes, span: Span, shape: CompiledShape, epochOffsetMs: number): void {
  const { details, errorType } = span
  if (details?.name === undefined) {
    out.chunk(shape.common)
  } else {
    out.chunk(shape.beforeName)
    out.json(details.name)
    out.chunk(shape.afterName)
  }
  const { keys } = shape
  if (keys.length > 0 && span.value0 !== undefined) writeTag(out, keys[0]!, span.value0)
  if (keys.length > 1 && span.value1 !== undefined) writeTag(out, keys[1]!, span.value1)
  if (keys.length > 2 && span.value2 !== undefined) writeTag(out, keys[2]!, span.value2)
  if (errorType !== undefined) {
    writeTag(out, errorTypeKey, errorType)
    writeTag(out, errorKey, errorType)
    out.chunk(errorStatus)
  }
  const link = span === span.trace.first ? span.trace.link : undefined
  if (link) {
    out.chunk(linkKey)
    for (const part of [link.trace0, link.trace1, link.trace2, link.trace3]) out.hex32(part)
    out.byte(dash)
    out.hex32(link.span0)
    out.hex32(link.span1)
    out.byte(quote)
  }
  for (const [key, value] of Object.entries(details?.attributes ?? {})) {
    out.byte(comma)
    out.json(key)
    out.byte(colon)
    out.json(tagText(value))
  }
  for (const [i, { traceId, spanId }] of (details?.links ?? []).entries()) {
    out.text(`,"link.${i}":"${traceId}-${spanId}"`)
  }
  out.byte(closeBrace)
  for (const [i, event] of (details?.events ?? []).entries()) {
    out.chunk(i === 0 ? annotationsKey : nextAnnotation)
    out.integer(microseconds(event.at, epochOffsetMs))
    out.chunk(valueKey)
    const hasAttributes = Object.keys(event.attributes).length > 0
    out.json(hasAttributes ? `${event.name}: ${JSON.stringify(event.attributes)}` : event.name)
    out.byte(closeBrace)
  }
  if (details?.events) out.byte(closeBracket)
  out.byte(closeBrace)
}

function writeTag(out: Bytes, key: Uint8Array, value: AttributeValue): void {
  out.chunk(key)
  if (typeof value === 'number' && value >= 0 && Number.isSafeInteger(value)) {
    out.byte(quote)
    out.integer(value)
    out.byte(quote)
  } else {
    out.json(typeof value === 'string' ? value : tagText(value))
  }
}

function tagText(value: AttributeValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

const traceIdKey = Buffer.from('{"traceId":"')
const idKey = Buffer.from('","id":"')
const parentIdKey = Buffer.from('","parentId":"')
const timestampKey = Buffer.from('","timestamp":')
const durationKey = Buffer.from(',"duration":')
const errorTypeKey = Buffer.from(',"error.type":')
const errorKey = Buffer.from(',"error":')
const errorStatus = Buffer.from(',"otel.status_code":"ERROR"')
const linkKey = Buffer.from(',"link":"')
const annotationsKey = Buffer.from(',"annotations":[{"timestamp":')
const nextAnnotation = Buffer.from(',{"timestamp":')
const valueKey = Buffer.from(',"value":')
const [openBracket, closeBracket, closeBrace] = [0x5b, 0x5d, 0x7d] as const
const [comma, colon, quote, dash] = [0x2c, 0x3a, 0x22, 0x2d] as const
