import type { Database } from '../../../sql/index.ts'
import type { RateLimitStore } from './store.ts'

/** How often unused keys are deleted, in milliseconds. */
const sweepMs = 60_000

/**
 * Counts requests in PostgreSQL, by one statement a request. The table is unlogged: after a crash or on a promoted
 * replica it is empty, and each caller gets a new quota once.
 */
export function postgresStore(db: Database): RateLimitStore {
  let sweptAt = performance.now()

  const sweep = (): void => {
    const now = performance.now()
    if (now - sweptAt < sweepMs) return
    sweptAt = now
    db.with({ slow: true })
      .execute`DELETE FROM tricube.rate_limits WHERE tat < (extract(epoch FROM now()) * 1e6)::bigint`.catch(() => {}) // the next one deletes them
  }

  return {
    async take(key, { intervalUs, burstUs }) {
      sweep()
      // A rejection inserts nothing. Another instance may change the row before it is read, so the value is a lower bound.
      // The rejection itself is what counts.
      return db.value<number>`
        WITH moment AS (
          SELECT (extract(epoch FROM now()) * 1e6)::bigint AS us
        ), taken AS (
          INSERT INTO tricube.rate_limits AS known (key, tat)
          SELECT ${key}, us + ${intervalUs}::bigint FROM moment
          ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, excluded.tat - ${intervalUs}::bigint) + ${intervalUs}::bigint
          WHERE greatest(known.tat - excluded.tat + ${intervalUs}::bigint, 0) + ${intervalUs}::bigint <= ${burstUs}::bigint
          RETURNING tat
        )
        SELECT coalesce(
          (SELECT tat FROM taken),
          greatest((SELECT tat + ${intervalUs}::bigint FROM tricube.rate_limits WHERE key = ${key}), us + ${burstUs}::bigint + 1)
        ) - us FROM moment`
    },
  }
}
