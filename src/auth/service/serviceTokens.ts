import type { FastifyRequest } from 'fastify'
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose'
import { ConfigError } from '../../config/configError.ts'
import { optionsProblem, type Rule } from '../../config/rule.ts'
import { serviceTokenHeader } from '../../contract/auth.ts'
import type { AuthFailure, Authenticator, AuthHost, AuthOutcome, OpenAuthenticator } from '../authenticator.ts'
import type { Identity } from '../identity.ts'
import { TokenCache } from '../jwt/tokenCache.ts'
import { serviceIdentity } from '../serviceIdentity.ts'
import type { ServiceKey } from './keys.ts'
import { PublicKeys } from './publicKeys.ts'
import { invalid, reasonOf } from '../tokenFailure.ts'
import { lifetimeSeconds, serviceTokenType } from './token.ts'

/** Options of `serviceTokens`. */
export interface ServiceTokenOptions {
  /**
   * The folder with the public keys of the services that may call: a file `<service>.pem` for each. It is read again on
   * change. Default: the setting `SERVICE_KEYS_DIR`.
   */
  readonly keys?: string | URL
}

/**
 * Identifies services by tokens that they sign with keys of their own, where no mesh gives them certificates.
 *
 * A token is for one service and valid for a minute. Services with a `SERVICE_KEY_FILE` send one with each call of an
 * operation that asks for a service.
 *
 * @throws {TypeError} when an option is unknown or invalid
 *
 * @example
 * service(userService, { auth: { service: serviceTokens({ keys: '/run/service-keys' }) }, handlers })
 */
export function serviceTokens(options: ServiceTokenOptions = {}): Authenticator {
  const problem = optionsProblem(options, { keys: folder })
  if (problem) throw new TypeError(`serviceTokens: ${problem}`)
  return {
    scheme: 'service',
    needsSettings: options.keys === undefined ? ['SERVICE_KEYS_DIR'] : [],
    serviceKeys: { folder: options.keys },
    open: (host) => ServiceTokenAuthenticator.open(host, options.keys ?? host.serviceKeys),
  }
}

const folder: Rule = {
  expected: 'the path of a folder, or its file URL',
  accepts: (value) =>
    (typeof value === 'string' && value !== '') || (value instanceof URL && value.protocol === 'file:'),
}

/** How far the clocks of two services may differ, in seconds. */
const toleranceSeconds = 30
/** A token has 300 to 600 bytes, by the lengths of the two names. */
const maxLength = 2048

/** An open `serviceTokens()`. */
class ServiceTokenAuthenticator implements OpenAuthenticator {
  readonly #service: string
  readonly #cache = new TokenCache<Identity>()
  #keys!: PublicKeys

  private constructor(service: string) {
    this.#service = service
  }

  /** @throws {ConfigError} when there are no keys */
  static async open({ service, log }: AuthHost, keys: string | URL | undefined): Promise<OpenAuthenticator> {
    if (keys === undefined) {
      throw new ConfigError(
        `auth.service of ${service} needs the public keys of its callers: set SERVICE_KEYS_DIR, or serviceTokens({ keys: '/run/service-keys' })`,
      )
    }
    const opened = new ServiceTokenAuthenticator(service)
    opened.#keys = await PublicKeys.open(keys, { log, onChange: () => opened.#cache.clear() })
    return opened
  }

  authenticate({ headers, raw }: FastifyRequest): AuthOutcome | Promise<AuthOutcome> {
    const token = headers[serviceTokenHeader]
    if (token === undefined) return undefined
    // Node joins two headers of this name with a comma, which no token has.
    if (typeof token !== 'string' || token.length > maxLength) return invalid('it is no token of a service')
    return this.#cache.get(token, raw.socket) ?? this.#verify(token)
  }

  close(): void {
    this.#keys.close()
  }

  async #verify(token: string): Promise<Identity | AuthFailure> {
    const { generation } = this.#cache
    const named = namesIn(token)
    if (!named) return invalid('it is no token of a service')
    const key = await this.#keys.find(named.issuer, named.kid)
    if (!key) return invalid('its service has no such key')
    const claims = await this.#claimsOf(token, named.issuer, key)
    if ('failure' in claims) return claims as AuthFailure
    const { iss, exp } = claims as { iss: string; exp: number }
    const identity = serviceIdentity({ name: iss, id: iss })
    if (generation === this.#cache.generation) this.#cache.set(token, identity, (exp + toleranceSeconds) * 1000)
    return identity
  }

  /** Returns the claims of a token that was signed by a service, for this one, a minute ago at most. */
  async #claimsOf(token: string, issuer: string, { key, algorithm }: ServiceKey): Promise<JWTPayload | AuthFailure> {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        typ: serviceTokenType,
        issuer,
        subject: issuer,
        audience: this.#service,
        maxTokenAge: lifetimeSeconds,
        clockTolerance: toleranceSeconds,
        requiredClaims: ['exp', 'iat'],
      })
      const { aud, exp, iat } = payload as { aud: unknown; exp: number; iat: number }
      if (aud !== this.#service) return invalid('its claim aud names other services, too')
      return exp - iat > lifetimeSeconds ? invalid(`it is valid for more than ${lifetimeSeconds} s`) : payload
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { failure: 'expired', reason: 'it has expired' }
      return invalid(reasonOf(error))
    }
  }
}

/** Reads which key a token names; undefined if it is no token that names one. */
function namesIn(token: string): { readonly issuer: string; readonly kid: string } | undefined {
  try {
    const { kid } = decodeProtectedHeader(token)
    const { iss } = decodeJwt(token)
    return typeof kid === 'string' && typeof iss === 'string' ? { issuer: iss, kid } : undefined
  } catch {
    return undefined
  }
}
