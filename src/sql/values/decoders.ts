/**
 * The JavaScript types of PostgreSQL's types.
 *
 * int2, int4, int8, oid: a number; a string for an int8 that is no safe integer. float4, float8: a number.
 * numeric, money, interval, time, uuid, enums and all unlisted types: a string. bool: a boolean.
 * date: `2026-11-23`. timestamp: `2026-11-23T05:36:00.123456`. timestamptz: the same in UTC with a `Z`.
 * json, jsonb: parsed. bytea: a Buffer. Arrays of these types: arrays.
 */
import { inUtc } from './zone.ts'
import type { Decode } from '../wire/decoder.ts'

/** The text as it is, for each type without a decoder. */
export const text: Decode = (bytes, start, end) => bytes.toString('utf8', start, end)

const integer: Decode = (bytes, start, end) => {
  let value = 0
  const negative = bytes[start] === 0x2d
  for (let at = negative ? start + 1 : start; at < end; at++) value = value * 10 + bytes[at]! - 0x30
  return negative ? -value : value
}

// 15 digits are always a safe integer.
const bigInteger: Decode = (bytes, start, end) => {
  if (end - start <= 15) return integer(bytes, start, end)
  const digits = text(bytes, start, end) as string
  const value = Number(digits)
  return Number.isSafeInteger(value) ? value : digits
}

// `2026-11-23 05:36:00.1234` becomes ISO 8601 in place: the bytes are ours, and read once.
const timestamp: Decode = (bytes, start, end) => {
  if (end > start + 10 && bytes[start + 10] === 0x20) bytes[start + 10] = 0x54
  return bytes.toString('latin1', start, end)
}

// The session's time zone is UTC unless it was changed, so the text ends in `+00` nearly always.
const timestamptz: Decode = (bytes, start, end) => {
  const isUtc = end >= start + 13 && bytes[end - 3] === 0x2b && bytes[end - 2] === 0x30 && bytes[end - 1] === 0x30
  if (!isUtc) return inUtc(bytes.toString('latin1', start, end))
  if (bytes[start + 10] !== 0x20) return text(bytes, start, end)
  bytes[start + 10] = 0x54
  bytes[end - 3] = 0x5a
  return bytes.toString('latin1', start, end - 2)
}

// The form is recognizable: in the escape form a backslash is doubled, or followed by digits.
const bytea: Decode = (bytes, start, end) =>
  bytes[start] === 0x5c && bytes[start + 1] === 0x78
    ? Buffer.from(bytes.toString('latin1', start + 2, end), 'hex')
    : unescaped(bytes.subarray(start, end))

/** Decodes `bytea_output = 'escape'`. https://www.postgresql.org/docs/current/datatype-binary.html */
function unescaped(escaped: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(escaped.length)
  let length = 0
  for (let at = 0; at < escaped.length; at++) {
    const byte = escaped[at]!
    if (byte !== 0x5c) {
      out[length++] = byte
    } else if (escaped[at + 1] === 0x5c) {
      out[length++] = 0x5c
      at++
    } else {
      out[length++] = ((escaped[at + 1]! & 3) << 6) | ((escaped[at + 2]! & 7) << 3) | (escaped[at + 3]! & 7)
      at += 3
    }
  }
  return out.subarray(0, length)
}

/** Decoders by type name. */
export const builtIn: Readonly<Record<string, Decode>> = {
  bool: (bytes, start) => bytes[start] === 0x74,
  bytea,
  int2: integer,
  int4: integer,
  oid: integer,
  int8: bigInteger,
  float4: (bytes, start, end) => Number(bytes.toString('latin1', start, end)),
  float8: (bytes, start, end) => Number(bytes.toString('latin1', start, end)),
  json: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as unknown,
  jsonb: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)) as unknown,
  timestamp,
  timestamptz,
}
