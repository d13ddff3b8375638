import { unknownOption } from './unknownOption.ts'

/** Attributes of a cookie. */
export interface CookieOptions {
  /** Its name on the wire. Default: its name in the contract. */
  readonly name?: string
  /** Whether the service signs the value, so that callers cannot change it. They can still read it. Default: false. */
  readonly signed?: boolean
  /** Seconds until the browser deletes it. Default: when the browser session ends. */
  readonly maxAgeSeconds?: number
  /** The paths that get it. Default `/`. */
  readonly path?: string
  /** The domain that gets it, with its subdomains. Default: only the host that sets it. */
  readonly domain?: string
  /** Whether requests from other sites have it. Default `lax`: only when the user follows a link. */
  readonly sameSite?: 'strict' | 'lax' | 'none'
  /** Whether it is sent over HTTPS alone. Browsers treat localhost like HTTPS. Default: true. */
  readonly secure?: boolean
  /** Whether scripts of a page cannot read it. Default: true. */
  readonly httpOnly?: boolean
}

/** A cookie of a contract, as {@link cookie} returns it. */
export interface Cookie extends Required<Omit<CookieOptions, 'name' | 'maxAgeSeconds' | 'domain'>> {
  readonly name: string | undefined
  readonly maxAgeSeconds: number | undefined
  readonly domain: string | undefined
}

/** Cookies by their names in a contract. */
export type Cookies = Readonly<Record<string, Cookie>>

/**
 * Declares a cookie, for `cookies` and `setCookies` of operations. Without options it is for the host alone, over HTTPS,
 * and hidden from scripts.
 *
 * @throws {TypeError} when an attribute is invalid, or browsers would ignore the combination
 *
 * @example
 * const session = cookie({ signed: true, maxAgeSeconds: 7 * 24 * 3600 })
 * export const authService = contract('auth-service', {
 *   logIn: { route: 'POST /login', body: t.Object({ name: t.String() }), setCookies: { session } },
 *   whoAmI: { route: 'GET /me', returns: User, cookies: { session } },
 * })
 */
export function cookie(options: CookieOptions = {}): Cookie {
  const { name, signed = false, maxAgeSeconds, path = '/', domain } = options
  const { sameSite = 'lax', secure = true, httpOnly = true } = options
  const made: Cookie = { name, signed, maxAgeSeconds, path, domain, sameSite, secure, httpOnly }
  const problem = unknownOption(options, optionNames) ?? attributeProblem(made)
  if (problem) throw new TypeError(`cookie: ${problem}`)
  return Object.freeze(made)
}

/** RFC 9110, 5.6.2 */
const token = /^[\w!#$%&'*+.^`|~-]+$/

function attributeProblem({ name, maxAgeSeconds, path, domain, sameSite, secure }: Cookie): string | undefined {
  if (name !== undefined && !token.test(name)) return `name must have only letters, digits and -_., got "${name}"`
  if (maxAgeSeconds !== undefined && !(Number.isSafeInteger(maxAgeSeconds) && maxAgeSeconds > 0)) {
    return `maxAgeSeconds must be a positive integer, got ${String(maxAgeSeconds)}`
  }
  if (!/^\/[\x20-\x3a\x3c-\x7e]*$/.test(path)) return `path must begin with "/" and have no ";", got "${path}"`
  if (domain !== undefined && !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(domain)) {
    return `domain must be a name like example.com, got "${domain}"`
  }
  if (!['strict', 'lax', 'none'].includes(sameSite)) return `sameSite must be strict, lax or none, got "${sameSite}"`
  if (sameSite === 'none' && !secure) return `sameSite: 'none' needs secure: true, browsers ignore it otherwise`
  if (name?.startsWith('__Host-') && !(secure && path === '/' && domain === undefined)) {
    return `a name with __Host- needs secure: true, path: '/' and no domain, browsers ignore it otherwise`
  }
  if (name?.startsWith('__Secure-') && !secure) return 'a name with __Secure- needs secure: true'
  return undefined
}

const optionNames: readonly (keyof CookieOptions)[] = [
  'name',
  'signed',
  'maxAgeSeconds',
  'path',
  'domain',
  'sameSite',
  'secure',
  'httpOnly',
]

/** Returns what is wrong with the cookies of an operation. */
export function cookiesProblem(part: 'cookies' | 'setCookies', cookies: Cookies | undefined): string | undefined {
  for (const [name, one] of Object.entries(cookies ?? {})) {
    if (typeof one !== 'object' || (one as unknown) === null || typeof one.httpOnly !== 'boolean') {
      return `${part}.${name} must be a cookie, like cookie({ signed: true })`
    }
    if (one.name === undefined && !token.test(name))
      return `${part}.${name}: give the cookie a name: cookie({ name: … })`
  }
  return undefined
}

/** The name of a cookie on the wire. */
export function wireName(name: string, one: Cookie): string {
  return one.name ?? name
}
