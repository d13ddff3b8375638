import type { FastifyRequest } from 'fastify'
import type { AuthFailure } from './authenticator.ts'

const twice: AuthFailure = { failure: 'malformed', reason: 'the request has two authorization headers' }

/**
 * Returns the token of `authorization: Bearer …`, a failure if the header is there twice, or undefined without one.
 *
 * Tokens in URLs are ignored: logs and proxies keep those (RFC 6750, 5.3).
 */
export function bearerToken({ headers, raw }: FastifyRequest): string | AuthFailure | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  if (isTwice(raw.rawHeaders)) return twice
  if (!authorization.startsWith('Bearer ') && !/^bearer /i.test(authorization)) return undefined
  return authorization.slice('Bearer '.length).trimStart() // nothing follows: Node has trimmed the header
}

/** Node drops all but the first, another proxy may read the last. */
function isTwice(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 'authorization'.length && name.toLowerCase() === 'authorization') count++
  }
  return count > 1
}
