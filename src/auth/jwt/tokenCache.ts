import { hash } from 'node:crypto'

interface Entry<Value> {
  readonly value: Value
  /** Milliseconds since 1970. */
  readonly until: number
}

/** How long a verified token is trusted without another verification, in milliseconds. */
const longestMs = 60_000
/** With their identities about 20 MB. */
const maxTokens = 10_000

/**
 * Verified tokens, by their SHA-256 digests. No token is stored.
 *
 * Only tokens with a valid signature get in, so strangers cannot fill it. When it is full, the oldest entry goes.
 */
export class TokenCache<Value> {
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #now: () => number
  #generation = 0

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  /** Returns the value of a token that was verified before; undefined when it has to be verified. */
  get(digest: string): Value | undefined {
    const entry = this.#entries.get(digest)
    if (entry === undefined) return undefined
    if (this.#now() < entry.until) return entry.value
    this.#entries.delete(digest)
    return undefined
  }

  /** Keeps the value of a verified token for at most a minute. `until` is in milliseconds since 1970. */
  set(digest: string, value: Value, until: number): void {
    if (this.#entries.size >= maxTokens) this.#entries.delete(this.#entries.keys().next().value!)
    this.#entries.set(digest, { value, until: Math.min(until, this.#now() + longestMs) })
  }

  /** Changes with each `clear`: a token that was verified before it must not get in after it. */
  get generation(): number {
    return this.#generation
  }

  /** Forgets all tokens, because their keys have changed. */
  clear(): void {
    this.#generation++
    this.#entries.clear()
  }
}

/** Returns the digest of a token. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
