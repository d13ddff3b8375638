import type { Database, Sql } from '../sql/index.ts'

/** What bounds the jobs of a name over all instances. */
export interface GlobalLimits {
  readonly name: string
  /** The most that run at once. */
  readonly globalConcurrency: number | undefined
  /** How many may begin at once, and in each window; one comes back each `windowMs / limit`. */
  readonly rateLimit: RateLimit | undefined
}

/** So many in so many milliseconds. */
export interface RateLimit {
  readonly limit: number
  readonly windowMs: number
}

/** How many jobs of a name may begin now. */
export interface Allowance {
  readonly name: string
  readonly count: number
  /** Milliseconds until one more may begin, if that is known. */
  readonly nextInMs: number | null
}

/** Makes the rows that are locked. */
export async function storeLimits(db: Database, limits: readonly GlobalLimits[]): Promise<void> {
  const names = limits.map(({ name }) => name)
  await db.execute`INSERT INTO tricube.job_limits (name) SELECT unnest(${names}::text[]) ON CONFLICT DO NOTHING`
}

/**
 * Locks the limits of some names, so that no other instance claims jobs of them until the end of the transaction. Those that
 * another one has locked are left out.
 */
export async function lockLimits(tx: Sql, names: readonly string[]): Promise<readonly string[]> {
  const rows = await tx.many<{ name: string }>`
    SELECT name FROM tricube.job_limits WHERE name = ANY (${names}::text[]) FOR UPDATE SKIP LOCKED`
  return rows.map(({ name }) => name)
}

/**
 * Returns how many jobs may begin, of names that are locked. It is a statement of its own, because it has to see what was
 * committed before the lock.
 *
 * The rate is limited by GCRA. If all jobs kept the rate, the next one would begin at `begins_at`. It may begin up to one window
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

/** Counts jobs that begin, by name, against the rate limits. */
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
