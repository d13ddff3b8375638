import { ChunkedBody } from './chunkedBody.ts'
import { parseHead, type Problem, type ResponseHead } from './responseHead.ts'

/** Receives the responses of a connection, in the order of its requests. */
export interface ResponseReceiver {
  /** The request of the next response; undefined when every request has a response. */
  readonly awaited: { readonly method: string } | undefined
  /** Takes a complete response. `body` is decoded as UTF-8. */
  received(head: ResponseHead, body: string): void
  /** Whether a body of at least this many bytes is accepted. */
  accepts(bytes: number): boolean
}

/** The problem of a response with a larger body than its receiver accepts. */
export const tooLarge = 'a response is too large'
/** The most bytes of a head. Source: the default of Node's parser. */
const maxHeadBytes = 16_384
/** The most interim responses before a response. */
const maxInterim = 8

/**
 * Parses the responses of a pipelined connection, as strictly as RFC 9112 allows.
 *
 * It accepts only responses that state their length. One that ends with its connection looks the same when it is cut.
 */
export class ResponseParser {
  readonly #receiver: ResponseReceiver
  /** The received part of a head. */
  #partial: Buffer | undefined
  /** The head of the response whose body is being received. */
  #head: ResponseHead | undefined
  #chunks: Buffer[] = []
  #bytes = 0
  #chunked: ChunkedBody | undefined
  #interim = 0

  constructor(receiver: ResponseReceiver) {
    this.#receiver = receiver
  }

  /** Parses what has arrived, and returns a violation of the protocol. After one, nothing more may be parsed. */
  read(chunk: Buffer): Problem | undefined {
    const bytes = this.#partial ? Buffer.concat([this.#partial, chunk]) : chunk
    this.#partial = undefined
    for (let at = 0; at < bytes.length;) {
      const next = this.#head ? this.#readBody(bytes, at, this.#head) : this.#readHead(bytes, at)
      if (typeof next === 'string') return next
      at = next
    }
    return undefined
  }

  /** Returns where the next part begins. */
  #readHead(bytes: Buffer, at: number): number | Problem {
    const { awaited } = this.#receiver
    if (!awaited) return 'a response has no request'
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1')
    if ((end < 0 ? bytes.length : end) - at > maxHeadBytes) return 'the head is too large'
    if (end < 0) {
      this.#partial = bytes.subarray(at)
      return bytes.length
    }
    const head = parseHead(bytes.toString('latin1', at, end + 2))
    if (typeof head === 'string') return head
    const { status } = head
    if (status < 200) {
      if (status === 101) return 'a response switches protocols'
      if (head.isChunked || head.contentLength !== undefined) return 'an interim response has a body'
      this.#interim += 1
      return this.#interim > maxInterim ? 'there are too many interim responses' : end + 4
    }
    this.#interim = 0
    return this.#begin(head, awaited.method, end + 4)
  }

  #begin(head: ResponseHead, method: string, at: number): number | Problem {
    const { status, isChunked, contentLength } = head
    if (status === 204 && (isChunked || (contentLength ?? 0) > 0)) return 'a 204 has a body'
    if (method === 'HEAD' || status === 204 || status === 304) return this.#complete(head, '', at)
    if (!isChunked && contentLength === undefined) return 'a response has no length'
    if (contentLength === 0) return this.#complete(head, '', at)
    if (contentLength !== undefined && !this.#receiver.accepts(contentLength)) return tooLarge
    this.#head = head
    this.#bytes = 0
    this.#chunked = isChunked ? new ChunkedBody() : undefined
    return at
  }

  #readBody(bytes: Buffer, at: number, head: ResponseHead): number | Problem {
    if (this.#chunked) return this.#readChunks(bytes, at, head, this.#chunked)
    const length = head.contentLength!
    const end = Math.min(bytes.length, at + length - this.#bytes)
    if (this.#bytes === 0 && end - at === length) return this.#complete(head, bytes.toString('utf8', at, end), end)
    this.#chunks.push(bytes.subarray(at, end))
    this.#bytes += end - at
    return this.#bytes === length ? this.#completeChunks(head, end) : end
  }

  #readChunks(bytes: Buffer, at: number, head: ResponseHead, body: ChunkedBody): number | Problem {
    const next = body.read(bytes, at, this.#chunks)
    if (typeof next === 'string') return next
    this.#bytes = body.bytes
    if (!this.#receiver.accepts(this.#bytes)) return tooLarge
    return body.isComplete ? this.#completeChunks(head, next) : next
  }

  #completeChunks(head: ResponseHead, at: number): number {
    const chunks = this.#chunks
    this.#chunks = []
    return this.#complete(head, Buffer.concat(chunks).toString(), at)
  }

  #complete(head: ResponseHead, body: string, at: number): number {
    this.#head = undefined
    this.#chunked = undefined
    this.#receiver.received(head, body)
    return at
  }
}
