import type { Database } from '../sql/index.ts'
import type { Backlog, QueueQuestion } from './queueWatch.ts'

/** The maximum count. Counting more rows costs more than it is worth. */
const maxCounted = 100_000

/**
 * Returns the backlog of some names. Only the worker with the lowest number gets it; other workers get an empty list.
 *
 * Each count reads a range of an index and ends after `maxCounted` rows, so that a large backlog stays cheap to count.
 */
function backlogOf(db: Database, worker: number, names: readonly string[]): Promise<Backlog[]> {
  return db.primary.many<Backlog>`
    SELECT wanted.name, ready.count + held.count AS waiting, dead.count + stuck.count AS dead,
      coalesce(extract(epoch FROM clock_timestamp() - least(ready.oldest, held.oldest)), 0)::float8 AS "oldestSeconds"
    FROM (SELECT FROM tricube.job_workers HAVING min(id) = ${worker}) AS first,
      unnest(${names}::text[]) AS wanted(name),
      LATERAL (
        SELECT count(*) AS count, min(run_at) AS oldest
        FROM (VALUES (0), (1), (2)) AS level(priority), LATERAL (
          SELECT job.run_at FROM tricube.jobs AS job
          WHERE job.name = wanted.name AND job.priority = level.priority AND job.worker IS NULL AND NOT job.held
            AND job.run_at <= clock_timestamp()
          ORDER BY job.run_at LIMIT ${maxCounted}
        ) AS due
      ) AS ready,
      LATERAL (
        SELECT count(*) FILTER (WHERE held) AS count, min(run_at) FILTER (WHERE held) AS oldest
        FROM (
          SELECT job.held, job.run_at FROM tricube.jobs AS job
          WHERE job.name = wanted.name AND job.key IS NOT NULL LIMIT ${maxCounted}
        ) AS keyed
      ) AS held,
      LATERAL (
        SELECT count(*) AS count
        FROM (SELECT FROM tricube.dead_jobs AS job WHERE job.name = wanted.name LIMIT ${maxCounted}) AS buried
      ) AS dead,
      LATERAL (
        SELECT count(*) AS count FROM tricube.jobs AS job
        WHERE job.name = wanted.name AND job.priority IN (0, 1, 2) AND job.worker IS NULL AND NOT job.held
          AND job.run_at = 'infinity'
      ) AS stuck`
}

/** Measures the backlog. */
export const backlogQuestion: QueueQuestion = { firstMs: 1000, everyMs: 15_000, ask: backlogOf }
