import { BadRequest, RequestHeaderFieldsTooLarge, UriTooLong } from '../../contract/errors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import type { ServerLimits } from '../limits.ts'
import type { AnyRequest } from './messages.ts'

/** Returns the fault of a request's first line and headers, if there is one. */
export type StrictCheck = (request: AnyRequest) => HttpError | undefined

/**
 * Compiles the check of what Node's parser accepts although proxies read it differently, or only attackers send it. RFC 9112:
 * 3.2 (one valid Host), 3.2.1 (only the origin form), 6.1 (no coding but chunked, and only in HTTP/1.1).
 *
 * It runs on every request before routing, so it allocates nothing: one pass over the raw headers, which it distinguishes by length.
 */
export function compileStrictCheck({ urlLimit, queryLimit, headerCountLimit }: Required<ServerLimits>): StrictCheck {
  let validHost: string | undefined // the last valid one: a service has few names

  return function check(request) {
    const target = request.url!
    if (target.length > urlLimit) return wrong.urlLength
    if (target.charCodeAt(0) !== slash || target.includes('#')) return wrong.target
    if (target.includes('%') && !isDecodable(target)) return wrong.encoding
    if (target.length > 2 * queryLimit && target.split('&', queryLimit + 1).length > queryLimit) return wrong.queryCount

    const { rawHeaders } = request
    const { httpVersionMajor: major, httpVersionMinor: minor } = request
    const isHttp2 = major !== 1 && 'stream' in request
    if (!isHttp2 && major !== 1) return wrong.version // llhttp also accepts HTTP/0.9, and HTTP/2.0 in a first line
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
        case ':authority'.length: // the Host of HTTP/2: pseudo-headers come first
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
/** RFC 3986's host and port, limited to names that DNS can have. */
export const hostPattern: RegExp = /^(?:\[[\da-f:.]{2,45}\]|[\w.-]{1,253})(?::\d{1,5})?$/i
/** ASCII control characters, which a path must not have. A query may have all but NUL, since it may carry lines of text. */
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

/** Whether a header has a name, in any case. Most other names already differ in the first letter. */
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
