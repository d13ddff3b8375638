import type { Database } from '../../../sql/index.ts'
import type { RateLimitStore } from './store.ts'

/** How often keys that have nothing outstanding are deleted, in milliseconds. */
const sweepMs = 60_000

/**
 * Counts requests in PostgreSQL: one statement a request, in a table that is not logged. That is no loss: after a crash
 * or on a promoted replica the table is empty, and everybody has a fresh quota once.
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
      // Nothing is inserted for a refusal; another instance may then have changed the row that is read, so that what is
      // read is no more than a lower bound, and the refusal itself is what counts.
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
