import type { Database } from '../sql/index.ts'

/** How long a worker has its jobs after it has last been heard of. Another one has them that long after a crash. */
export const leaseMs = 9000
/** The same for PostgreSQL. */
export const leasedFor: string = `${leaseMs} milliseconds`

/** Begins the lease of a new worker; resolves to its number, which no other one ever has. */
export function register(db: Database, name: string): Promise<number> {
  return db.value<number>`
    INSERT INTO tricube.job_workers (leased_until, name) VALUES (clock_timestamp() + ${leasedFor}::interval, ${name})
    RETURNING id`
}

/** What a worker is told when it says that it is there. */
export interface Outlook {
  /** Milliseconds until the next job of its names is due; null: there is none. */
  readonly dueInMs: number | null
  /** Milliseconds until the lease of another worker ends that has not been renewed; null: there is no other one. */
  readonly leaseEndsInMs: number | null
  /** Which of the jobs that it runs are not its own any more. */
  readonly lost: readonly number[]
  /** Whether there are jobs of its number that it does not have: the response to a claim was lost. */
  readonly hasStrays: boolean
}

/** The ids of the jobs that a worker has. */
export interface Held {
  readonly running: readonly number[]
  /** Also those that have not begun, and those whose end is not stored yet. */
  readonly all: readonly number[]
}

/** Renews a lease; undefined when it has been lost, and all that the worker ran belongs to others. */
export function renew(
  db: Database,
  worker: number,
  names: readonly string[],
  { running, all }: Held,
): Promise<Outlook | undefined> {
  return db.maybeOne<Outlook>`
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
    ) AS "hasStrays"`
}

/**
 * Frees the jobs of workers whose lease has ended or is missing, and resolves to their count. A worker that comes back after
 * that finds its lease lost.
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

/** Ends the lease of a worker that runs nothing any more. */
export async function unregister(db: Database, worker: number): Promise<void> {
  await db.execute`DELETE FROM tricube.job_workers WHERE id = ${worker}`
}
