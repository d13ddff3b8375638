import type { Problem } from './responseHead.ts'

/** The most bytes of a trailer section, which is skipped. */
const maxTrailerBytes = 8192
const [carriageReturn, lineFeed] = [0x0d, 0x0a]

/**
 * Parses a chunked body (RFC 9112, 7.1).
 *
 * It rejects chunk extensions. No server with lanes sends them, and parsers have disagreed about where they end.
 */
export class ChunkedBody {
  /** The bytes of the body so far, including all of the current chunk. */
  bytes = 0
  isComplete = false
  #state: 'size' | 'data' | 'end of data' | 'trailer' = 'size'
  /** The missing bytes of the current chunk. */
  #left = 0
  /** The received part of a line. */
  #line = ''
  #trailerBytes = 0

  /** Parses what has arrived, appends the data to `chunks`, and returns where parsing stopped. */
  read(bytes: Buffer, from: number, chunks: Buffer[]): number | Problem {
    let at = from
    while (at < bytes.length && !this.isComplete) {
      const next = this.#state === 'data' ? this.#readData(bytes, at, chunks) : this.#readLine(bytes, at)
      if (typeof next === 'string') return next
      at = next
    }
    return at
  }

  #readData(bytes: Buffer, at: number, chunks: Buffer[]): number {
    const end = Math.min(bytes.length, at + this.#left)
    chunks.push(bytes.subarray(at, end))
    this.#left -= end - at
    if (this.#left === 0) this.#state = 'end of data'
    return end
  }

  #readLine(bytes: Buffer, at: number): number | Problem {
    const feed = bytes.indexOf(lineFeed, at)
    const end = feed < 0 ? bytes.length : feed + 1
    this.#line += bytes.toString('latin1', at, end)
    if (this.#line.length > this.#maxOfLine) return 'the length of a chunk is malformed'
    if (feed < 0) return end
    const line = this.#line
    this.#line = ''
    if (line.charCodeAt(line.length - 2) !== carriageReturn) return 'a line of a chunk does not end with CRLF'
    return this.#takeLine(line.slice(0, -2)) ?? end
  }

  get #maxOfLine(): number {
    if (this.#state === 'trailer') return maxTrailerBytes
    return this.#state === 'size' ? 10 : 2
  }

  #takeLine(line: string): Problem | undefined {
    if (this.#state === 'size') {
      if (!/^[\da-f]{1,8}$/i.test(line)) return 'the length of a chunk is malformed'
      this.#left = Number.parseInt(line, 16)
      this.bytes += this.#left
      this.#state = this.#left === 0 ? 'trailer' : 'data'
    } else if (this.#state === 'end of data') {
      if (line !== '') return 'a chunk is longer than its length'
      this.#state = 'size'
    } else if (line === '') {
      this.isComplete = true
    } else {
      this.#trailerBytes += line.length
      if (this.#trailerBytes > maxTrailerBytes) return 'the trailers are too large'
      if (!/^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/.test(line)) return 'a trailer is malformed'
    }
    return undefined
  }
}
