import type { Database, Sql } from '../../../sql/index.ts'

/** Identifies a call that must happen once, the same at each attempt. */
export interface KeyedCall {
  /** `order-service.createOrder`. */
  readonly operation: string
  /** Digest of the caller's identity. */
  readonly scope: string
  readonly key: string
  /** Digest of the input. */
  readonly input: string
}

/** The state of a key that is taken. */
export interface TakenKey {
  readonly input: string
  /** The handler's result as JSON; null while it runs. */
  readonly result: string | null
  /** The error that the handler threw for good, as JSON; null while there is none. */
  readonly failure: string | null
  /** Whether its lease has expired, or its result: the handler may run again. */
  readonly isFree: boolean
}

/** How long a result is kept: callers do not retry for longer than a day. Source: Stripe's idempotency keys. */
const retention = '24 hours'
/** How long a key stays taken without a renewal, when its process has died. */
const leaseDuration = '30 seconds'
/** How often a running handler renews its key: a third of the lease. */
export const renewEveryMs = 10_000

/**
 * Takes a key; false when it is taken. `token` is a fence: a handler that lost the key to another one holds an old
 * token.
 */
export async function take(db: Database, { operation, scope, key, input }: KeyedCall, token: string): Promise<boolean> {
  const taken = await db.execute`
    INSERT INTO tricube.idempotency AS taken (operation, scope, key, input, token, leased_until)
    VALUES (${operation}, ${scope}, ${key}, ${input}, ${token}, now() + ${leaseDuration}::interval)
    ON CONFLICT (operation, scope, key) DO UPDATE SET
      input = excluded.input, token = excluded.token, leased_until = excluded.leased_until,
      result = NULL, failure = NULL, created_at = now()
    WHERE taken.leased_until < now()
      AND (taken.result IS NULL OR taken.created_at < now() - ${retention}::interval)`
  return taken > 0
}

/** Returns the state of a key; undefined when it is free. */
export function find(db: Database, { operation, scope, key }: KeyedCall): Promise<TakenKey | undefined> {
  return db.primary.maybeOne<TakenKey>`
    SELECT input, result, failure,
      leased_until < now() AND (result IS NULL OR created_at < now() - ${retention}::interval) AS "isFree"
    FROM tricube.idempotency
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key}`
}

/** Renews a key, or stores `result`, which is JSON. False when the key is lost. */
export async function keep(
  sql: Pick<Sql, 'execute'>,
  { operation, scope, key }: KeyedCall,
  token: string,
  result: string | null,
): Promise<boolean> {
  const touched = await sql.execute`
    UPDATE tricube.idempotency SET leased_until = now() + ${leaseDuration}::interval, result = ${result}
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key} AND token = ${token}
      AND result IS NULL AND failure IS NULL`
  return touched > 0
}

/** Stores an error, which is JSON, as what every call with the key gets. */
export async function keepFailure(
  db: Database,
  { operation, scope, key }: KeyedCall,
  token: string,
  failure: string,
): Promise<void> {
  await db.execute`
    UPDATE tricube.idempotency SET failure = ${failure}, leased_until = created_at + ${retention}::interval
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key} AND token = ${token} AND result IS NULL`
}

/** Frees a key whose call has failed. */
export async function free(db: Database, { operation, scope, key }: KeyedCall, token: string): Promise<void> {
  await db.execute`
    DELETE FROM tricube.idempotency
    WHERE operation = ${operation} AND scope = ${scope} AND key = ${key} AND token = ${token}
      AND result IS NULL AND failure IS NULL`
}

/** Deletes expired keys. */
export async function deleteExpired(db: Database): Promise<void> {
  await db.execute`
    DELETE FROM tricube.idempotency WHERE created_at < now() - ${retention}::interval AND leased_until < now()`
}
