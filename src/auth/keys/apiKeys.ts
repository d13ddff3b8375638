import type { FastifyRequest } from 'fastify'
import { optionsProblem } from '../../config/rule.ts'
import { func } from '../../config/rules.ts'
import type { Database } from '../../sql/index.ts'
import type { AuthFailure, Authenticator, AuthHost, AuthOutcome, OpenAuthenticator } from '../authenticator.ts'
import { describeValue } from '../../schema/describeValue.ts'
import { isListOfTexts, type Identity } from '../identity.ts'
import { isKey } from './format.ts'
import { invalid } from '../tokenFailure.ts'
import { keyIdentity } from './identity.ts'
import { KeyLookup, type StoredKey } from './lookup.ts'

/** Options of `apiKeys`. */
export interface ApiKeyOptions {
  /** Returns what the owner of a key may do. The key may then do what both may. Default: all scopes of the key. */
  readonly ownerScopes?: (owner: string) => readonly string[] | Promise<readonly string[]>
}

/**
 * Identifies programs by API keys in the header `x-api-key`. The keys are in the service's database.
 *
 * Each request has its key looked up in the database, so that a revoked key is rejected at once by every instance. Requests
 * that arrive together share a statement.
 *
 * @throws {TypeError} when an option is unknown or invalid
 *
 * @example
 * service(userService, { database: {}, auth: { key: apiKeys() }, handlers })
 */
export function apiKeys(options: ApiKeyOptions = {}): Authenticator {
  const problem = optionsProblem(options, { ownerScopes: func })
  if (problem) throw new TypeError(`apiKeys: ${problem}`)
  return {
    scheme: 'key',
    needsDatabase: true,
    open: async (host) => new KeyAuthenticator(host, await host.database(), options),
  }
}

/** An open `apiKeys()`. */
class KeyAuthenticator implements OpenAuthenticator {
  readonly #host: AuthHost
  readonly #db: Database
  readonly #lookup: KeyLookup
  readonly #options: ApiKeyOptions

  constructor(host: AuthHost, db: Database, options: ApiKeyOptions) {
    this.#host = host
    this.#db = db
    this.#lookup = new KeyLookup(db)
    this.#options = options
  }

  authenticate({ headers }: FastifyRequest): AuthOutcome | Promise<AuthOutcome> {
    const key = headers['x-api-key']
    if (key === undefined) return undefined
    // Node joins two headers of this name with a comma, which no key has.
    return typeof key === 'string' && isKey(key) ? this.#find(key) : invalid('it is no API key')
  }

  async #find(key: string): Promise<Identity | AuthFailure> {
    const found = await this.#lookup.find(key)
    if (!found) return invalid('there is no such API key')
    const { id, name, owner, isStale } = found
    if (found.isRevoked) return invalid(`the API key ${id} is revoked`)
    if (found.isExpired) return { failure: 'expired', reason: `the API key ${id} has expired` }
    if (isStale) this.#host.background('api key use', this.#used(id))
    return keyIdentity({ id, name, owner, scopes: await this.#scopesOf(found) })
  }

  async #scopesOf({ owner, scopes }: StoredKey): Promise<readonly string[]> {
    const { ownerScopes } = this.#options
    if (!ownerScopes) return scopes
    const allowed = await ownerScopes(owner)
    if (!isListOfTexts(allowed))
      throw new TypeError(`apiKeys: ownerScopes must return a list of texts, got ${describeValue(allowed)}`)
    return scopes.filter((scope) => allowed.includes(scope))
  }

  /** Notes a use. Of instances that do so at the same time, one writes. */
  async #used(id: number): Promise<void> {
    await this.#db.execute`
      UPDATE tricube.api_keys SET last_used_at = now()
      WHERE id = ${id} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`
  }
}
