import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** A key of a service: EC on P-256, or Ed25519. */
export interface ServiceKey {
  readonly key: KeyObject
  readonly algorithm: 'ES256' | 'EdDSA'
  /** The thumbprint of the public key (RFC 7638), so that nobody has to name keys. */
  readonly id: string
}

/** @throws {TypeError} when the text is no private key that can sign */
export function privateKeyIn(pem: string): ServiceKey {
  const key = parsed(() => createPrivateKey(pem), 'a private key in PEM')
  return described(key, createPublicKey(key))
}

/**
 * Reads the public keys in a text: one, or several while a service changes its key.
 *
 * @throws {TypeError} when there is none, or a private one
 */
export function publicKeysIn(pem: string): readonly ServiceKey[] {
  if (/PRIVATE KEY-----/.test(pem))
    throw new TypeError('expected public keys, got a private one: anyone who reads it can call as the service')
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g)
  if (!blocks) throw new TypeError('expected public keys in PEM')
  return blocks.map((block) => {
    const key = parsed(() => createPublicKey(block), 'public keys in PEM')
    return described(key, key)
  })
}

function parsed(read: () => KeyObject, expected: string): KeyObject {
  try {
    return read()
  } catch {
    throw new TypeError(`expected ${expected}`) // the message of OpenSSL tells nothing, and must not tell the key
  }
}

function described(key: KeyObject, publicKey: KeyObject): ServiceKey {
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' })
  const algorithm = crv === 'P-256' ? 'ES256' : crv === 'Ed25519' ? 'EdDSA' : undefined
  if (algorithm === undefined)
    throw new TypeError(`expected a key of type EC on P-256 or Ed25519, got ${crv ?? publicKey.asymmetricKeyType}`)
  const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y } // RFC 7638, 3.2: in this order
  const id = createHash('sha256').update(JSON.stringify(members)).digest('base64url')
  return { key, algorithm, id }
}
