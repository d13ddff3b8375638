import type { Database, Sql } from '../sql/index.ts'

/** The limits of the jobs of a name over all instances. */
export interface GlobalLimits {
  readonly name: string
  /** The maximum number of jobs that run at once. */
  readonly globalConcurrency: number | undefined
  /** How many jobs may start in each window. They may all start at once. One start comes back each `windowMs / limit`. */
  readonly rateLimit: RateLimit | undefined
}

/** At most `limit` jobs in `windowMs` milliseconds. */
export interface RateLimit {
  readonly limit: number
  readonly windowMs: number
}

/** How many jobs of a name may start now. */
export interface Allowance {
  readonly name: string
  readonly count: number
  /** Milliseconds until one more job may start, if that is known. */
  readonly nextInMs: number | null
}

/** Inserts the rows that `lockLimits` locks. */
export async function storeLimits(db: Database, limits: readonly GlobalLimits[]): Promise<void> {
  const names = limits.map(({ name }) => name)
  await db.execute`INSERT INTO tricube.job_limits (name) SELECT unnest(${names}::text[]) ON CONFLICT DO NOTHING`
}

/**
 * Locks the limits of some names, so that no other instance claims their jobs until the end of the transaction. Returns the
 * locked names, without those that another instance has locked.
 */
export async function lockLimits(tx: Sql, names: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.many<{ name: string }>`
    SELECT name FROM tricube.job_limits WHERE name = ANY (${names}::text[]) FOR UPDATE SKIP LOCKED`
  return rows.map(({ name }) => name)
}

/**
 * Returns how many jobs of locked names may start. It needs its own statement, because it must see what was committed before
 * the lock.
 *
 * GCRA limits the rate. If all jobs kept the rate, the next one would start at `begins_at`. It may start up to one window
 * earlier. See https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
export function allowances(tx: Sql, limits: readonly GlobalLimits[], aheadMs: number): Promise<Allowance[]> {
  const names = limits.map(({ name }) => name)
  const most = limits.map(({ globalConcurrency = null }) => globalConcurrency)
  const counts = limits.map(({ rateLimit }) => rateLimit?.limit ?? null)
  const windows = limits.map(({ rateLimit }) => rateLimit?.windowMs ?? null)
  return tx.many<Allowance>`
    SELECT name, greatest(0, least(most - running, floor(budget_ms / (window_ms / rate))))::int AS count,
      CASE WHEN budget_ms < window_ms / rate THEN window_ms / rate - budget_ms END AS "nextInMs"
    FROM (
      SELECT given.name, most::float8 AS most, rate, window_ms, (
          SELECT count(*) FROM tricube.jobs AS job WHERE job.worker IS NOT NULL AND job.name = given.name
        ) AS running, least(window_ms, window_ms - extract(epoch FROM begins_at - clock_timestamp())::float8 * 1000 + ${aheadMs}::float8) AS budget_ms
      FROM unnest(${names}::text[], ${most}::int[], ${counts}::float8[], ${windows}::float8[]) AS given(name, most, rate, window_ms)
      JOIN tricube.job_limits USING (name)
    ) AS known`
}

/** Counts jobs that start against the rate limits. */
export async function spend(tx: Sql, begun: ReadonlyMap<GlobalLimits, number>, aheadMs: number): Promise<void> {
  const limited = [...begun].filter(([{ rateLimit }]) => rateLimit)
  if (limited.length === 0) return
  const names = limited.map(([{ name }]) => name)
  const spentMs = limited.map(([{ rateLimit }, count]) => (count * rateLimit!.windowMs) / rateLimit!.limit)
  await tx.execute`
    UPDATE tricube.job_limits AS stored SET begins_at =
      greatest(begins_at, clock_timestamp() + ${aheadMs}::float8 * interval '1 millisecond')
        + spent.ms * interval '1 millisecond'
    FROM unnest(${names}::text[], ${spentMs}::float8[]) AS spent(name, ms) WHERE stored.name = spent.name`
}
