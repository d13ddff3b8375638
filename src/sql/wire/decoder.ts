/** Turns DataRow messages into rows: one function per statement, compiled when its columns are known. */
import type { Column } from './input.ts'
import { int16, int32 } from './input.ts'

/** Reads one value from its text form. Not called for null. */
export type Decode = (bytes: Buffer, start: number, end: number) => unknown

/** Returns the decoder of a type OID. */
export type DecoderOf = (type: number) => Decode

/** Reads a DataRow whose body starts at `start`. */
export type RowDecoder<Row> = (bytes: Buffer, start: number) => Row

/**
 * Compiles a decoder to plain objects of one hidden class, as from an object literal. Names are only quoted strings in
 * computed keys, so `__proto__` is a column like any other.
 */
export function objectDecoder(columns: readonly Column[], decoderOf: DecoderOf): RowDecoder<Record<string, unknown>> {
  const read = columns.map(
    (_, i) => `const v${i} = (n = int32(b, at), at += 4, n < 0) ? null : d[${i}](b, at, at += n)`,
  )
  const fields = columns.map(({ name }, i) => `[${JSON.stringify(name)}]: v${i}`)
  const source = `return (b, at) => { let n; at += 2\n${read.join('\n')}\nreturn { ${fields.join(', ')} } }`
  const decoders = columns.map(({ type }) => decoderOf(type))
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- the text consists of numbers and JSON strings
  return new Function('int32', 'd', source)(int32, decoders) as RowDecoder<Record<string, unknown>>
}

/** Compiles a decoder to arrays. */
export function arrayDecoder(columns: readonly Column[], decoderOf: DecoderOf): RowDecoder<unknown[]> {
  const decoders = columns.map(({ type }) => decoderOf(type))
  return (bytes, start) => {
    let at = start + 2
    return decoders.map((decode) => {
      const length = int32(bytes, at)
      at += 4
      if (length < 0) return null
      at += length
      return decode(bytes, at - length, at)
    })
  }
}

/** Compiles a decoder of the first column. */
export function valueDecoder(columns: readonly Column[], decoderOf: DecoderOf): RowDecoder<unknown> {
  const decode = columns[0] && decoderOf(columns[0].type)
  return (bytes, start) => {
    const length = decode ? int32(bytes, start + 2) : -1
    return length < 0 ? null : decode!(bytes, start + 6, start + 6 + length)
  }
}

/** Copies a DataRow, to decode it once the types of its columns are known. */
export function copyOfRow(bytes: Buffer, start: number): Buffer {
  let end = start + 2
  for (let n = int16(bytes, start); n > 0; n--) end += 4 + Math.max(0, int32(bytes, end))
  return Buffer.from(bytes.subarray(start, end))
}
