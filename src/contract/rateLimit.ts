/**
 * How often an operation may be called, and who is counted.
 *
 * A key may send `limit` requests at once, and gets them back evenly, one each `windowMs / limit` milliseconds: in the
 * long run `limit` in each window, and in no time of t milliseconds more than `limit × (1 + t / windowMs)`.
 *
 * @example
 * const createUser = { route: 'POST /users', rateLimit: { key: 'ip', limit: 10, windowMs: 60_000 }, body: NewUser }
 */
export interface RateLimit {
  /**
   * Who is counted: `ip` is the caller's address; `{ header: 'x-api-key' }` the value of a header, and the address of who
   * sends none; any other name is the service's function of that name, in its `rateLimits.keys`.
   */
  readonly key: 'ip' | { readonly header: string } | (string & {})
  /** Requests in a window. */
  readonly limit: number
  /** Milliseconds of a window. */
  readonly windowMs: number
}

/** What is wrong with a rate limit, in a few words. */
export function rateLimitProblem({ key, limit, windowMs, ...rest }: RateLimit): string | undefined {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) return `rateLimit.${unknown} is unknown, expected key, limit, windowMs`
  if (typeof key === 'object') {
    if (!isHeaderName(key?.header)) return `rateLimit.key.header is a header's name in lower case, like x-api-key`
  } else if (typeof key !== 'string' || key === '') {
    return `rateLimit.key is 'ip', { header: 'x-api-key' } or the name of a function in the service's rateLimits.keys`
  }
  if (!(windowMs >= 1 && windowMs < 2 ** 31)) return `rateLimit.windowMs is a number of milliseconds, not ${windowMs}`
  if (!(Number.isInteger(limit) && limit >= 1)) return `rateLimit.limit is a whole number from 1 on, not ${limit}`
  if (limit > windowMs * 1000) return `rateLimit.limit is at most 1,000 for each of the ${windowMs} milliseconds`
  return undefined
}

function isHeaderName(name: unknown): boolean {
  return typeof name === 'string' && /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name)
}
