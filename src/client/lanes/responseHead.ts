import { lanesHeader } from './announcement.ts'

/**
 * The first line and the headers of a response, read strictly: RFC 9112, 4 and 5.
 *
 * On a pipelined connection a response that two readers frame differently gives somebody another call's response. So whatever
 * is unusual about its length is a problem, and ends the connection.
 */
export class ResponseHead {
  readonly status: number
  /** Bytes of its body; undefined when it has none, or comes in chunks. */
  readonly contentLength: number | undefined
  readonly isChunked: boolean
  /** The tokens of `connection`, in lower case; empty without one. */
  readonly connection: string
  /** `x-call-lanes`: which request of the connection it says it is to. */
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

  /** Whether it is the last one on its connection. */
  get endsConnection(): boolean {
    return this.connection !== '' && hasToken(this.connection, 'close')
  }

  /** Whether `connection` names a header, which then is for this connection alone: proxies take it away. */
  names(header: string): boolean {
    return hasToken(this.connection, header)
  }

  /** The headers by their names in lower case; read when somebody asks, for few calls do. */
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

/** What ends a connection: a line for the log. */
export type Problem = string

/** Reads a head, its last line's end included, without the empty line behind it. */
export function parseHead(text: string): ResponseHead | Problem {
  if (!text.startsWith('HTTP/1.1 ')) return 'it does not begin with HTTP/1.1'
  const firstEnd = text.indexOf('\r\n')
  const status = statusOf(text)
  if (status < 100 || !isReason(text, firstEnd)) return 'its first line is malformed'
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
  if (isChunked && contentLength !== undefined) return 'it has both content-length and transfer-encoding'
  return new ResponseHead(status, text.slice(firstEnd + 2), framing)
}

/** The headers that matter, by their lengths: no two have the same. */
const framingNames: readonly (string | undefined)[] = [
  'connection',
  lanesHeader,
  'content-length',
  'transfer-encoding',
].reduce<(string | undefined)[]>((names, name) => ((names[name.length] = name), names), [])

function isName(text: string, at: number, colon: number, name: string): boolean {
  return text.startsWith(name, at) || text.slice(at, colon).toLowerCase() === name
}

/** Without the spaces and tabs around it. */
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

/** The rest of the first line. RFC 9112, 4: the space is there also without a reason; many leave it out, and nobody minds. */
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

/** 2: may be in a header's name; 1: only in its value; 0: nowhere. RFC 9110, 5.1 and 5.5 */
const characters = new Uint8Array(256)
const nameCharacter = 2
for (let code = 0x20; code < 256; code++) if (code !== 0x7f) characters[code] = 1
characters[0x09] = 1
for (let code = 0x21; code < 0x7f; code++) {
  if (/[\w!#$%&'*+.^`|~-]/.test(String.fromCharCode(code))) characters[code] = nameCharacter
}
const zero = 0x30

/** Whether a list of tokens, in lower case, has one. */
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
