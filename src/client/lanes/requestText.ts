import type { Outgoing } from '../call/call.ts'

/** Largest body of a call on a lane, in bytes: a larger one would hold up what is behind it. */
const mostBodyBytes = 64 * 1024

/** A request as its bytes, each of them a character. */
export interface RequestText {
  readonly method: string
  /** Its first line. */
  readonly first: string
  /** Its headers and its body. */
  readonly rest: string
}

/**
 * Writes a call; undefined when it has to take another way.
 *
 * Headers have been checked when they were added; a path that undici would reject is left to it.
 */
export function requestText({ method, path, headers, body }: Outgoing, host: string): RequestText | undefined {
  if (body !== undefined && body.length > mostBodyBytes) return undefined
  if (!/^[\x21-\x7e]+$/.test(path)) return undefined
  const first = `${method} ${path} HTTP/1.1\r\n`
  let rest = `host: ${host}\r\n`
  for (const name in headers) rest += `${name}: ${headers[name]}\r\n`
  if (body === undefined) {
    return { method, first, rest: isWithoutBody(method) ? `${rest}\r\n` : `${rest}content-length: 0\r\n\r\n` }
  }
  const bytes = Buffer.byteLength(body)
  if (bytes > mostBodyBytes) return undefined
  const sent = bytes === body.length ? body : Buffer.from(body).toString('latin1')
  return { method, first, rest: `${rest}content-length: ${bytes}\r\n\r\n${sent}` }
}

/** RFC 9110, 8.6: of these nobody expects a length when there is nothing. */
function isWithoutBody(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'DELETE'
}
