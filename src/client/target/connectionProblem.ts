import type { Ending } from '../call/exchange.ts'

/**
 * Returns why there is no response. It names no address, because the caller of the caller may read it.
 */
export function connectionProblem(ending: Ending | undefined, cause: Error | undefined): string {
  const { code = '', name = '' } = (cause ?? {}) as { code?: string; name?: string }
  const known = reasons.find(([codes]) => codes.test(code || name))
  if (known) return known[1]
  return ending === 'broken' ? 'the connection broke before the response was complete' : 'no connection was possible'
}

/** By codes of Node and undici; a parser's error may have a name alone. */
const reasons: readonly (readonly [codes: RegExp, reason: string])[] = [
  [/^ECONNREFUSED$/, 'nothing listens at its address'],
  [/^(?:ENOTFOUND|EAI_AGAIN)$/, 'the name of its host is not known'],
  [/^(?:EHOSTUNREACH|ENETUNREACH)$/, 'its host cannot be reached'],
  [/^(?:UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/, 'its host did not accept a connection in time'],
  [/^HPE_|^HTTPParserError$/, 'it does not speak HTTP'],
]
