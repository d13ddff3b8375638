import { createHash, randomBytes } from 'node:crypto'
import type { DevUser } from './tokens.ts'

/** An authorization request that is valid. RFC 6749, 4.1.1, and RFC 7636, 4.3 */
export interface AuthorizationRequest {
  readonly client_id: string
  readonly redirect_uri: string
  readonly scope: string
  readonly state: string | undefined
  readonly nonce: string | undefined
  readonly code_challenge: string
}

/** Returns the authorization request of some parameters; a text says what is wrong with them. */
export function readAuthorization(parameters: URLSearchParams): AuthorizationRequest | string {
  const get = (name: string): string | undefined => parameters.get(name) ?? undefined
  const repeated = [...parameters.keys()].find((name) => parameters.getAll(name).length > 1)
  if (repeated !== undefined) return `${repeated} is there twice`
  if (get('response_type') !== 'code') return 'response_type must be code'
  const { client_id, redirect_uri, code_challenge } = Object.fromEntries(parameters)
  if (!client_id) return 'client_id is missing'
  if (!redirect_uri || !isLoopback(redirect_uri)) return 'redirect_uri must be a URL of this machine'
  if (get('code_challenge_method') !== 'S256' || !/^[\w-]{43}$/.test(code_challenge ?? '')) {
    return 'PKCE is required: code_challenge with code_challenge_method=S256'
  }
  return {
    client_id,
    redirect_uri,
    scope: get('scope') ?? '',
    state: get('state'),
    nonce: get('nonce'),
    code_challenge: code_challenge!,
  }
}

/** Whether a URL is one of this machine. A code must reach nobody else. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname, hash } = new URL(url)
  return /^https?:$/.test(protocol) && hash === '' && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)
}

/** A login that waits for its client to fetch the tokens. */
export interface Login {
  readonly request: AuthorizationRequest
  readonly user: DevUser
}

/** How long a code is valid, in milliseconds. RFC 6749, 4.1.2 */
const codeMs = 60_000

/** The codes of logins. Each is used once. */
export class Codes {
  readonly #logins = new Map<string, Login & { readonly until: number }>()

  /** Returns a new code of a login. */
  issue(login: Login): string {
    const now = Date.now()
    for (const [code, { until }] of this.#logins) if (until <= now) this.#logins.delete(code)
    const code = randomBytes(32).toString('base64url')
    this.#logins.set(code, { ...login, until: now + codeMs })
    return code
  }

  /** Returns the login of a code, if the same client asks that has begun it; undefined otherwise. */
  redeem(parameters: URLSearchParams): Login | undefined {
    const code = parameters.get('code') ?? ''
    const login = this.#logins.get(code)
    this.#logins.delete(code)
    if (!login || login.until <= Date.now()) return undefined
    const { client_id, redirect_uri, code_challenge } = login.request
    const verifier = parameters.get('code_verifier') ?? ''
    const isSame = parameters.get('redirect_uri') === redirect_uri && parameters.get('client_id') === client_id
    return isSame && challengeOf(verifier) === code_challenge ? login : undefined
  }
}

/** RFC 7636, 4.2 */
function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url')
}
