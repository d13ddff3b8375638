/** Text and numbers written straight into memory that grows: a batch of spans, a line of log, without a string. */
export class Bytes {
  #buffer: Buffer
  #length = 0

  constructor(expected: number) {
    this.#buffer = Buffer.allocUnsafeSlow(expected)
  }

  get length(): number {
    return this.#length
  }

  /** What has been written; it is the receiver's own. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Forgets what is beyond a length. */
  cut(length: number): void {
    this.#length = length
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** Bytes that were made before; gives where they begin, for what is to be written over them. */
  chunk(bytes: Uint8Array): number {
    this.#reserve(bytes.length)
    const start = this.#length
    this.#length += bytes.length
    const buffer = this.#buffer
    // A call into the runtime costs as much as some dozens of bytes one by one.
    if (bytes.length > 32) buffer.set(bytes, start)
    else for (let i = 0; i < bytes.length; i++) buffer[start + i] = bytes[i]!
    return start
  }

  /** Writes a 32-bit integer as eight hexadecimal digits over what is there. */
  hex32At(at: number, value: number): void {
    const buffer = this.#buffer
    for (let i = 0, shift = 28; i < 8; i++, shift -= 4) buffer[at + i] = hexDigits[(value >>> shift) & 0xf]!
  }

  /** Writes a whole number from 0 to 2^53 as so many digits over what is there. */
  digitsAt(at: number, value: number, count: number): void {
    const high = Math.floor(value / 1e8)
    this.#digits(at + count, value - high * 1e8, Math.min(8, count))
    if (count > 8) this.#digits(at + count - 8, high, count - 8)
  }

  /** Writes a 32-bit integer, its highest byte first, over what is there. */
  big32At(at: number, value: number): void {
    const buffer = this.#buffer
    buffer[at] = value >>> 24
    buffer[at + 1] = value >>> 16
    buffer[at + 2] = value >>> 8
    buffer[at + 3] = value
  }

  /** Writes a 32-bit integer, its lowest byte first, over what is there. */
  little32At(at: number, value: number): void {
    const buffer = this.#buffer
    buffer[at] = value
    buffer[at + 1] = value >>> 8
    buffer[at + 2] = value >>> 16
    buffer[at + 3] = value >>> 24
  }

  /** A whole number from 0 to 2^53 in decimal digits. */
  integer(value: number): void {
    const count = countDigits(value)
    this.#reserve(count)
    this.digitsAt(this.#length, value, count)
    this.#length += count
  }

  /** Text in UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3)
    if (text.length <= 40) {
      const end = this.#ascii(text)
      if (end >= 0) return void (this.#length = end)
    }
    this.#length += this.#buffer.write(text, this.#length)
  }

  /** A JSON string. */
  json(text: string): void {
    this.#reserve(text.length + 2)
    if (text.length <= 200) {
      const buffer = this.#buffer
      let at = this.#length
      buffer[at++] = quote
      let i = 0
      for (; i < text.length; i++) {
        const code = text.charCodeAt(i)
        if (code < 0x20 || code > 0x7e || code === quote || code === backslash) break
        buffer[at++] = code
      }
      if (i === text.length) {
        buffer[at++] = quote
        return void (this.#length = at)
      }
    }
    this.text(JSON.stringify(text))
  }

  /** A number in the form of protobuf, from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }

  /** A number of eight bytes. */
  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  /** Begins something that has its length before it, mostly less than 128 bytes; gives what `end` wants. */
  begin(): number {
    this.byte(0)
    return this.#length
  }

  /** Writes the length of what was begun at `start`, moving it when the length needs more than a byte. */
  end(start: number): void {
    const length = this.#length - start
    if (length < 0x80) return void (this.#buffer[start - 1] = length)
    const more = length < 0x4000 ? 1 : length < 0x20_0000 ? 2 : 3
    this.#reserve(more)
    this.#buffer.copyWithin(start + more, start, this.#length)
    this.#length = start - 1
    this.varint(length)
    this.#length += length
  }

  /** Digits of a number below 2^31, from the last one, which is before `end`. */
  #digits(end: number, value: number, count: number): void {
    const buffer = this.#buffer
    let rest = value | 0
    for (let at = end - 1; at >= end - count; at--) {
      const tens = (rest / 10) | 0
      buffer[at] = 0x30 + rest - tens * 10
      rest = tens
    }
  }

  /** Writes ASCII and tells where it ends; -1 when it is not. */
  #ascii(text: string): number {
    let at = this.#length
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return -1
      this.#buffer[at++] = code
    }
    return at
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

function countDigits(value: number): number {
  let count = 1
  for (let limit = 10; value >= limit; limit *= 10) count++
  return count
}

const quote = 0x22
const backslash = 0x5c
const hexDigits: Uint8Array = Buffer.from('0123456789abcdef')
