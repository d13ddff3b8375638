import type { Database } from '../sql/index.ts'
import type { Backlog, QueueQuestion } from './queueWatch.ts'

/** Seconds that a job must have been due. During a release, an instance of the other release may handle it. */
const dueForSeconds = 60
/** The most names and jobs that are counted. */
const maxNames = 1000
const maxCounted = 100_000

/**
 * Returns the due jobs of names that no task has, such as those of a job whose handler was removed. Only the worker with
 * the lowest number gets them; other workers get an empty list.
 *
 * It skips from name to name in the index of waiting jobs, so that a large queue stays cheap.
 */
function unhandledJobs(db: Database, worker: number, names: readonly string[]): Promise<Backlog[]> {
  return db.primary.many<Backlog>`
    WITH RECURSIVE found(name) AS (
      (SELECT job.name FROM tricube.jobs AS job WHERE job.worker IS NULL AND NOT job.held ORDER BY job.name LIMIT 1)
      UNION ALL
      SELECT (
        SELECT job.name FROM tricube.jobs AS job
        WHERE job.worker IS NULL AND NOT job.held AND job.name > found.name ORDER BY job.name LIMIT 1
      ) FROM found WHERE found.name IS NOT NULL
    )
    SELECT one.name, due.count AS waiting, 0 AS dead,
      coalesce(extract(epoch FROM clock_timestamp() - due.oldest), 0)::float8 AS "oldestSeconds"
    FROM (SELECT FROM tricube.job_workers HAVING min(id) = ${worker}) AS first,
      (SELECT name FROM found WHERE name <> ALL(${names}::text[]) LIMIT ${maxNames}) AS one,
      LATERAL (
        SELECT count(*) AS count, min(run_at) AS oldest
        FROM (
          SELECT job.run_at FROM tricube.jobs AS job
          WHERE job.name = one.name AND job.worker IS NULL AND NOT job.held
            AND job.run_at < clock_timestamp() - ${dueForSeconds}::float8 * interval '1 second'
          LIMIT ${maxCounted}
        ) AS waiting
      ) AS due
    WHERE due.count > 0`
}

/** Looks for jobs that nothing handles. */
export const unhandledQuestion: QueueQuestion = { firstMs: 1500, everyMs: 60_000, ask: unhandledJobs }
