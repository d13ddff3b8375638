import type { Database } from '../../sql/index.ts'
import { keyDigest } from './format.ts'

/** An API key in the database. */
export interface StoredKey {
  readonly id: number
  readonly name: string
  readonly owner: string
  readonly scopes: readonly string[]
  readonly isExpired: boolean
  readonly isRevoked: boolean
  /** Whether its last use was more than a minute ago. */
  readonly isStale: boolean
}

/** The lookups that wait for the same statement. */
interface Turn {
  /** Digests by their text in hex. */
  readonly digests: Map<string, Buffer>
  readonly found: Promise<ReadonlyMap<string, StoredKey>>
}

/**
 * Looks API keys up: those of all requests that arrive in one turn of the event loop with one statement.
 *
 * Nothing is kept for later. A statement begins after all of its requests have arrived, so none of them gets in with a key
 * that was revoked before it arrived.
 */
export class KeyLookup {
  readonly #db: Database
  #turn: Turn | undefined

  constructor(db: Database) {
    this.#db = db
  }

  /** Resolves to a key; undefined if there is none. */
  async find(key: string): Promise<StoredKey | undefined> {
    const turn = (this.#turn ??= this.#begin())
    const digest = keyDigest(key)
    const hex = digest.toString('hex')
    turn.digests.set(hex, digest)
    return (await turn.found).get(hex)
  }

  #begin(): Turn {
    const digests = new Map<string, Buffer>()
    const isOver = new Promise<void>((resolve) => setImmediate(resolve))
    const found = isOver.then(() => {
      this.#turn = undefined
      return this.#query([...digests.values()])
    })
    return { digests, found }
  }

  async #query(digests: readonly Buffer[]): Promise<ReadonlyMap<string, StoredKey>> {
    const rows = await this.#db.primary.many<StoredKey & { readonly hex: string }>`
      SELECT encode(digest, 'hex') AS hex, id, name, owner, scopes, revoked_at IS NOT NULL AS "isRevoked",
        expires_at IS NOT NULL AND expires_at <= now() AS "isExpired",
        last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS "isStale"
      FROM tricube.api_keys WHERE digest = ANY(${digests})`
    return new Map(rows.map((row) => [row.hex, row]))
  }
}
