import type { Database } from '../../../sql/index.ts'
import type { RateLimitStore } from './store.ts'

/** Longest that the table may take to be made, in milliseconds: a service whose database is down starts all the same. */
const prepareMs = 1000
/** How often keys that have nothing outstanding are deleted, in milliseconds. */
const sweepMs = 60_000

/** A store that needs a table. */
interface PostgresStore extends RateLimitStore {
  /** Makes the table, unless it is there. */
  prepare(): Promise<void>
}

/**
 * Counts requests in PostgreSQL: one statement a request, in a table that is not logged. That is no loss: after a crash
 * or on a promoted replica the table is empty, and everybody has a fresh quota once.
 */
export function postgresStore(db: Database): PostgresStore {
  let created: Promise<void> | undefined
  let sweptAt = performance.now()

  const prepare = (): Promise<void> =>
    (created ??= createTable(db.with({ timeoutMs: prepareMs })).catch((error: unknown) => {
      created = undefined
      throw error
    }))

  const sweep = (): void => {
    const now = performance.now()
    if (now - sweptAt < sweepMs) return
    sweptAt = now
    db.with({ slow: true })
      .execute`DELETE FROM tricube_rate_limits WHERE tat < (extract(epoch FROM now()) * 1e6)::bigint`.catch(() => {}) // the next one deletes them
  }

  return {
    prepare,
    async take(key, { intervalUs, burstUs }) {
      await prepare()
      sweep()
      // Nothing is inserted for a refusal; another instance may then have changed the row that is read, so that what is
      // read is no more than a lower bound, and the refusal itself is what counts.
      return db.value<number>`
        WITH moment AS (
          SELECT (extract(epoch FROM now()) * 1e6)::bigint AS us
        ), taken AS (
          INSERT INTO tricube_rate_limits AS known (key, tat)
          SELECT ${key}, us + ${intervalUs}::bigint FROM moment
          ON CONFLICT (key) DO UPDATE SET tat = greatest(known.tat, excluded.tat - ${intervalUs}::bigint) + ${intervalUs}::bigint
          WHERE greatest(known.tat - excluded.tat + ${intervalUs}::bigint, 0) + ${intervalUs}::bigint <= ${burstUs}::bigint
          RETURNING tat
        )
        SELECT coalesce(
          (SELECT tat FROM taken),
          greatest((SELECT tat + ${intervalUs}::bigint FROM tricube_rate_limits WHERE key = ${key}), us + ${burstUs}::bigint + 1)
        ) - us FROM moment`
    },
  }
}

/** Under a lock: PostgreSQL's IF NOT EXISTS fails when two do it at once. Who may not create tables has made it before. */
async function createTable(db: Database): Promise<void> {
  const isThere = await db.value<boolean>`SELECT to_regclass('tricube_rate_limits') IS NOT NULL`
  if (isThere) return
  await db.transaction(async (tx) => {
    await tx.execute`SELECT pg_advisory_xact_lock(hashtext('tricube_rate_limits'))`
    await tx.execute`
      CREATE UNLOGGED TABLE IF NOT EXISTS tricube_rate_limits (
        key text PRIMARY KEY,
        tat bigint NOT NULL
      ) WITH (fillfactor = 50)`
  })
}
