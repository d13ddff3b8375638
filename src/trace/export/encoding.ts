/** The common part of span encodings: the fields that spans of one place in the program share are encoded once. */
import { Bytes } from '../../bytes/bytes.ts'
import type { AttributeValue, SpanTemplate } from '../spanTemplate.ts'
import type { SpanRecord } from '../spanRecord.ts'
import type { Encoding } from './exporter.ts'
import { templateOf } from './otlp.ts'

/** The format-specific part of an encoding. */
export interface Format {
  readonly contentType: string
  /** Writes the start of a batch. */
  readonly head: Uint8Array
  readonly compile: (template: SpanTemplate) => CommonFields
  /** Writes a span: its encoded template with its ids and times, then its own fields. */
  readonly writeSpan: (out: Bytes, span: SpanRecord, template: EncodedTemplate, epochOffsetMs: number) => void
  /** Writes the end of a batch. */
  readonly end: (out: Bytes) => void
}

/** The encoded fields that spans of a template share, in the order of a span's fields. */
export interface CommonFields {
  /** Ids and times, with zeros to be overwritten. */
  readonly ids: Uint8Array
  /** The parent's id, with zeros to be overwritten. */
  readonly parent: Uint8Array
  readonly name: Uint8Array
  /** All other fields, ending so that attributes can follow. */
  readonly rest: Uint8Array
  /** The name of each slot, ending so that its value can follow. */
  readonly keys: readonly Uint8Array[]
}

/** The combined fields, for spans with and without a parent, and with and without a name of their own. */
export interface EncodedTemplate {
  readonly root: Uint8Array
  readonly child: Uint8Array
  readonly renamedRoot: Uint8Array
  readonly renamedChild: Uint8Array
  readonly keys: readonly Uint8Array[]
}

/** Encodes batches of spans in a format. */
export function spanEncoding({ contentType, head, compile, writeSpan, end }: Format): Encoding {
  const encoded = new WeakMap<SpanTemplate, EncodedTemplate>()
  const encodedOf = (template: SpanTemplate): EncodedTemplate => {
    let known = encoded.get(template)
    if (!known) encoded.set(template, (known = joined(compile(template))))
    return known
  }
  let bytesPerSpan = 512
  return {
    contentType,
    encode(spans, epochOffsetMs, memory) {
      const out = new Bytes(Math.ceil(spans.length * bytesPerSpan * 1.1) + head.length + 64, memory)
      out.chunk(head)
      for (const span of spans) writeSpan(out, span, encodedOf(templateOf(span)), epochOffsetMs)
      end(out)
      bytesPerSpan = out.length / Math.max(1, spans.length)
      return out.take()
    },
  }
}

function joined({ ids, parent, name, rest, keys }: CommonFields): EncodedTemplate {
  return {
    root: Buffer.concat([ids, name, rest]),
    child: Buffer.concat([ids, parent, name, rest]),
    renamedRoot: Buffer.concat([ids, rest]),
    renamedChild: Buffer.concat([ids, parent, rest]),
    keys,
  }
}

/** The start of a span. */
export function startOf(span: SpanRecord, template: EncodedTemplate): Uint8Array {
  const isRenamed = span.details?.name !== undefined
  if (span.hasParent) return isRenamed ? template.renamedChild : template.child
  return isRenamed ? template.renamedRoot : template.root
}

/** The positions of ids in an encoded template, for formats that write them as hexadecimal digits. */
export interface IdPlaces {
  readonly trace: number
  readonly span: number
  readonly parent: number
}

/** Writes the start of a span with its ids; returns its position. */
export function writeStart(out: Bytes, span: SpanRecord, template: EncodedTemplate, at: IdPlaces): number {
  const start = out.chunk(startOf(span, template))
  const { trace } = span
  out.hex64At(start + at.trace, trace.id0, trace.id1)
  out.hex64At(start + at.trace + 16, trace.id2, trace.id3)
  out.hex64At(start + at.span, span.id0, span.id1)
  if (span.hasParent) out.hex64At(start + at.parent, span.parent0, span.parent1)
  return start
}

/** Writes the values of a span's slots, each by `write`. */
export function writeSlots(
  out: Bytes,
  { value0, value1, value2 }: SpanRecord,
  { keys }: EncodedTemplate,
  write: (out: Bytes, key: Uint8Array, value: AttributeValue) => void,
): void {
  if (keys.length > 0 && value0 !== undefined) write(out, keys[0]!, value0)
  if (keys.length > 1 && value1 !== undefined) write(out, keys[1]!, value1)
  if (keys.length > 2 && value2 !== undefined) write(out, keys[2]!, value2)
}
