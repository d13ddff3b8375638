import type { Problem } from './responseHead.ts'

/** Most bytes of a trailer section, which is read over. */
const mostTrailerBytes = 8192
const [carriageReturn, lineFeed] = [0x0d, 0x0a]

/**
 * Reads a body that comes in chunks. RFC 9112, 7.1
 *
 * Without chunk extensions: no server that lanes go to sends them, and readers have disagreed about where they end.
 */
export class ChunkedBody {
  /** Bytes of the body so far, those of the chunk that has begun included. */
  bytes = 0
  isComplete = false
  #state: 'size' | 'data' | 'end of data' | 'trailer' = 'size'
  /** Of the chunk that is being read. */
  #left = 0
  /** The beginning of a line. */
  #line = ''
  #trailerBytes = 0

  /** Reads as much as there is of it, puts the data into `chunks` and returns where it ends. */
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
    if (this.#line.length > this.#mostOfLine) return 'the length of a chunk is malformed'
    if (feed < 0) return end
    const line = this.#line
    this.#line = ''
    if (line.charCodeAt(line.length - 2) !== carriageReturn) return 'a line of a chunk does not end with CR LF'
    return this.#takeLine(line.slice(0, -2)) ?? end
  }

  get #mostOfLine(): number {
    if (this.#state === 'trailer') return mostTrailerBytes
    return this.#state === 'size' ? 10 : 2
  }

  #takeLine(line: string): Problem | undefined {
    if (this.#state === 'size') {
      if (!/^[\da-f]{1,8}$/i.test(line)) return 'the length of a chunk is malformed'
      this.#left = Number.parseInt(line, 16)
      this.bytes += this.#left
      this.#state = this.#left === 0 ? 'trailer' : 'data'
    } else if (this.#state === 'end of data') {
      if (line !== '') return 'a chunk is longer than it says'
      this.#state = 'size'
    } else if (line === '') {
      this.isComplete = true
    } else {
      this.#trailerBytes += line.length
      if (this.#trailerBytes > mostTrailerBytes) return 'its trailers are too large'
      if (!/^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/.test(line)) return 'a trailer is malformed'
    }
    return undefined
  }
}
