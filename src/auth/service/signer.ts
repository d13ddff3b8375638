import { sign } from 'node:crypto'
import { privateKeyIn, type ServiceKey } from './keys.ts'
import { lifetimeSeconds, serviceTokenType } from './token.ts'

interface Signed {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly renewAt: number
}

/** Signs the tokens by which a service identifies itself to others: one for each of them, which is used for half a minute. */
export class ServiceSigner {
  readonly #service: string
  readonly #now: () => number
  readonly #tokens = new Map<string, Signed>()
  #key: ServiceKey

  /**
   * Takes the private key in PEM. `now` returns milliseconds since 1970.
   *
   * @throws {TypeError} when the key cannot be used
   */
  constructor(service: string, pem: string, now: () => number = Date.now) {
    this.#service = service
    this.#now = now
    this.#key = privateKeyIn(pem)
  }

  /**
   * Signs with another key from now on.
   *
   * @throws {TypeError} when the key cannot be used; the old one stays
   */
  use(pem: string): void {
    this.#key = privateKeyIn(pem)
    this.#tokens.clear()
  }

  /** Returns the token for a service. No other service accepts it. */
  tokenFor(callee: string): string {
    const known = this.#tokens.get(callee)
    const now = this.#now()
    if (known && now < known.renewAt) return known.token
    const token = this.#sign(callee, Math.floor(now / 1000))
    this.#tokens.set(callee, { token, renewAt: now + (lifetimeSeconds / 2) * 1000 })
    return token
  }

  #sign(callee: string, iat: number): string {
    const { key, algorithm, id } = this.#key
    const header = { alg: algorithm, kid: id, typ: serviceTokenType }
    const claims = { iss: this.#service, sub: this.#service, aud: callee, iat, exp: iat + lifetimeSeconds }
    const input = `${encoded(header)}.${encoded(claims)}`
    // RFC 7518, 3.4: the two numbers of the signature, and not DER
    const by = { key, dsaEncoding: 'ieee-p1363' } as const
    return `${input}.${sign(algorithm === 'ES256' ? 'sha256' : null, Buffer.from(input), by).toString('base64url')}`
  }
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
