/** OTLP's protobuf. https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
import { microseconds } from '../clock.ts'
import { spanKinds, type Attributes, type AttributeValue, type SpanShape } from '../shape.ts'
import type { Span } from '../span.ts'
import { Bytes } from './bytes.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import { linksOf, resourceAttributes, sampledFlag, statusError } from './otlp.ts'

/** Encodes spans for `POST /v1/traces`. */
export function otlpProtobufEncoding(resource: Resource): Encoding {
  const compiled = new WeakMap<SpanShape, CompiledShape>()
  const head = compileHead(resource)
  let bytesPerSpan = 512
  return {
    contentType: 'application/x-protobuf',
    encode(spans, epochOffsetMs) {
      const out = new Bytes(Math.ceil(spans.length * bytesPerSpan * 1.1) + head.length + 64)
      out.byte(bytes(1)) // resource_spans
      const resourceSpans = out.begin()
      out.chunk(head)
      out.byte(bytes(2)) // scope_spans
      const scopeSpans = out.begin()
      out.chunk(scope)
      for (const span of spans) {
        const shape = compiled.get(span.shape) ?? compileShape(span.shape)
        compiled.set(span.shape, shape)
        out.byte(bytes(2)) // spans
        const start = out.begin()
        writeSpan(out, span, shape, epochOffsetMs)
        out.end(start)
      }
      out.end(scopeSpans)
      out.end(resourceSpans)
      bytesPerSpan = out.length / Math.max(1, spans.length)
      return out.take()
    },
  }
}

/** What all spans of a shape have in common, as bytes. */
interface CompiledShape {
  readonly name: Uint8Array
  readonly common: Uint8Array
}

function compileShape({ name, kind, attributes, peer }: SpanShape): CompiledShape {
  const nameField = new Bytes(64)
  writeName(nameField, name)
  const common = new Bytes(256)
  common.byte(varint(6))
  common.byte(spanKinds[kind])
  writeAttributes(common, bytes(9), peer === undefined ? attributes : { 'peer.service': peer, ...attributes })
  return { name: nameField.take(), common: common.take() }
}

function compileHead(resource: Resource): Uint8Array {
  const out = new Bytes(256)
  out.byte(bytes(1)) // resource
  const start = out.begin()
  writeAttributes(out, bytes(1), resourceAttributes(resource))
  out.end(start)
  return out.take()
}

const scope = compileScope()

function compileScope(): Uint8Array {
  const out = new Bytes(32)
  out.byte(bytes(1)) // scope
  const start = out.begin()
  writeText(out, bytes(1), scopeName)
  out.end(start)
  return out.take()
}

function writeSpan(out: Bytes, span: Span, shape: CompiledShape, epochOffsetMs: number): void {
  const { trace, details, errorType } = span
  out.byte(bytes(1)) // trace_id
  out.byte(16)
  out.big32(trace.id0)
  out.big32(trace.id1)
  out.big32(trace.id2)
  out.big32(trace.id3)
  writeSpanId(out, bytes(2), span.id0, span.id1)
  if (trace.state !== undefined) writeText(out, bytes(3), trace.state)
  if (span.parent0 !== 0 || span.parent1 !== 0) writeSpanId(out, bytes(4), span.parent0, span.parent1)
  if (details?.name === undefined) out.chunk(shape.name)
  else writeName(out, details.name)
  out.chunk(shape.common)
  writeTime(out, fixed64(7), span.startedAt, epochOffsetMs)
  writeTime(out, fixed64(8), span.endedAt, epochOffsetMs)

  const { slots } = span.shape
  writeSlot(out, slots[0], span.value0)
  writeSlot(out, slots[1], span.value1)
  writeSlot(out, slots[2], span.value2)
  if (errorType !== undefined) {
    writeAttribute(out, bytes(9), 'error.type', errorType)
    out.byte(bytes(15)) // status
    out.byte(2)
    out.byte(varint(3))
    out.byte(statusError)
  }
  if (details) writeDetails(out, span, epochOffsetMs)
  else if (trace.link) writeLinks(out, span)
  if (trace.isSampled) {
    out.varint((16 << 3) | 5) // flags
    out.fixed32(sampledFlag)
  }
}

function writeDetails(out: Bytes, span: Span, epochOffsetMs: number): void {
  const { attributes = {}, events = [] } = span.details ?? {}
  writeAttributes(out, bytes(9), attributes)
  for (const { name, at, attributes } of events) {
    out.byte(bytes(11))
    const start = out.begin()
    writeTime(out, fixed64(1), at, epochOffsetMs)
    writeText(out, bytes(2), name)
    writeAttributes(out, bytes(3), attributes)
    out.end(start)
  }
  writeLinks(out, span)
}

function writeLinks(out: Bytes, span: Span): void {
  for (const { traceId, spanId, attributes = {} } of linksOf(span)) {
    out.byte(bytes(13))
    const start = out.begin()
    for (const [i, id] of [Buffer.from(traceId, 'hex'), Buffer.from(spanId, 'hex')].entries()) {
      out.byte(bytes(i + 1))
      out.byte(id.length)
      out.chunk(id)
    }
    writeAttributes(out, bytes(4), attributes)
    out.end(start)
  }
}

function writeSpanId(out: Bytes, tag: number, id0: number, id1: number): void {
  out.byte(tag)
  out.byte(8)
  out.big32(id0)
  out.big32(id1)
}

function writeName(out: Bytes, name: string): void {
  writeText(out, bytes(5), name)
}

/** Nanoseconds as fixed64: microseconds × 1000 in two halves, since they are more than a number can tell. */
function writeTime(out: Bytes, tag: number, time: number, epochOffsetMs: number): void {
  const us = microseconds(time, epochOffsetMs)
  const high = Math.floor(us / 2 ** 32)
  const low = (us - high * 2 ** 32) * 1000
  const carry = Math.floor(low / 2 ** 32)
  out.byte(tag)
  out.fixed32(low - carry * 2 ** 32)
  out.fixed32(high * 1000 + carry)
}

function writeSlot(out: Bytes, key: string | undefined, value: AttributeValue | undefined): void {
  if (key !== undefined && value !== undefined) writeAttribute(out, bytes(9), key, value)
}

function writeAttributes(out: Bytes, tag: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) writeAttribute(out, tag, key, value)
}

/** A `KeyValue`. */
function writeAttribute(out: Bytes, tag: number, key: string, value: AttributeValue): void {
  out.byte(tag)
  const start = out.begin()
  writeText(out, bytes(1), key)
  out.byte(bytes(2))
  const inner = out.begin()
  writeAnyValue(out, value)
  out.end(inner)
  out.end(start)
}

function writeAnyValue(out: Bytes, value: AttributeValue): void {
  if (typeof value === 'string') {
    writeText(out, bytes(1), value)
  } else if (typeof value === 'boolean') {
    out.byte(varint(2))
    out.byte(value ? 1 : 0)
  } else if (typeof value === 'object') {
    out.byte(bytes(5)) // array_value
    const array = out.begin()
    for (const item of value) {
      out.byte(bytes(1))
      const start = out.begin()
      writeAnyValue(out, item)
      out.end(start)
    }
    out.end(array)
  } else if (Number.isSafeInteger(value) && value >= 0) {
    out.byte(varint(3))
    out.varint(value)
  } else {
    out.byte((4 << 3) | 1)
    out.double(value)
  }
}

function writeText(out: Bytes, tag: number, text: string): void {
  out.byte(tag)
  const start = out.begin()
  out.text(text)
  out.end(start)
}

/** The first byte of a field: its number and how it is written. */
function bytes(field: number): number {
  return (field << 3) | 2
}

function varint(field: number): number {
  return field << 3
}

function fixed64(field: number): number {
  return (field << 3) | 1
}
