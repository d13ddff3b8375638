import { sql, type Fragment, type Sql } from '../sql/index.ts'
import type { ClaimedJob } from './job.ts'
import { leasedFor } from './lease.ts'

/** How many jobs of a name to claim. */
export interface Wanted {
  readonly name: string
  readonly count: number
}

/** Options of a claim. */
export interface Claim {
  readonly worker: number
  readonly wanted: readonly Wanted[]
  /** The maximum number of jobs of all names. */
  readonly total: number
  /** How far the clock is ahead of the database's, in milliseconds. Only tests move it. */
  readonly aheadMs: number
}

/**
 * Claims jobs that are due, the most urgent first, and counts an attempt of each. Claims none when the worker has lost its
 * lease.
 *
 * The due jobs of a name and priority are a range of one index, so the cost does not depend on how many jobs wait. Jobs that
 * another worker claims at the same time are skipped.
 */
export function claim(db: Pick<Sql, 'many'>, { worker, wanted, total, aheadMs }: Claim): Promise<ClaimedJob[]> {
  return db.many<ClaimedJob>`
    WITH ${me(worker)}, found AS (
      SELECT due.id, me.id AS worker
      FROM me, ${wantedRows(wanted)}, LATERAL (
        SELECT of_level.id, level.priority, of_level.run_at
        FROM ${levels}, LATERAL (
          SELECT job.id, job.run_at FROM tricube.jobs AS job
          WHERE ${isDue(aheadMs)}
          ORDER BY job.run_at, job.id
          LIMIT wanted.count
          FOR UPDATE SKIP LOCKED
        ) AS of_level
        ORDER BY level.priority, of_level.run_at, of_level.id
        LIMIT wanted.count
      ) AS due
      ORDER BY due.priority, due.run_at, due.id
      LIMIT ${total}
    ), claimed AS (
      UPDATE tricube.jobs AS job SET worker = found.worker, attempt = job.attempt + 1
      FROM found WHERE job.id = found.id
      RETURNING job.*
    )
    SELECT ${columns} FROM claimed ORDER BY priority, run_at, id`
}

/**
 * Claims jobs that their key keeps in order: the first of each key, unless a job of that key runs. It marks the other jobs
 * that it finds as held, so that the next claim skips them. The end of a job releases the next one of its key.
 *
 * A job may be released between the start of this statement and its lock on the row. The statement's snapshot then still
 * shows the job before it as running. The locked row names that job in `after`.
 */
export function claimInOrder(db: Pick<Sql, 'many'>, { worker, wanted, total, aheadMs }: Claim): Promise<ClaimedJob[]> {
  return db.many<ClaimedJob>`
    WITH ${me(worker)}, seen AS (
      SELECT due.id, due.is_held, me.id AS worker, wanted.count,
        row_number() OVER (PARTITION BY wanted.name, due.is_held IS NULL ORDER BY level.priority, due.run_at, due.id) AS nth,
        row_number() OVER (PARTITION BY due.is_held IS NULL ORDER BY level.priority, due.run_at, due.id) AS nth_of_all
      FROM me, ${wantedRows(wanted)}, ${levels}, LATERAL (
        SELECT job.id, job.run_at, CASE WHEN job.key IS NOT NULL AND EXISTS (SELECT ${blocker})
          THEN coalesce((SELECT true ${blocker} LIMIT 1 FOR KEY SHARE SKIP LOCKED), false) END AS is_held
        FROM tricube.jobs AS job
        WHERE ${isDue(aheadMs)}
        ORDER BY job.run_at, job.id
        LIMIT wanted.count + ${lookAhead}::int
        FOR UPDATE SKIP LOCKED
      ) AS due
    ), claimed AS (
      UPDATE tricube.jobs AS job SET
        worker = CASE WHEN seen.is_held THEN NULL ELSE seen.worker END,
        held = coalesce(seen.is_held, false),
        attempt = CASE WHEN seen.is_held THEN job.attempt ELSE job.attempt + 1 END
      FROM seen
      WHERE job.id = seen.id
        AND (seen.is_held OR (seen.is_held IS NULL AND seen.nth <= seen.count AND seen.nth_of_all <= ${total}::int))
      RETURNING job.*
    )
    SELECT ${columns} FROM claimed WHERE worker IS NOT NULL ORDER BY priority, run_at, id`
}

/**
 * A job that another job of its key waits for.
 *
 * A job is marked as held only if such a row can be locked: then `is_held` is true. It is false if the row is being deleted.
 * The end of that job may have looked for the next one before there was any, and would never release it.
 */
const blocker: Fragment = sql`FROM tricube.jobs AS other
  WHERE other.name = job.name AND other.key = job.key AND other.id <> job.id
    AND (other.id < job.id OR other.worker IS NOT NULL) AND other.id IS DISTINCT FROM job.after`

/** How many jobs that must wait for others of their key one claim may find. */
const lookAhead = 100

/** Selects the worker and renews its lease. Selects no row when the lease is lost. */
function me(worker: number): Fragment {
  return sql`me AS (
    UPDATE tricube.job_workers SET leased_until = clock_timestamp() + ${leasedFor}::interval
    WHERE id = ${worker} RETURNING id
  )`
}

function wantedRows(wanted: readonly Wanted[]): Fragment {
  const names = wanted.map(({ name }) => name)
  const counts = wanted.map(({ count }) => count)
  return sql`unnest(${names}::text[], ${counts}::int[]) AS wanted(name, count)`
}

const levels: Fragment = sql`(VALUES (0), (1), (2)) AS level(priority)`

function isDue(aheadMs: number): Fragment {
  return sql`job.name = wanted.name AND job.priority = level.priority AND job.worker IS NULL AND NOT job.held
    AND job.run_at <= clock_timestamp() + ${aheadMs}::float8 * interval '1 millisecond'`
}

const columns: Fragment = sql`id, name, input, attempt, key, trace,
  extract(epoch FROM created_at)::float8 * 1000 AS "createdAt", extract(epoch FROM run_at)::float8 * 1000 AS "dueAt"`
