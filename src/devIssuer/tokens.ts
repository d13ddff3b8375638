import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'

/** The user of a token, and what the token allows. */
export interface DevUser {
  /** The claim `sub`. */
  readonly user: string
  readonly scopes?: readonly string[]
  readonly tenant?: string | undefined
  /** More claims. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** How long a token is valid, in seconds: a working day, so that nobody logs in twice. */
export const lifetimeSeconds: number = 12 * 3600

/** Signs the tokens of an issuer. */
export class TokenSigner {
  readonly #issuer: string
  readonly #audience: () => readonly string[]
  readonly #privateKey: CryptoKey
  readonly publicKey: JWK

  private constructor(issuer: string, audience: () => readonly string[], privateKey: CryptoKey, publicKey: JWK) {
    this.#issuer = issuer
    this.#audience = audience
    this.#privateKey = privateKey
    this.publicKey = publicKey
  }

  /** Makes a signer with a new key. `audience` returns the services that accept the tokens. */
  static async create(issuer: string, audience: () => readonly string[]): Promise<TokenSigner> {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: 'ES256', use: 'sig' }
    return new TokenSigner(issuer, audience, privateKey, jwk)
  }

  /** Signs an access token. RFC 9068 */
  accessToken({ user, scopes = [], tenant, claims = {} }: DevUser, client = 'tricube'): Promise<string> {
    const payload = { ...claims, scope: scopes.join(' '), client_id: client, ...(tenant !== undefined && { tenant }) }
    return this.#sign({ ...payload, sub: user, aud: [...this.#audience()] }, 'at+jwt')
  }

  /** Signs an ID token, for the client that has logged a user in. */
  idToken({ user, claims = {} }: DevUser, client: string, nonce: string | undefined): Promise<string> {
    return this.#sign({ ...claims, sub: user, aud: client, ...(nonce !== undefined && { nonce }) }, 'JWT')
  }

  #sign(claims: Readonly<Record<string, unknown>>, typ: string): Promise<string> {
    return new SignJWT({ ...claims, iss: this.#issuer, jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: this.publicKey.kid!, typ })
      .setIssuedAt()
      .setExpirationTime(`${lifetimeSeconds}s`)
      .sign(this.#privateKey)
  }
}
