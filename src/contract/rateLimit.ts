import { describeValue } from '../schema/describeValue.ts'
import { expectedNames } from '../schema/validator/nearestName.ts'
import { longestTimerMs } from '../time/longestTimer.ts'

/**
 * How often an operation may be called, and what is counted.
 *
 * A key may send `limit` requests at once. It regains one request each `windowMs / limit` milliseconds. So any span of
 * t milliseconds has at most `limit × (1 + t / windowMs)` requests.
 *
 * @example
 * const createUser = { route: 'POST /users', rateLimit: { key: 'ip', limit: 10, windowMs: 60_000 }, body: NewUser }
 */
export interface RateLimit {
  /**
   * What is counted. `ip`: the caller's address. `caller`: the caller that `auth` has identified, or the address of one
   * that is not. `{ header: 'x-api-key' }`: the value of a header, or the address of a caller without it. If the operation
   * has an `auth`, each caller has its own values, so that nobody uses up those of others. Any other name: the function of
   * that name in the service's `rateLimits.keys`.
   */
  readonly key: 'ip' | 'caller' | { readonly header: string } | (string & {})
  /** Requests per window. */
  readonly limit: number
  /** Length of a window, in milliseconds. */
  readonly windowMs: number
}

/** Whether a rate limit counts addresses, which are known before the caller is identified. */
export function isByAddress(rateLimit: RateLimit | undefined): boolean {
  return rateLimit?.key === 'ip'
}

/** Returns what is wrong with a rate limit. */
export function rateLimitProblem({ key, limit, windowMs, ...rest }: RateLimit): string | undefined {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) {
    const names = ['key', 'limit', 'windowMs']
    return `rateLimit: unknown field "${unknown}"${expectedNames(unknown, names)}`
  }
  if (typeof key === 'object') {
    if (!isHeaderName(key?.header)) return `rateLimit.key.header must be a header name in lower case, like x-api-key`
  } else if (typeof key !== 'string' || key === '') {
    return `rateLimit.key must be 'ip', 'caller', { header: 'x-api-key' } or the name of a function in the service's rateLimits.keys`
  }
  if (!(typeof windowMs === 'number' && windowMs >= 1 && windowMs <= longestTimerMs)) {
    return `rateLimit.windowMs must be at least 1 millisecond and below 2^31, got ${describeValue(windowMs)}`
  }
  if (!(Number.isInteger(limit) && limit >= 1))
    return `rateLimit.limit must be a positive integer, got ${describeValue(limit)}`
  if (limit > windowMs * 1000) {
    return `rateLimit.limit must be at most ${windowMs * 1000}, 1,000 per millisecond of windowMs, got ${limit}`
  }
  return undefined
}

function isHeaderName(name: unknown): boolean {
  return typeof name === 'string' && /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)
}
