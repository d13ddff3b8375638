import { lanesHeader } from './announcement.ts'

/**
 * The status line and the headers of a response, parsed strictly (RFC 9112, 4 and 5).
 *
 * On a pipelined connection, a response whose length is ambiguous could give a call the response of another. So anything
 * unusual about the length is a problem, and closes the connection.
 */
export class ResponseHead {
  readonly status: number
  /** The bytes of the body; undefined when there is no body, or a chunked one. */
  readonly contentLength: number | undefined
  readonly isChunked: boolean
  /** The header `connection` in lower case; empty without one. */
  readonly connection: string
  /** The header `x-call-lanes`: the number of the request. */
  readonly lane: string | undefined
  readonly #lines: string
  #headers: Record<string, string | string[]> | undefined

  constructor(status: number, lines: string, framing: Framing) {
    this.status = status
    this.contentLength = framing.contentLength
    this.isChunked = framing.isChunked
    this.connection = framing.connection
    this.lane = framing.lane
    this.#lines = lines
  }

  /** Whether it is the last response of its connection. */
  get endsConnection(): boolean {
    return this.connection !== '' && hasToken(this.connection, 'close')
  }

  /** Whether `connection` names a header, which is then for this connection alone: proxies remove it. */
  names(header: string): boolean {
    return hasToken(this.connection, header)
  }

  /** The headers by name, in lower case. They are parsed on demand, because few calls use them. */
  get headers(): Readonly<Record<string, string | string[]>> {
    return (this.#headers ??= headersOf(this.#lines))
  }
}

interface Framing {
  contentLength: number | undefined
  isChunked: boolean
  connection: string
  lane: string | undefined
}

/** A violation of the protocol, as a line for the log. It closes the connection. */
export type Problem = string

/** Parses a head that ends with the CRLF of its last line, without the empty line. */
export function parseHead(text: string): ResponseHead | Problem {
  if (!text.startsWith('HTTP/1.1 ')) return 'a response does not begin with HTTP/1.1'
  const firstEnd = text.indexOf('\r\n')
  const status = statusOf(text)
  if (status < 100 || !isReason(text, firstEnd)) return 'the status line is malformed'
  const framing: Framing = { contentLength: undefined, isChunked: false, connection: '', lane: undefined }
  for (let at = firstEnd + 2; at < text.length;) {
    const colon = text.indexOf(':', at)
    const end = text.indexOf('\r\n', at)
    if (colon <= at || colon > end || !isFieldLine(text, at, colon, end)) return 'a header is malformed'
    const matters = framingNames[colon - at]
    if (matters !== undefined && isName(text, at, colon, matters)) {
      const problem = readFraming(matters, trimmed(text, colon + 1, end), framing)
      if (problem !== undefined) return problem
    }
    at = end + 2
  }
  const { contentLength, isChunked } = framing
  if (isChunked && contentLength !== undefined) return 'a response has both content-length and transfer-encoding'
  return new ResponseHead(status, text.slice(firstEnd + 2), framing)
}

/** The headers that matter, by the length of their names, which all differ. */
const framingNames: readonly (string | undefined)[] = [
  'connection',
  lanesHeader,
  'content-length',
  'transfer-encoding',
].reduce<(string | undefined)[]>((names, name) => ((names[name.length] = name), names), [])

function isName(text: string, at: number, colon: number, name: string): boolean {
  return text.startsWith(name, at) || text.slice(at, colon).toLowerCase() === name
}

/** Returns a part of the text without the spaces and tabs around it. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to]
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function readFraming(name: string, text: string, framing: Framing): Problem | undefined {
  if (name === 'connection') {
    framing.connection += `${framing.connection === '' ? '' : ','}${text.toLowerCase()}`
  } else if (name === lanesHeader) {
    if (framing.lane !== undefined) return `${lanesHeader} is repeated`
    framing.lane = text
  } else if (name === 'content-length') {
    if (framing.contentLength !== undefined) return 'content-length is repeated'
    if (!/^\d{1,15}$/.test(text)) return 'content-length is malformed'
    framing.contentLength = Number(text)
  } else if (name === 'transfer-encoding') {
    if (framing.isChunked) return 'transfer-encoding is repeated'
    if (text.toLowerCase() !== 'chunked') return 'transfer-encoding is not chunked'
    framing.isChunked = true
  }
  return undefined
}

function statusOf(text: string): number {
  const hundreds = text.charCodeAt(9) - zero
  const tens = text.charCodeAt(10) - zero
  const ones = text.charCodeAt(11) - zero
  const areDigits = hundreds >= 1 && hundreds <= 5 && tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9
  return areDigits ? hundreds * 100 + tens * 10 + ones : 0
}

/** Whether the rest of the status line is valid. RFC 9112, 4 requires a space before an empty reason, but servers omit it. */
function isReason(text: string, end: number): boolean {
  if (end === 12) return true
  return text.charCodeAt(12) === 0x20 && areValueCharacters(text, 13, end)
}

function isFieldLine(text: string, at: number, colon: number, end: number): boolean {
  for (let i = at; i < colon; i++) if (characters[text.charCodeAt(i)]! < nameCharacter) return false
  return areValueCharacters(text, colon + 1, end)
}

function areValueCharacters(text: string, at: number, end: number): boolean {
  for (let i = at; i < end; i++) if (characters[text.charCodeAt(i)] === 0) return false
  return true
}

/** By code: 2 is allowed in the name of a header, 1 only in its value, 0 nowhere (RFC 9110, 5.1 and 5.5). */
const characters = new Uint8Array(256)
const nameCharacter = 2
for (let code = 0x20; code < 256; code++) if (code !== 0x7f) characters[code] = 1
characters[0x09] = 1
for (let code = 0x21; code < 0x7f; code++) {
  if (/[\w!#$%&'*+.^`|~-]/.test(String.fromCharCode(code))) characters[code] = nameCharacter
}
const zero = 0x30

/** Whether a list of tokens, in lower case, has a token. */
function hasToken(list: string, token: string): boolean {
  if (list === token) return true
  return list.includes(token) && list.split(',').some((one) => trimmed(one, 0, one.length) === token)
}

function headersOf(lines: string): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (let at = 0; at < lines.length;) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r\n', colon)
    const name = lines.slice(at, colon).toLowerCase()
    const value = trimmed(lines, colon + 1, end)
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined
    if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true })
    else headers[name] = before === undefined ? value : [before, value].flat()
    at = end + 2
  }
  return headers
}
