/** OTLP's protobuf. https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
import { microseconds } from '../clock.ts'
import { spanKinds, type SpanShape } from '../shape.ts'
import type { Span } from '../span.ts'
import { Bytes } from '../../bytes/bytes.ts'
import {
  bytes,
  fixed64,
  varint,
  writeAttribute,
  writeAttributes,
  writeSlot,
  writeText,
  writeTimeAt,
} from './protobuf.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import { linksOf, ownAttributes, shapeOf, resourceAttributes, sampledFlag, statusError } from './otlp.ts'

/** Encodes spans for `POST /v1/traces`. */
export function otlpProtobufEncoding(resource: Resource): Encoding {
  const compiled = new WeakMap<SpanShape, CompiledShape>()
  const head = compileHead(resource)
  let bytesPerSpan = 512
  const compile = (shape: SpanShape): CompiledShape => {
    let known = compiled.get(shape)
    if (!known) compiled.set(shape, (known = compileShape(shape)))
    return known
  }
  return {
    contentType: 'application/x-protobuf',
    encode(spans, epochOffsetMs, memory) {
      const out = new Bytes(Math.ceil(spans.length * bytesPerSpan * 1.1) + head.length + 64, memory)
      out.byte(bytes(1)) // resource_spans
      const resourceSpans = out.begin()
      out.chunk(head)
      out.byte(bytes(2)) // scope_spans
      const scopeSpans = out.begin()
      out.chunk(scope)
      for (const span of spans) {
        out.byte(bytes(2)) // spans
        const start = out.begin()
        writeSpan(out, span, compile(shapeOf(span)), epochOffsetMs)
        out.end(start)
      }
      out.end(scopeSpans)
      out.end(resourceSpans)
      bytesPerSpan = out.length / Math.max(1, spans.length)
      return out.take()
    },
  }
}

/** What all spans of a shape have in common, as bytes, with zeros where the ids and times belong. */
interface CompiledShape {
  readonly shape: SpanShape
  readonly root: Uint8Array
  readonly child: Uint8Array
  readonly rootWithoutName: Uint8Array
  readonly childWithoutName: Uint8Array
  /** The key of each slot, as the first field of a `KeyValue`. */
  readonly keys: readonly Uint8Array[]
}

// Each after its tag and, of bytes, the length.
const traceIdAt = 2
const spanIdAt = traceIdAt + 16 + 2
const startAt = spanIdAt + 8 + 1
const endAt = startAt + 8 + 1
const parentIdAt = endAt + 8 + 2

function compileShape(shape: SpanShape): CompiledShape {
  const { name, kind, attributes, slots, peer } = shape
  const compile = (hasParent: boolean, hasName: boolean): Uint8Array => {
    const out = new Bytes(256)
    for (const [tag, length] of [[bytes(1), 16], [bytes(2), 8], [fixed64(7)], [fixed64(8)]] as const) {
      out.byte(tag)
      if (length) out.byte(length)
      out.chunk(new Uint8Array(length ?? 8))
    }
    if (hasParent) {
      out.byte(bytes(4))
      out.byte(8)
      out.chunk(new Uint8Array(8))
    }
    if (hasName) writeText(out, bytes(5), name)
    out.byte(varint(6))
    out.byte(spanKinds[kind])
    writeAttributes(out, bytes(9), peer === undefined ? attributes : { 'peer.service': peer, ...attributes })
    return out.take()
  }
  return {
    shape,
    root: compile(false, true),
    child: compile(true, true),
    rootWithoutName: compile(false, false),
    childWithoutName: compile(true, false),
    keys: slots.map((key) => {
      const out = new Bytes(64)
      writeText(out, bytes(1), key)
      return out.take()
    }),
  }
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
  const { trace, parent0, parent1, details, errorType } = span
  const hasParent = parent0 !== 0 || parent1 !== 0
  const isNamed = details?.name !== undefined
  const start = hasParent
    ? out.chunk(isNamed ? shape.childWithoutName : shape.child)
    : out.chunk(isNamed ? shape.rootWithoutName : shape.root)
  out.big32At(start + traceIdAt, trace.id0)
  out.big32At(start + traceIdAt + 4, trace.id1)
  out.big32At(start + traceIdAt + 8, trace.id2)
  out.big32At(start + traceIdAt + 12, trace.id3)
  out.big32At(start + spanIdAt, span.id0)
  out.big32At(start + spanIdAt + 4, span.id1)
  if (hasParent) {
    out.big32At(start + parentIdAt, parent0)
    out.big32At(start + parentIdAt + 4, parent1)
  }
  writeTimeAt(out, start + startAt, microseconds(span.startedAt, epochOffsetMs))
  writeTimeAt(out, start + endAt, microseconds(span.endedAt, epochOffsetMs))
  if (trace.state !== undefined) writeText(out, bytes(3), trace.state)

  const { keys } = shape
  writeSlot(out, keys[0], span.value0)
  writeSlot(out, keys[1], span.value1)
  writeSlot(out, keys[2], span.value2)
  if (errorType !== undefined) {
    writeAttribute(out, bytes(9), 'error.type', errorType)
    out.byte(bytes(15)) // status
    out.byte(2)
    out.byte(varint(3))
    out.byte(statusError)
  }
  if (details) writeDetails(out, span, shape.shape, epochOffsetMs)
  else if (trace.link) writeLinks(out, span)
  if (trace.isSampled) out.chunk(sampledFlags)
}

const sampledFlags = Uint8Array.of(((16 << 3) | 5) & 0xff, (16 << 3) >> 7, sampledFlag, 0, 0, 0)

function writeDetails(out: Bytes, span: Span, shape: SpanShape, epochOffsetMs: number): void {
  const { name, events = [] } = span.details ?? {}
  if (name !== undefined) writeText(out, bytes(5), name)
  for (const [key, value] of ownAttributes(span, shape)) writeAttribute(out, bytes(9), key, value)
  for (const { name, at, attributes } of events) {
    out.byte(bytes(11))
    const start = out.begin()
    out.byte(fixed64(1))
    writeTimeAt(out, out.chunk(new Uint8Array(8)), microseconds(at, epochOffsetMs))
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
