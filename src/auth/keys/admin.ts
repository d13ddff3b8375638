import type { Sql } from '../../sql/index.ts'
import { endingOf, keyDigest, newKey } from './format.ts'

/** A new API key. */
export interface NewApiKey {
  /** What it is for, such as `nightly export`. */
  readonly name: string
  /** The user, or the team, that it belongs to. */
  readonly owner: string
  /** What it may do. Its scopes never change. */
  readonly scopes: readonly string[]
  /** When it expires. Default: never. */
  readonly expiresAt?: Date | undefined
}

/** An API key, as it is listed. Nothing shows the key itself. */
export interface ListedApiKey {
  readonly id: number
  readonly name: string
  readonly owner: string
  readonly scopes: readonly string[]
  /** The last four characters of the key. */
  readonly ending: string
  readonly createdAt: string
  readonly expiresAt: string | null
  /** When it was last used, to the minute. */
  readonly lastUsedAt: string | null
  readonly revokedAt: string | null
}

/**
 * Creates an API key. It resolves to the key, which is shown this once: the database has its digest.
 *
 * @throws {TypeError} when name or owner is empty, a scope has a space, or `expiresAt` is past
 *
 * @example
 * const { key } = await createApiKey(db, { name: 'export', owner: '7', scopes: ['users:read'] })
 */
export async function createApiKey(
  db: Sql,
  { name, owner, scopes, expiresAt }: NewApiKey,
): Promise<{ readonly id: number; readonly key: string }> {
  if (name === '' || owner === '') throw new TypeError('an API key needs a name and an owner, got an empty text')
  const wrong = scopes.find((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))
  if (wrong !== undefined) throw new TypeError(`scopes: expected texts without spaces, got ${JSON.stringify(wrong)}`)
  if (expiresAt !== undefined && !(expiresAt.getTime() > Date.now()))
    throw new TypeError(`expiresAt: expected a time in the future, got ${String(expiresAt)}`)
  const key = newKey()
  const id = await db.value<number>`
    INSERT INTO tricube.api_keys (digest, ending, name, owner, scopes, expires_at)
    VALUES (${keyDigest(key)}, ${endingOf(key)}, ${name}, ${owner}, ${[...scopes]}, ${expiresAt ?? null})
    RETURNING id`
  return { id, key }
}

/**
 * Lists API keys, the newest first: all, or those of one owner.
 *
 * @example
 * const keys = await listApiKeys(db, { owner: '7' })
 */
export function listApiKeys(
  db: Sql,
  { owner = null }: { readonly owner?: string | null } = {},
): Promise<readonly ListedApiKey[]> {
  return db.many<ListedApiKey>`
    SELECT id, name, owner, scopes, ending, created_at AS "createdAt", expires_at AS "expiresAt",
      last_used_at AS "lastUsedAt", revoked_at AS "revokedAt"
    FROM tricube.api_keys
    WHERE ${owner}::text IS NULL OR owner = ${owner}
    ORDER BY id DESC LIMIT 1000`
}

/**
 * Revokes an API key. The next request with it is rejected, by every instance. Resolves to false if there is no such key,
 * or it belongs to another owner.
 *
 * @example
 * if (!(await revokeApiKey(db, id, { owner: '7' }))) throw new NotFound(`key ${id}`)
 */
export async function revokeApiKey(
  db: Sql,
  id: number,
  { owner = null }: { readonly owner?: string | null } = {},
): Promise<boolean> {
  const touched = await db.execute`
    UPDATE tricube.api_keys SET revoked_at = coalesce(revoked_at, now())
    WHERE id = ${id} AND (${owner}::text IS NULL OR owner = ${owner})`
  return touched > 0
}
