import type { FastifyRequest } from 'fastify'
import { ConfigError } from '../../config/configError.ts'
import { systemClock } from '../../time/clock.ts'
import type {
  AuthFailure,
  Authenticator,
  AuthHost,
  AuthOutcome,
  LoginIssuer,
  OpenAuthenticator,
} from '../authenticator.ts'
import { bearerToken } from '../bearer.ts'
import type { Identity } from '../identity.ts'
import { IssuerKeys } from './issuerKeys.ts'
import { KeyList } from './keyList.ts'
import { checkJwtOptions, insecureProblem, usualAlgorithms, type JwtOptions } from './options.ts'
import { TokenCache } from './tokenCache.ts'
import { TokenVerifier, type Issuer, type Keys, type VerifiedToken } from './verifier.ts'

/**
 * Identifies users by the tokens of an issuer such as Keycloak, Auth0 or Entra ID: `authorization: Bearer …`.
 *
 * Its keys are found by OpenID Connect Discovery, fetched in the background, and kept for a day while the issuer is down. A
 * token must have a signature, its issuer's `iss`, an `aud` of yours, an `exp` and a `sub`. With several arguments, it
 * accepts several issuers.
 *
 * @throws {TypeError} when an option is unknown or invalid
 *
 * @example
 * service(userService, {
 *   auth: { user: jwt({ issuer: 'https://id.example.com/realms/shop', audience: 'user-service' }) },
 *   handlers,
 * })
 */
export function jwt(...issuers: readonly JwtOptions[]): Authenticator {
  checkJwtOptions(issuers)
  const all = issuers.length === 0 ? [{}] : issuers
  return {
    scheme: 'user',
    needsSettings: all.some(({ issuer }) => issuer === undefined) ? ['AUTH_ISSUER'] : [],
    open: (host) => new JwtAuthenticator(host, all),
  }
}

/** An open `jwt()`. */
class JwtAuthenticator implements OpenAuthenticator {
  readonly #cache = new TokenCache<Identity>()
  readonly #remote: IssuerKeys[] = []
  readonly #verifier: TokenVerifier
  /** The first issuer. */
  readonly login: LoginIssuer

  constructor(host: AuthHost, all: readonly JwtOptions[]) {
    const issuers = all.map((options) => this.#issuer(host, options))
    this.#verifier = new TokenVerifier(issuers)
    const { issuer, audience } = issuers[0]!
    this.login = { issuer, audience: audience[0]! }
    if (host.fetches === 'early') for (const keys of this.#remote) keys.start()
  }

  authenticate(request: FastifyRequest): AuthOutcome | Promise<AuthOutcome> {
    const token = bearerToken(request)
    if (typeof token !== 'string') return token
    return this.#cache.get(token, request.raw.socket) ?? this.#verify(token)
  }

  problem(): string | undefined {
    return this.#remote.map(({ problem }) => problem).find(Boolean)
  }

  close(): void {
    for (const keys of this.#remote) keys.close()
  }

  async #verify(token: string): Promise<Identity | AuthFailure> {
    const { generation } = this.#cache
    const verified: VerifiedToken | AuthFailure = await this.#verifier.verify(token)
    if ('failure' in verified) return verified
    if (generation === this.#cache.generation) this.#cache.set(token, verified.identity, verified.until)
    return verified.identity
  }

  /** @throws {ConfigError} when no issuer is known */
  #issuer(host: AuthHost, options: JwtOptions): Issuer {
    const {
      issuer = host.issuer,
      audience = host.audience ?? host.service,
      secret,
      algorithms = usualAlgorithms,
    } = options
    if (issuer === undefined) {
      throw new ConfigError(
        `auth.${host.scheme} of ${host.service} needs an issuer: set AUTH_ISSUER, or jwt({ issuer: 'https://…' })`,
      )
    }
    return {
      issuer,
      audience: typeof audience === 'string' ? [audience] : audience,
      algorithms: secret === undefined ? algorithms : ['HS256'],
      keys: this.#keys(host, issuer, options),
      options,
    }
  }

  #keys({ log }: AuthHost, issuer: string, { keys, secret, jwksUrl, insecure }: JwtOptions): Keys {
    if (keys) return new KeyList(keys)
    if (secret !== undefined) {
      const key = new TextEncoder().encode(secret)
      return { candidates: () => Promise.resolve([key]) }
    }
    const problem = insecureProblem(jwksUrl ?? issuer, { insecure })
    if (problem) throw new ConfigError(`AUTH_ISSUER: ${problem}`)
    const remote = new IssuerKeys(
      { issuer, jwksUrl, insecure },
      { clock: systemClock, log, onChange: () => this.#cache.clear() },
    )
    this.#remote.push(remote)
    return remote
  }
}
