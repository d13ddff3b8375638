import { createLocalJWKSet, errors, type CryptoKey, type JWK, type JWTHeaderParameters } from 'jose'

/** The most keys of an issuer. */
const maxKeys = 100

/** The public keys of an issuer at one time. */
export class KeyList {
  readonly #find: ReturnType<typeof createLocalJWKSet>
  readonly #text: string

  /** @throws {Error} when it is no list of keys, or has more than a hundred */
  constructor(keys: unknown) {
    if (!Array.isArray(keys)) throw new Error('its keys are no list')
    if (keys.length > maxKeys) throw new Error(`it has more than ${maxKeys} keys`)
    this.#find = createLocalJWKSet({ keys: keys as JWK[] })
    this.#text = JSON.stringify(keys)
  }

  /** Whether two lists have the same keys. */
  equals(other: KeyList): boolean {
    return this.#text === other.#text
  }

  /** Returns the keys that may have signed a token: one, or several for a token that names none. */
  async candidates(header: JWTHeaderParameters): Promise<readonly CryptoKey[]> {
    try {
      return [await this.#find(header)]
    } catch (error) {
      return error instanceof errors.JWKSMultipleMatchingKeys ? firstOf(error) : [] // none, or one that cannot be imported
    }
  }
}

/** An attacker chooses whether a token names its key, so only a few are tried. */
const maxTried = 4

async function firstOf(keys: AsyncIterable<CryptoKey>): Promise<readonly CryptoKey[]> {
  const first: CryptoKey[] = []
  for await (const key of keys) if (first.push(key) === maxTried) break
  return first
}
