/** OTLP's JSON. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
import { microseconds } from '../clock.ts'
import { spanKinds, type Attributes, type AttributeValue, type SpanShape } from '../shape.ts'
import type { Span, SpanDetails } from '../span.ts'
import { Bytes } from '../../bytes/bytes.ts'
import { scopeName, type Encoding, type Resource } from './exporter.ts'
import {
  linksOf,
  nanosecondsText,
  ownAttributes,
  resourceAttributes,
  sampledFlag,
  shapeOf,
  statusError,
} from './otlp.ts'

/** Encodes spans for `POST /v1/traces`, to be read by people and by collectors that know no protobuf. */
export function otlpJsonEncoding(resource: Resource): Encoding {
  const compiled = new WeakMap<SpanShape, CompiledShape>()
  const head = Buffer.from(
    `{"resourceSpans":[{"resource":{"attributes":${JSON.stringify(keyValues(resourceAttributes(resource)))}},` +
      `"scopeSpans":[{"scope":{"name":${JSON.stringify(scopeName)}},"spans":[`,
  )
  let bytesPerSpan = 1024
  const compile = (shape: SpanShape): CompiledShape => {
    let known = compiled.get(shape)
    if (!known) compiled.set(shape, (known = compileShape(shape)))
    return known
  }
  return {
    contentType: 'application/json',
    encode(spans, epochOffsetMs, memory) {
      const out = new Bytes(Math.ceil(spans.length * bytesPerSpan * 1.1) + head.length + 64, memory)
      out.chunk(head)
      for (const span of spans) {
        out.comma()
        writeSpan(out, span, compile(shapeOf(span)), epochOffsetMs)
      }
      out.chunk(tail)
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
  /** The beginning of a `KeyValue` for each slot, up to its value. */
  readonly keys: readonly Uint8Array[]
}

const traceIdAt = '{"traceId":"'.length
const spanIdAt = traceIdAt + 32 + '","spanId":"'.length
const startAt = spanIdAt + 16 + '","startTimeUnixNano":"'.length
const endAt = startAt + 19 + '","endTimeUnixNano":"'.length
const parentIdAt = endAt + 19 + '","parentSpanId":"'.length

function compileShape(shape: SpanShape): CompiledShape {
  const { name, kind, attributes, slots, peer } = shape
  const zeros = (count: number): string => '0'.repeat(count)
  const times = `"startTimeUnixNano":"${zeros(19)}","endTimeUnixNano":"${zeros(19)}"`
  const ids = `{"traceId":"${zeros(32)}","spanId":"${zeros(16)}",${times}`
  const parent = `,"parentSpanId":"${zeros(16)}"`
  const nameField = `,"name":${JSON.stringify(name)}`
  const common = keyValues(peer === undefined ? attributes : { ...attributes, 'peer.service': peer })
  const rest = `,"kind":${spanKinds[kind]},"attributes":${JSON.stringify(common).slice(0, -1)}`
  return {
    shape,
    root: Buffer.from(ids + nameField + rest),
    child: Buffer.from(ids + parent + nameField + rest),
    rootWithoutName: Buffer.from(ids + rest),
    childWithoutName: Buffer.from(ids + parent + rest),
    keys: slots.map(keyOf),
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
  out.hex32At(start + spanIdAt, span.id0)
  out.hex32At(start + spanIdAt + 8, span.id1)
  out.digitsAt(start + startAt, microseconds(span.startedAt, epochOffsetMs), 16)
  out.digitsAt(start + endAt, microseconds(span.endedAt, epochOffsetMs), 16)
  if (hasParent) {
    out.hex32At(start + parentIdAt, parent0)
    out.hex32At(start + parentIdAt + 8, parent1)
  }

  const { keys } = shape
  if (keys.length > 0 && span.value0 !== undefined) writeAttribute(out, keys[0]!, span.value0)
  if (keys.length > 1 && span.value1 !== undefined) writeAttribute(out, keys[1]!, span.value1)
  if (keys.length > 2 && span.value2 !== undefined) writeAttribute(out, keys[2]!, span.value2)
  if (errorType !== undefined) writeAttribute(out, errorTypeKey, errorType)
  if (details) for (const [key, value] of ownAttributes(span, shape.shape)) writeAttribute(out, keyOf(key), value)
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

function writeMore(out: Bytes, span: Span, epochOffsetMs: number): void {
  const { name, events }: Partial<SpanDetails> = span.details ?? {}
  if (name !== undefined) writeField(out, 'name', name)
  if (events) {
    const told = events.map(({ name, at, attributes }) => ({
      name,
      timeUnixNano: nanosecondsText(at, epochOffsetMs),
      attributes: keyValues(attributes),
    }))
    writeField(out, 'events', told)
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
  // What JSON has no number for is a string: https://protobuf.dev/programming-guides/json/
  return { doubleValue: Number.isFinite(value) ? value : String(value) }
}

const tail = Buffer.from(']}]}]}')
const errorTypeKey = keyOf('error.type')
const stringValue = Buffer.from('{"stringValue":"')
const intValue = Buffer.from('{"intValue":"')
const endOfValue = Buffer.from('"}}')
const sampledFlags = Buffer.from(`],"flags":${sampledFlag}`)
const noFlags = Buffer.from('],"flags":0')
const noStatus = Buffer.from(',"status":{}')
const errorStatus = Buffer.from(`,"status":{"code":${statusError}}`)
const closeBrace = 0x7d
