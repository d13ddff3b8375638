/** Protobuf fields and OTLP's messages for values. https://protobuf.dev/programming-guides/encoding/ */
import type { Bytes } from '../../bytes/bytes.ts'
import type { Attributes, AttributeValue } from '../spanTemplate.ts'

/** Writes each attribute as a `KeyValue`. */
export function writeAttributes(out: Bytes, tag: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) writeAttribute(out, tag, key, value)
}

/** Writes a `KeyValue`. */
export function writeAttribute(out: Bytes, tag: number, key: string, value: AttributeValue): void {
  const start = out.begin(tag)
  writeText(out, bytes(1), key)
  writeValue(out, value)
  out.end(start)
}

/** Writes the second field of a `KeyValue`. */
function writeValue(out: Bytes, value: AttributeValue): void {
  const start = out.begin(bytes(2))
  writeAnyValue(out, value)
  out.end(start)
}

function writeAnyValue(out: Bytes, value: AttributeValue): void {
  if (typeof value === 'string') {
    writeText(out, bytes(1), value)
  } else if (typeof value === 'boolean') {
    out.byte(varint(2))
    out.byte(value ? 1 : 0)
  } else if (typeof value === 'object') {
    const array = out.begin(bytes(5)) // array_value
    for (const item of value) {
      const start = out.begin(bytes(1))
      writeAnyValue(out, item)
      out.end(start)
    }
    out.end(array)
  } else if (Number.isSafeInteger(value)) {
    out.byte(varint(3))
    out.varint(value)
  } else {
    out.byte((4 << 3) | 1)
    out.double(value)
  }
}

/** Writes a text field. */
export function writeText(out: Bytes, tag: number, text: string): void {
  const start = out.begin(tag)
  out.text(text)
  out.end(start)
}

/** The tag of a field with a length. */
export function bytes(field: number): number {
  return (field << 3) | 2
}

/** The tag of a varint field. */
export function varint(field: number): number {
  return field << 3
}

/** The tag of a field of eight bytes. */
export function fixed64(field: number): number {
  return (field << 3) | 1
}

/** Writes nanoseconds as fixed64: microseconds × 1000 in two halves, because a number cannot hold them exactly. */
export function writeTimeAt(out: Bytes, at: number, us: number): void {
  const high = Math.floor(us / 2 ** 32)
  const low = (us - high * 2 ** 32) * 1000
  const carry = Math.floor(low / 2 ** 32)
  out.little64At(at, high * 1000 + carry, low - carry * 2 ** 32)
}

/** Writes a `KeyValue` with an encoded key as an attribute of a span. */
export function writeSlot(out: Bytes, key: Uint8Array, value: AttributeValue): void {
  const start = out.begin(bytes(9))
  out.chunk(key)
  writeValue(out, value)
  out.end(start)
}
