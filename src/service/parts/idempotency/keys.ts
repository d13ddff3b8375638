import type { Database, Sql } from '../../../sql/index.ts'

/** Names a call that is to happen once: the same at each of its attempts. */
export interface KeyedCall {
  /** `order-service.createOrder`. */
  readonly operation: string
  /** Whose key it is, as a digest. */
  readonly scope: string
  readonly key: string
  /** What it is called with, as a digest. */
  readonly input: string
}

/** What is known of a key that is taken. */
export interface TakenKey {
  readonly input: string
  /** JSON of what the handler returned; null: it still runs. */
  readonly result: string | null
  /** Whoever ran it has not been heard of for long, or it has run long ago: it may be run again. */
  readonly isFree: boolean
}

/** How long a result is kept: who retries for longer than a day has given up. Source: Stripe's idempotency keys. */
const retention = '24 hours'
/** How long a key stays taken when nobody is heard of it any more, for its process has died. */
const leaseDuration = '30 seconds'
/** How often whoever has taken a key has to say that it still runs: a third of that. */
export const renewEveryMs = 10_000

/**
 * Takes a key; false when somebody has it. `token` fences: whoever has lost the key to another one has lost its token.
 */
export async function take(db: Database, { operation, scope, key, input }: KeyedCall, token: string): Promise<boolean> {
  const taken = await db.execute`
    INSERT INTO tricube.idempotency AS taken (operation, scope, key, input, token, leased_until)
    VALUES (${operation}, ${scope}, ${key}, ${input}, ${token}, now() + ${leaseDuration}::interval)
    ON CONFLICT (operation, scope, key) DO UPDATE SET
      input = excluded.input, token = excluded.token, leased_until = excluded.leased_until,
      result = NULL, created_at = now()
    WHERE taken.leased_until < now()
      AND (taken.result IS NULL OR taken.created_at < now() - ${retention}::interval)`
  return taken > 0
}

/** What is known of a key; undefined when nobody has it. */
export function find(db: Database, { operation, scope, key }: KeyedCall): Promise<TakenKey | undefined> {
  return db.primary.maybeOne<TakenKey>`
    SELECT input, result,
      leased_until < now() AND (result IS NULL OR created_at < now() - ${retention}::interval) AS "isFree"
    FROM tricube.idempotency
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key}`
}

/** Still runs; with `result`, which is JSON, has run. False when the key has been lost. */
export async function keep(
  sql: Pick<Sql, 'execute'>,
  { operation, scope, key }: KeyedCall,
  token: string,
  result: string | null,
): Promise<boolean> {
  const touched = await sql.execute`
    UPDATE tricube.idempotency SET leased_until = now() + ${leaseDuration}::interval, result = ${result}
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key} AND token = ${token} AND result IS NULL`
  return touched > 0
}

/** Lets go of a key whose call has failed. */
export async function free(db: Database, { operation, scope, key }: KeyedCall, token: string): Promise<void> {
  await db.execute`
    DELETE FROM tricube.idempotency
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key} AND token = ${token} AND result IS NULL`
}

/** Deletes what is kept for too long. */
export async function deleteExpired(db: Database): Promise<void> {
  await db.execute`
    DELETE FROM tricube.idempotency WHERE created_at < now() - ${retention}::interval AND leased_until < now()`
}
