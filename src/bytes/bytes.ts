/** A growing buffer for text and numbers, so that a batch of spans or a log line needs no string. */
export class Bytes {
  #buffer: Buffer
  /** A view that writes numbers of more than one byte. */
  #view: DataView
  #length = 0

  /** Reuses `memory` if its length is `expected`. */
  constructor(expected: number, memory?: Buffer) {
    this.#buffer = memory && memory.length >= expected ? memory : Buffer.allocUnsafeSlow(expected)
    this.#view = viewOf(this.#buffer)
  }

  get length(): number {
    return this.#length
  }

  /** The bytes written so far, in the buffer's own memory. */
  take(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Drops everything beyond a length. */
  cut(length: number): void {
    this.#length = length
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** Appends prepared bytes; returns their position, so that parts can be overwritten. */
  chunk(bytes: Uint8Array): number {
    this.#reserve(bytes.length)
    const start = this.#length
    this.#length += bytes.length
    const buffer = this.#buffer
    // One call into V8 costs as much as copying about twenty bytes one by one.
    if (bytes.length > 16) buffer.set(bytes, start)
    else for (let i = 0; i < bytes.length; i++) buffer[start + i] = bytes[i]!
    return start
  }

  /** Appends a comma, unless the next item is the first of a JSON list. */
  comma(): void {
    if (this.#buffer[this.#length - 1] !== openBracket) this.byte(comma)
  }

  /** Overwrites with two 32-bit integers, the higher one first, as 16 hexadecimal digits. */
  hex64At(at: number, high: number, low: number): void {
    const view = this.#view
    view.setInt32(at, fourDigits(high >>> 16))
    view.setInt32(at + 4, fourDigits(high & 0xffff))
    view.setInt32(at + 8, fourDigits(low >>> 16))
    view.setInt32(at + 12, fourDigits(low & 0xffff))
  }

  /** Overwrites with an integer from 0 to 2^53 in a fixed number of digits. */
  digitsAt(at: number, value: number, count: number): void {
    const high = Math.floor(value / 1e8)
    this.#digits(at + count, value - high * 1e8, Math.min(8, count))
    if (count > 8) this.#digits(at + count - 8, high, count - 8)
  }

  /** Overwrites with two 32-bit integers as eight bytes, big-endian. */
  big64At(at: number, high: number, low: number): void {
    this.#view.setInt32(at, high)
    this.#view.setInt32(at + 4, low)
  }

  /** Overwrites with two 32-bit integers as eight bytes, little-endian. */
  little64At(at: number, high: number, low: number): void {
    this.#view.setInt32(at, low, true)
    this.#view.setInt32(at + 4, high, true)
  }

  /** Appends an integer from 0 to 2^53 in decimal digits. */
  integer(value: number): void {
    const count = countDigits(value)
    this.#reserve(count)
    this.digitsAt(this.#length, value, count)
    this.#length += count
  }

  /** Appends text in UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3)
    if (text.length <= 40) {
      const end = this.#ascii(text)
      if (end >= 0) return void (this.#length = end)
    }
    this.#length += this.#buffer.write(text, this.#length)
  }

  /** Appends a JSON string. */
  json(text: string): void {
    this.byte(quote)
    this.inJson(text)
    this.byte(quote)
  }

  /** Appends the content of a JSON string, without the quotes. */
  inJson(text: string): void {
    const { length } = text
    this.#reserve(length)
    if (length <= 200) {
      const buffer = this.#buffer
      const start = this.#length
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code < 0x20 || code > 0x7e || code === quote || code === backslash) break
        buffer[start + i] = code
      }
      if (i === length) return void (this.#length = start + length)
    }
    this.text(JSON.stringify(text).slice(1, -1))
  }

  /** Appends an integer from -2^53 to 2^53 as a protobuf varint; like an `int64`, ten bytes when it is negative. */
  varint(value: number): void {
    this.#reserve(10)
    if (value < 0) return this.#negativeVarint(value)
    let rest = value
    while (rest > 0x7f) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }

  /** Appends a double in eight bytes. */
  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleLE(value, this.#length)
  }

  /** Begins a field with a tag and a length, which usually fits in one byte; returns the argument for `end`. */
  begin(tag: number): number {
    this.#reserve(2)
    this.#buffer[this.#length] = tag
    return (this.#length += 2)
  }

  /** Writes the length of the field begun at `start`; moves the content when the length needs more than a byte. */
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

  /** Writes the digits of a number below 2^31 backwards from `end`. */
  #digits(end: number, value: number, count: number): void {
    let rest = value | 0
    let at = end
    for (const start = end - count; at - start > 1;) {
      const hundreds = (rest / 100) | 0
      this.#view.setUint16((at -= 2), twoDigits[rest - hundreds * 100]!)
      rest = hundreds
    }
    if ((count & 1) === 1) this.#buffer[at - 1] = 0x30 + (rest % 10)
  }

  /** In two's complement, the bits of a negative number are those of `-1 - value`, inverted. */
  #negativeVarint(value: number): void {
    let rest = -1 - value
    for (let i = 0; i < 9; i++) {
      this.#buffer[this.#length++] = 0xff - (rest % 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = 1
  }

  /** Writes ASCII and returns its end; -1 when the text has other characters. */
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
    this.#view = viewOf(larger)
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** Converts sixteen bits to four hexadecimal digits in ASCII at once: one per byte, plus 39 for `a` to `f`. */
function fourDigits(value: number): number {
  const apart = ((value & 0xff00) << 8) | (value & 0xff)
  const digits = (apart | (apart << 4)) & 0x0f0f0f0f
  const letters = ((digits + 0x06060606) >>> 4) & 0x01010101
  return digits + 0x30303030 + letters * 39
}

/** The two ASCII digits of 0 to 99. */
const twoDigits = Uint16Array.from({ length: 100 }, (_, n) => ((0x30 + ((n / 10) | 0)) << 8) | (0x30 + (n % 10)))

function countDigits(value: number): number {
  let count = 1
  for (let limit = 10; value >= limit; limit *= 10) count++
  return count
}

const [comma, openBracket] = [0x2c, 0x5b] as const
const quote = 0x22
const backslash = 0x5c
