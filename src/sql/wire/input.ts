/** Messages of the server: cut from the stream of bytes, copied only when they arrive in pieces. */

/** Receives one message: its code and the position of its body. The bytes are valid only during the call. */
export type OnMessage = (code: number, bytes: Buffer, start: number, end: number) => void

/** Cuts a stream of bytes into messages. */
export class Input {
  readonly #onMessage: OnMessage
  // The pieces of an incomplete message, and how many bytes it will have.
  #pieces: Buffer[] = []
  #have = 0
  #need = headerBytes

  constructor(onMessage: OnMessage) {
    this.#onMessage = onMessage
  }

  push(chunk: Buffer): void {
    if (this.#have === 0) return this.#cut(chunk)
    this.#pieces.push(chunk)
    this.#have += chunk.length
    if (this.#have < this.#need) return
    const bytes = Buffer.concat(this.#pieces, this.#have)
    this.#pieces = []
    this.#have = 0
    this.#cut(bytes)
  }

  #cut(bytes: Buffer): void {
    const { length } = bytes
    let at = 0
    while (length - at >= headerBytes) {
      const end = at + 1 + int32(bytes, at + 1)
      if (end > length) return this.#keep(bytes, at, end - at)
      this.#onMessage(bytes[at]!, bytes, at + headerBytes, end)
      at = end
    }
    if (at < length) this.#keep(bytes, at, headerBytes)
  }

  #keep(bytes: Buffer, at: number, need: number): void {
    this.#pieces.push(bytes.subarray(at))
    this.#have = bytes.length - at
    this.#need = need
  }
}

const headerBytes = 5

/** A signed 32-bit integer, big endian. */
export function int32(bytes: Buffer, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** An unsigned 16-bit integer, big endian. */
export function int16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

/** A column of a result. */
export interface Column {
  readonly name: string
  /** OID of the type. */
  readonly type: number
}

/** The columns in a RowDescription. */
export function columnsIn(bytes: Buffer, start: number): readonly Column[] {
  const columns: Column[] = []
  let at = start + 2
  for (let n = int16(bytes, start); n > 0; n--) {
    const end = bytes.indexOf(0, at)
    columns.push({ name: bytes.toString('utf8', at, end), type: int32(bytes, end + 7) >>> 0 })
    at = end + 19
  }
  return columns
}

/** The parameter types in a ParameterDescription. */
export function parameterTypesIn(bytes: Buffer, start: number): readonly number[] {
  const types: number[] = []
  for (let n = int16(bytes, start), at = start + 2; n > 0; n--, at += 4) types.push(int32(bytes, at) >>> 0)
  return types
}

/** The fields of an ErrorResponse or NoticeResponse, by letter. */
export function fieldsIn(bytes: Buffer, start: number): Record<string, string> {
  const fields: Record<string, string> = {}
  for (let at = start; bytes[at] !== 0;) {
    const end = bytes.indexOf(0, at)
    fields[String.fromCharCode(bytes[at]!)] = bytes.toString('utf8', at + 1, end)
    at = end + 1
  }
  return fields
}

/** The number of rows of a CommandComplete: the digits at the end of `UPDATE 3`. */
export function rowCountIn(bytes: Buffer, start: number, end: number): number {
  let count = 0
  for (let at = end - 2, place = 1; at >= start; at--, place *= 10) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) break
    count += digit * place
  }
  return count
}

/** The strings of a NotificationResponse. */
export function notificationIn(bytes: Buffer, start: number): { readonly channel: string; readonly payload: string } {
  const middle = bytes.indexOf(0, start + 4)
  return {
    channel: bytes.toString('utf8', start + 4, middle),
    payload: bytes.toString('utf8', middle + 1, bytes.indexOf(0, middle + 1)),
  }
}

/** The name and the value in a ParameterStatus. */
export function statusIn(bytes: Buffer, start: number): readonly [name: string, value: string] {
  const middle = bytes.indexOf(0, start)
  return [bytes.toString('utf8', start, middle), bytes.toString('utf8', middle + 1, bytes.indexOf(0, middle + 1))]
}
