import { hash } from 'node:crypto'

interface Entry<Value> {
  readonly value: Value
  /** Milliseconds since 1970. */
  readonly until: number
}

/** The last token of a connection. */
interface Last {
  readonly token: string
  readonly entry: Entry<unknown>
  /** The entries that it is one of: those of one cache, until it is cleared. */
  readonly entries: ReadonlyMap<string, Entry<unknown>>
}

const last: unique symbol = Symbol('tricube.lastToken')
/** A connection that remembers its last token. */
type Connection = { [last]?: Last }

/** How long a verified token is trusted without another verification, in milliseconds. */
const longestMs = 60_000
/** With their identities about 20 MB. */
const maxTokens = 10_000

/**
 * Verified tokens, by their SHA-256 digests.
 *
 * Only tokens with a valid signature get in, so strangers cannot fill it. When it is full, the oldest entry goes. A digest
 * costs a tenth of the smallest request. So a connection also remembers its last token, which is compared with the next.
 */
export class TokenCache<Value> {
  #entries = new Map<string, Entry<Value>>()
  readonly #now: () => number

  /** `now` returns milliseconds since 1970. */
  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  get size(): number {
    return this.#entries.size
  }

  /** Changes with each `clear`: a token that was verified before it must not get in after it. */
  get generation(): object {
    return this.#entries
  }

  /** Returns the value of a token that was verified before; undefined when it has to be verified. */
  get(token: string, connection: object): Value | undefined {
    const known = (connection as Connection)[last]
    if (known?.token === token && known.entries === this.#entries) return this.#valid(known.entry as Entry<Value>)
    const digest = digestOf(token)
    const entry = this.#entries.get(digest)
    const value = entry && this.#valid(entry)
    if (value === undefined) this.#entries.delete(digest)
    else (connection as Connection)[last] = { token, entry: entry!, entries: this.#entries }
    return value
  }

  /** Keeps the value of a verified token for at most a minute. `until` is in milliseconds since 1970. */
  set(token: string, value: Value, until: number): void {
    if (this.#entries.size >= maxTokens) this.#entries.delete(this.#entries.keys().next().value!)
    this.#entries.set(digestOf(token), { value, until: Math.min(until, this.#now() + longestMs) })
  }

  /** Forgets all tokens, because their keys have changed. */
  clear(): void {
    this.#entries = new Map()
  }

  #valid({ value, until }: Entry<Value>): Value | undefined {
    return this.#now() < until ? value : undefined
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
