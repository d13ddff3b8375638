import type { OutgoingRequest } from '../call/call.ts'

/** The most bytes of a request body on a lane. A larger one would hold up the requests behind it. */
const maxBodyBytes = 64 * 1024

/** A request as text with one character for each byte. */
export interface RequestText {
  readonly method: string
  readonly requestLine: string
  /** The headers and the body. */
  readonly rest: string
}

/**
 * Returns the text of a request; undefined when it cannot use a lane.
 *
 * Its headers are checked already. A path that undici would reject goes to undici.
 */
export function requestText(
  { method, path, headers, body, reads }: OutgoingRequest,
  host: string,
): RequestText | undefined {
  if (reads !== 'text') return undefined // a file is long, and no text
  if (body !== undefined && (typeof body !== 'string' || body.length > maxBodyBytes)) return undefined
  if (!/^[\x21-\x7e]+$/.test(path)) return undefined
  const requestLine = `${method} ${path} HTTP/1.1\r\n`
  let rest = `host: ${host}\r\n`
  for (const name in headers) rest += `${name}: ${headers[name]}\r\n`
  if (body === undefined) {
    return { method, requestLine, rest: isWithoutBody(method) ? `${rest}\r\n` : `${rest}content-length: 0\r\n\r\n` }
  }
  const bytes = Buffer.byteLength(body)
  if (bytes > maxBodyBytes) return undefined
  const sent = bytes === body.length ? body : Buffer.from(body).toString('latin1')
  return { method, requestLine, rest: `${rest}content-length: ${bytes}\r\n\r\n${sent}` }
}

/** Whether a method needs no `content-length` when there is no body (RFC 9110, 8.6). */
function isWithoutBody(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE'
}
