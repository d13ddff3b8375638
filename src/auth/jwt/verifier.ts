import { decodeJwt, decodeProtectedHeader, errors, jwtVerify, type CryptoKey, type JWTHeaderParameters } from 'jose'
import { invalid, reasonOf } from '../tokenFailure.ts'
import type { AuthFailure } from '../authenticator.ts'
import type { Identity } from '../identity.ts'
import { typeProblem, userIdentity, userOf, type Claims } from './claims.ts'
import { KeysUnavailable } from './issuerKeys.ts'
import type { JwtOptions } from './options.ts'

/** The keys of an issuer. */
export interface Keys {
  /** @throws {KeysUnavailable} when no keys are known and the issuer does not respond */
  candidates(header: JWTHeaderParameters): Promise<readonly (CryptoKey | Uint8Array)[]>
}

/** An issuer whose tokens are accepted. */
export interface Issuer {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  readonly keys: Keys
  readonly options: JwtOptions
}

/** A verified token. */
export interface VerifiedToken {
  readonly identity: Identity
  /** When it expires, in milliseconds since 1970, with the tolerance. */
  readonly until: number
}

/** The longest token, in bytes: the headers of a request have 16 KiB. */
const maxLength = 8192
/** How far the clocks of issuer and service may differ, in seconds. */
const toleranceSeconds = 30

/** Verifies the signature and the claims of tokens. What the token says about its own verification decides nothing. */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>
  readonly #now: () => number

  /** `now` returns milliseconds since 1970. */
  constructor(issuers: readonly Issuer[], now: () => number = Date.now) {
    this.#issuers = new Map(issuers.map((issuer) => [issuer.issuer, issuer]))
    this.#now = now
  }

  /** Verifies a token. Resolves to its user, or to why it was rejected. */
  async verify(token: string): Promise<VerifiedToken | AuthFailure> {
    const read = readToken(token)
    if (typeof read === 'string') return invalid(read)
    const { header, claims } = read
    const issuer = typeof claims['iss'] === 'string' ? this.#issuers.get(claims['iss']) : undefined
    if (!issuer) return invalid('its issuer is not one of this service')
    if (!issuer.algorithms.includes(header.alg)) return invalid('its algorithm is not one of its issuer')
    const wrongType = typeProblem(header.typ, claims)
    if (wrongType) return invalid(wrongType)
    try {
      return await this.#verifyWith(await issuer.keys.candidates(header), token, issuer)
    } catch (error) {
      if (error instanceof KeysUnavailable) return { failure: 'unavailable', reason: error.message }
      throw error
    }
  }

  async #verifyWith(
    keys: readonly (CryptoKey | Uint8Array)[],
    token: string,
    { issuer, audience, algorithms, options }: Issuer,
  ): Promise<VerifiedToken | AuthFailure> {
    let failure = invalid('its issuer has no such key')
    let verified: Claims | undefined
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          issuer,
          audience: [...audience],
          algorithms: [...algorithms],
          clockTolerance: toleranceSeconds,
          currentDate: new Date(this.#now()),
          requiredClaims: ['exp', 'aud', 'sub'],
        })
        verified = payload
        break
      } catch (error) {
        if (error instanceof errors.JWTExpired) return { failure: 'expired', reason: 'it has expired' }
        failure = invalid(reasonOf(error))
      }
    }
    return verified ? tokenOf(verified, issuer, options) : failure
  }
}

function tokenOf(claims: Claims, issuer: string, options: JwtOptions): VerifiedToken | AuthFailure {
  const user = userOf(claims, options)
  if (typeof user === 'string') return invalid(user)
  const until = ((claims['exp'] as number) + toleranceSeconds) * 1000
  return { identity: userIdentity(user, issuer), until }
}

/** Three parts in base64url, without padding: RFC 7515, 7.1 and appendix C. The last one is empty only without a signature. */
const compact = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Reads a token without verifying it; a text says why that is not possible. */
function readToken(token: string): { readonly header: JWTHeaderParameters; readonly claims: Claims } | string {
  if (token.length > maxLength) return `it has more than ${maxLength} bytes`
  if (!compact.test(token)) return 'it is no signed JWT'
  try {
    const header = decodeProtectedHeader(token)
    if (typeof header.alg !== 'string') return 'its header names no algorithm'
    if (header.kid !== undefined && typeof header.kid !== 'string') return 'the key id in its header is no text'
    return { header: header as JWTHeaderParameters, claims: decodeJwt(token) }
  } catch {
    return 'it is no JWT'
  }
}
