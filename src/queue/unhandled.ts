import type { Database } from '../sql/index.ts'
import type { Backlog } from './backlog.ts'

/** Seconds that a job must have been due. During a release, an instance of the other release may handle it. */
const dueForSeconds = 60
/** How often it looks, in milliseconds. */
const everyMs = 60_000
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

/** Options of a watch over jobs that nothing handles. */
export interface UnhandledWatchOptions {
  readonly db: Database
  readonly names: readonly string[]
  /** Returns the number of the worker of this process, once it is registered. */
  readonly worker: () => number | undefined
  /** Called with what was found, with an empty list too. */
  readonly onFound: (unhandled: readonly Backlog[]) => void
}

/** Looks for jobs that nothing handles, at intervals. */
export class UnhandledWatch {
  readonly #options: UnhandledWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(options: UnhandledWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#wait(firstMs)
  }

  stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#look(), ms).unref()
  }

  async #look(): Promise<void> {
    const { db, names, worker, onFound } = this.#options
    const number = worker()
    // The worker reports when the database does not respond.
    const found = number === undefined ? [] : await unhandledJobs(db, number, names).catch(() => undefined)
    if (found) onFound(found)
    this.#wait(number === undefined ? firstMs : everyMs)
  }
}

/** Milliseconds until the first look. By then, the worker is registered. */
const firstMs = 1500
