/** Reads OTLP in protobuf into the form that it has in JSON. https://protobuf.dev/programming-guides/encoding/ */

/** The type of a field. */
type FieldType = 'string' | 'bytes' | 'hex' | 'bool' | 'int' | 'double' | 'fixed64' | Message
/** The fields of a message by their numbers: a name, a type, and whether there may be many. */
interface Message {
  readonly [number: number]: readonly [name: string, type: FieldType | (() => Message), many?: 'many']
}

const anyValue: Message = {
  1: ['stringValue', 'string'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => arrayValue],
  6: ['kvlistValue', () => keyValueList],
  7: ['bytesValue', 'bytes'],
}
const keyValue: Message = { 1: ['key', 'string'], 2: ['value', anyValue] }
const arrayValue: Message = { 1: ['values', anyValue, 'many'] }
const keyValueList: Message = { 1: ['values', keyValue, 'many'] }
const resource: Message = { 1: ['attributes', keyValue, 'many'] }
const span: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'string'],
  6: ['kind', 'int'],
  7: ['startTimeUnixNano', 'fixed64'],
  8: ['endTimeUnixNano', 'fixed64'],
  9: ['attributes', keyValue, 'many'],
  11: [
    'events',
    { 1: ['timeUnixNano', 'fixed64'], 2: ['name', 'string'], 3: ['attributes', keyValue, 'many'] },
    'many',
  ],
  13: ['links', { 1: ['traceId', 'hex'], 2: ['spanId', 'hex'] }, 'many'],
  15: ['status', { 2: ['message', 'string'], 3: ['code', 'int'] }],
}
const logRecord: Message = {
  1: ['timeUnixNano', 'fixed64'],
  2: ['severityNumber', 'int'],
  5: ['body', anyValue],
  6: ['attributes', keyValue, 'many'],
  9: ['traceId', 'hex'],
  10: ['spanId', 'hex'],
  11: ['observedTimeUnixNano', 'fixed64'],
}
const traces: Message = {
  1: [
    'resourceSpans',
    { 1: ['resource', resource], 2: ['scopeSpans', { 2: ['spans', span, 'many'] }, 'many'] },
    'many',
  ],
}
const logs: Message = {
  1: [
    'resourceLogs',
    { 1: ['resource', resource], 2: ['scopeLogs', { 2: ['logRecords', logRecord, 'many'] }, 'many'] },
    'many',
  ],
}

/**
 * Decodes the body of an export request.
 *
 * @throws {RangeError} when the bytes are no protobuf of that message
 */
export function decodeOtlp(bytes: Buffer, kind: 'traces' | 'logs'): unknown {
  return new Reader(bytes).message(kind === 'traces' ? traces : logs, bytes.length, 0)
}

/** Nobody nests deeper on purpose. */
const deepest = 32

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  message(fields: Message, end: number, depth: number): Record<string, unknown> {
    if (depth > deepest) throw new RangeError('the message is nested too deeply')
    const result: Record<string, unknown> = {}
    while (this.#at < end) {
      const tag = this.#varint()
      const field = fields[Number(tag >> 3n)]
      const wire = Number(tag & 7n)
      if (!field) {
        this.#skip(wire, end)
        continue
      }
      const [name, type, many] = field
      const value = this.#value(typeof type === 'function' ? type() : type, wire, end, depth)
      if (!many) result[name] = value
      else ((result[name] ??= []) as unknown[]).push(value)
    }
    return result
  }

  #value(type: FieldType, wire: number, end: number, depth: number): unknown {
    const expected = type === 'int' || type === 'bool' ? 0 : type === 'double' || type === 'fixed64' ? 1 : 2
    if (wire !== expected) throw new RangeError('a field has another type')
    if (type === 'int') return Number(BigInt.asIntN(64, this.#varint()))
    if (type === 'bool') return this.#varint() !== 0n
    if (type === 'double') return this.#bytes.readDoubleLE(this.#take(8, end))
    if (type === 'fixed64') return String(this.#bytes.readBigUInt64LE(this.#take(8, end)))
    const length = Number(this.#varint())
    const start = this.#take(length, end)
    if (typeof type === 'object') {
      this.#at = start
      return this.message(type, start + length, depth + 1)
    }
    const slice = this.#bytes.subarray(start, start + length)
    return slice.toString(type === 'string' ? 'utf8' : type === 'hex' ? 'hex' : 'base64')
  }

  #varint(): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) break
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a number does not end')
  }

  /** Moves on and returns the position before. */
  #take(length: number, end: number): number {
    const start = this.#at
    if (start + length > end) throw new RangeError('a field is longer than its message')
    this.#at = start + length
    return start
  }

  #skip(wire: number, end: number): void {
    if (wire === 0) this.#varint()
    else if (wire === 1) this.#take(8, end)
    else if (wire === 2) this.#take(Number(this.#varint()), end)
    else if (wire === 5) this.#take(4, end)
    else throw new RangeError('a field has no known type')
  }
}
