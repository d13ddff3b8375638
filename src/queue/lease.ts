import type { Database } from '../sql/index.ts'

/** How long a worker keeps its jobs after it last renewed its lease. After a crash, other workers wait that long. */
export const leaseMs = 9000
/** The duration of a lease as a PostgreSQL interval. */
export const leasedFor: string = `${leaseMs} milliseconds`

/** Starts the lease of a new worker. Returns the worker's number, which is never used again. */
export function register(db: Database, name: string): Promise<number> {
  return db.value<number>`
    INSERT INTO tricube.job_workers (leased_until, name) VALUES (clock_timestamp() + ${leasedFor}::interval, ${name})
    RETURNING id`
}

/** What a worker learns when it renews its lease. */
export interface LeaseState {
  /** Milliseconds until the next of its jobs is due; null if none waits. */
  readonly dueInMs: number | null
  /** Milliseconds until the first lease of another worker ends; null if there is no other worker. */
  readonly leaseEndsInMs: number | null
  /** The ids of running jobs that no longer belong to the worker. */
  readonly lost: readonly number[]
  /** Whether the worker owns jobs that it does not know, because the response to a claim was lost. */
  readonly hasUnknown: boolean
}

/** The ids of the jobs that a worker knows. */
export interface Held {
  readonly running: readonly number[]
  /** Includes jobs that have not started and jobs whose outcome is not stored yet. */
  readonly all: readonly number[]
}

/** Renews a lease. Returns undefined when it is lost and the worker's jobs belong to others. */
export function renew(
  db: Database,
  worker: number,
  names: readonly string[],
  { running, all }: Held,
): Promise<LeaseState | undefined> {
  return db.maybeOne<LeaseState>`
    UPDATE tricube.job_workers SET leased_until = clock_timestamp() + ${leasedFor}::interval
    WHERE id = ${worker}
    RETURNING (
      SELECT extract(epoch FROM min(due.run_at) - clock_timestamp())::float8 * 1000
      FROM unnest(${names}::text[]) AS wanted(name), (VALUES (0), (1), (2)) AS level(priority), LATERAL (
        SELECT job.run_at FROM tricube.jobs AS job
        WHERE job.name = wanted.name AND job.priority = level.priority AND job.worker IS NULL AND NOT job.held
          AND job.run_at < 'infinity'
        ORDER BY job.run_at
        LIMIT 1
      ) AS due
    ) AS "dueInMs", (
      SELECT extract(epoch FROM min(other.leased_until) - clock_timestamp())::float8 * 1000
      FROM tricube.job_workers AS other WHERE other.id <> ${worker}
    ) AS "leaseEndsInMs", ARRAY(
      SELECT mine.id FROM unnest(${running}::bigint[]) AS mine(id)
      WHERE NOT EXISTS (SELECT FROM tricube.jobs AS job WHERE job.id = mine.id AND job.worker = ${worker})
    ) AS lost, EXISTS (
      SELECT FROM tricube.jobs AS job WHERE job.worker = ${worker} AND job.id <> ALL (${all}::bigint[])
    ) AS "hasUnknown"`
}

/**
 * Frees the jobs of workers whose lease has ended or is missing, and returns their number. When such a worker resumes, it
 * finds its lease lost.
 */
export async function reap(db: Database): Promise<number> {
  const { freed } = await db.one<{ freed: number }>`
    WITH gone AS (
      DELETE FROM tricube.job_workers WHERE id IN (
        SELECT id FROM tricube.job_workers WHERE leased_until < clock_timestamp() FOR UPDATE SKIP LOCKED
      )
      RETURNING id
    ), freed AS (
      UPDATE tricube.jobs AS job SET worker = NULL, held = false
      WHERE job.worker IS NOT NULL AND (
        job.worker IN (SELECT id FROM gone)
        OR NOT EXISTS (SELECT FROM tricube.job_workers AS other WHERE other.id = job.worker)
      )
      RETURNING job.id, job.name, job.key
    ), released AS (
      UPDATE tricube.jobs AS job SET held = false, after = freed.id
      FROM freed
      WHERE freed.key IS NOT NULL AND job.id = (
        SELECT min(next.id) FROM tricube.jobs AS next
        WHERE next.name = freed.name AND next.key = freed.key AND next.id <> freed.id
      ) AND job.id < freed.id
    )
    SELECT count(*)::int AS freed FROM freed`
  return freed
}

/** Ends the lease of a worker whose jobs have all ended. */
export async function unregister(db: Database, worker: number): Promise<void> {
  await db.execute`DELETE FROM tricube.job_workers WHERE id = ${worker}`
}
