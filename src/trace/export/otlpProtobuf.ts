/** OTLP as protobuf. https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto */
import { Bytes } from '../../bytes/bytes.ts'
import { microseconds } from '../../time/epochOffset.ts'
import { spanKinds, type SpanTemplate } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'
import { spanEncoding, startOf, writeSlots, type CommonFields, type EncodedTemplate, type Format } from './encoding.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import { commonAttributes, linksOf, ownAttributes, resourceAttributes, sampledFlag, statusError } from './otlp.ts'
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

/** Encodes spans for `POST /v1/traces`. */
export function otlpProtobufEncoding(resource: Resource): Encoding {
  return spanEncoding({
    contentType: 'application/x-protobuf',
    ...messagesAround(resource),
    compile: encodeTemplate,
    writeSpan,
  })
}

/** The messages that contain the spans. */
function messagesAround(resource: Resource): Pick<Format, 'head' | 'end'> {
  const out = new Bytes(256)
  const resourceSpans = out.begin(bytes(1)) // resource_spans
  const ofResource = out.begin(bytes(1)) // resource
  writeAttributes(out, bytes(1), resourceAttributes(resource))
  out.end(ofResource)
  const scopeSpans = out.begin(bytes(2)) // scope_spans
  const ofScope = out.begin(bytes(1)) // scope
  writeText(out, bytes(1), scopeName)
  out.end(ofScope)
  return {
    head: out.take(),
    end(batch) {
      batch.end(scopeSpans)
      batch.end(resourceSpans)
    },
  }
}

// Byte fields are after their tag and length, times after their tag.
const ids = Uint8Array.of(
  ...[bytes(1), 16, ...new Uint8Array(16)],
  ...[bytes(2), 8, ...new Uint8Array(8)],
  ...[fixed64(7), ...new Uint8Array(8)],
  ...[fixed64(8), ...new Uint8Array(8)],
)
const traceIdAt = 2
const spanIdAt = traceIdAt + 16 + 2
const startAt = spanIdAt + 8 + 1
const endAt = startAt + 8 + 1
const parent = Uint8Array.of(bytes(4), 8, ...new Uint8Array(8))
const parentIdAt = ids.length + 2

function encodeTemplate(template: SpanTemplate): CommonFields {
  const rest = new Bytes(256)
  rest.byte(varint(6))
  rest.byte(spanKinds[template.kind])
  writeAttributes(rest, bytes(9), commonAttributes(template))
  return {
    ids,
    parent,
    name: textField(5, template.name),
    rest: rest.take(),
    keys: template.slots.map((slot) => textField(1, slot)),
  }
}

function textField(field: number, text: string): Uint8Array {
  const out = new Bytes(64)
  writeText(out, bytes(field), text)
  return out.take()
}

function writeSpan(out: Bytes, span: SpanRecord, template: EncodedTemplate, epochOffsetMs: number): void {
  const { trace, details, errorType } = span
  const message = out.begin(bytes(2)) // spans
  const start = out.chunk(startOf(span, template))
  out.big64At(start + traceIdAt, trace.id0, trace.id1)
  out.big64At(start + traceIdAt + 8, trace.id2, trace.id3)
  out.big64At(start + spanIdAt, span.id0, span.id1)
  if (span.hasParent) out.big64At(start + parentIdAt, span.parent0, span.parent1)
  writeTimeAt(out, start + startAt, microseconds(span.startedAt, epochOffsetMs))
  writeTimeAt(out, start + endAt, microseconds(span.endedAt, epochOffsetMs))
  if (trace.state !== undefined) writeText(out, bytes(3), trace.state)

  writeSlots(out, span, template, writeSlot)
  if (errorType !== undefined) {
    writeAttribute(out, bytes(9), 'error.type', errorType)
    out.byte(bytes(15)) // status
    out.byte(2)
    out.byte(varint(3))
    out.byte(statusError)
  }
  if (details) writeDetails(out, span, epochOffsetMs)
  else if (trace.link) writeLinks(out, span)
  if (trace.isSampled) out.chunk(sampledFlags)
  out.end(message)
}

const sampledFlags = Uint8Array.of(((16 << 3) | 5) & 0xff, (16 << 3) >> 7, sampledFlag, 0, 0, 0)

function writeDetails(out: Bytes, span: SpanRecord, epochOffsetMs: number): void {
  const { name, events = [] } = span.details ?? {}
  if (name !== undefined) writeText(out, bytes(5), name)
  for (const [key, value] of ownAttributes(span)) writeAttribute(out, bytes(9), key, value)
  for (const { name, at, attributes } of events) {
    const start = out.begin(bytes(11))
    out.byte(fixed64(1))
    writeTimeAt(out, out.chunk(new Uint8Array(8)), microseconds(at, epochOffsetMs))
    writeText(out, bytes(2), name)
    writeAttributes(out, bytes(3), attributes)
    out.end(start)
  }
  writeLinks(out, span)
}

function writeLinks(out: Bytes, span: SpanRecord): void {
  for (const { traceId, spanId, attributes = {} } of linksOf(span)) {
    const start = out.begin(bytes(13))
    for (const [i, id] of [Buffer.from(traceId, 'hex'), Buffer.from(spanId, 'hex')].entries()) {
      out.byte(bytes(i + 1))
      out.byte(id.length)
      out.chunk(id)
    }
    writeAttributes(out, bytes(4), attributes)
    out.end(start)
  }
}
