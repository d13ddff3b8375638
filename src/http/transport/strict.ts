import { BadRequest, RequestHeaderFieldsTooLarge, UriTooLong } from '../../contract/errors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import type { ServerLimits } from '../limits.ts'
import type { AnyRequest } from './messages.ts'

/** Tells what is wrong with a request's first line and headers; undefined when nothing is. */
export type StrictCheck = (request: AnyRequest) => HttpError | undefined

/**
 * Compiles the check of what Node's parser lets through although proxies read it in another way or nobody means it well:
 * RFC 9112, 3.2 (one valid Host), 3.2.1 (only the origin form), 6.1 (no coding but chunked, and that in HTTP/1.1 only).
 *
 * It runs on every request, before routing, so it makes nothing: one pass over the raw headers, told apart by length.
 */
export function compileStrictCheck({ urlLimit, queryLimit, headerCountLimit }: Required<ServerLimits>): StrictCheck {
  let validHost: string | undefined // the last one: requests to one service name few

  return function refuse(request) {
    const target = request.url!
    if (target.length > urlLimit) return wrong.urlLength
    if (target.charCodeAt(0) !== slash || target.includes('#')) return wrong.target
    if (target.includes('%') && !isDecodable(target)) return wrong.encoding
    if (target.length > 2 * queryLimit && target.split('&', queryLimit + 1).length > queryLimit) return wrong.queryCount

    const { rawHeaders } = request
    const { httpVersionMajor: major, httpVersionMinor: minor } = request
    const isHttp2 = major !== 1 && 'stream' in request
    if (!isHttp2 && major !== 1) return wrong.version // llhttp also takes HTTP/0.9 and a first line that says HTTP/2.0
    if (rawHeaders.length > 2 * headerCountLimit) return wrong.headerCount

    let host: string | undefined
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i]!
      switch (name.length) {
        case 'host'.length:
          if (name !== 'Host' && !is(name, 'host')) break
          if (host !== undefined && !(isHttp2 && host === rawHeaders[i + 1])) return wrong.host
          host = rawHeaders[i + 1]!
          break
        case ':authority'.length: // Host, as HTTP/2 says it: pseudo-headers come first
          if (isHttp2 && name === ':authority') host = rawHeaders[i + 1]!
          break
        case '__proto__'.length:
          if (is(name, '__proto__')) return wrong.headerName
          break
        case 'constructor'.length:
          if (is(name, 'constructor')) return wrong.headerName
          break
        case 'transfer-encoding'.length:
          if (is(name, 'transfer-encoding') && (minor === 0 || !is(rawHeaders[i + 1]!, 'chunked'))) return wrong.coding
      }
    }
    if (host === validHost && host !== undefined) return undefined
    if (host === undefined) return minor === 0 && !isHttp2 ? undefined : wrong.host
    if (!hostPattern.test(host)) return wrong.host
    validHost = host
    return undefined
  }
}

const slash = 0x2f
/** RFC 3986's host and port, without what DNS cannot name. */
export const hostPattern: RegExp = /^(?:\[[\da-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?$/i
/** What ASCII calls controls: in a path all of them, in a query (where lines of text are sent) only NUL. */
const controlInPath = /^[^?]*%(?:[01][\da-f]|7f)/i

const wrong = {
  urlLength: new UriTooLong('the URL is over the limit'),
  target: new BadRequest('the target of a request is a path with its query'),
  encoding: new BadRequest('the URL has a malformed or forbidden percent-encoding'),
  queryCount: new BadRequest('the query has too many parameters'),
  version: new BadRequest('the version is not HTTP/1.1'),
  headerCount: new RequestHeaderFieldsTooLarge('there are too many headers'),
  headerName: new BadRequest('a header is named __proto__ or constructor'),
  host: new BadRequest('there has to be one valid Host'),
  coding: new BadRequest('no Transfer-Encoding but chunked is understood'),
}

/** Whether a header has a name, whatever its case; that its first letter is another is mostly all there is to see. */
function is(name: string, lowerCase: string): boolean {
  if ((name.charCodeAt(0) | 0x20) !== (lowerCase.charCodeAt(0) | 0x20)) return false
  return name === lowerCase || name.toLowerCase() === lowerCase
}

function isDecodable(target: string): boolean {
  if (target.includes('%00') || controlInPath.test(target)) return false
  try {
    decodeURIComponent(target)
    return true
  } catch {
    return false
  }
}
