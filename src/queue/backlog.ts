import type { Database } from '../sql/index.ts'

/** What waits of the jobs of a name. */
export interface Backlog {
  readonly name: string
  /** Due, and not begun. */
  readonly waiting: number
  /** Seconds since the oldest of them was due. */
  readonly oldestSeconds: number
  readonly dead: number
}

/** Counts end here: a count of more rows costs more than it tells. */
const mostCounted = 100_000
/** How often the backlog is measured, in milliseconds. */
const everyMs = 15_000

/**
 * Measures the backlog of some names; of all workers only the one with the lowest number does. Others get nothing.
 *
 * Each count is a range of an index and ends after `mostCounted` rows, so that a large backlog does not make it dear.
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
          ORDER BY job.run_at LIMIT ${mostCounted}
        ) AS due
      ) AS ready,
      LATERAL (
        SELECT count(*) FILTER (WHERE held) AS count, min(run_at) FILTER (WHERE held) AS oldest
        FROM (
          SELECT job.held, job.run_at FROM tricube.jobs AS job
          WHERE job.name = wanted.name AND job.key IS NOT NULL LIMIT ${mostCounted}
        ) AS keyed
      ) AS held,
      LATERAL (
        SELECT count(*) AS count
        FROM (SELECT FROM tricube.dead_jobs AS job WHERE job.name = wanted.name LIMIT ${mostCounted}) AS buried
      ) AS dead,
      LATERAL (
        SELECT count(*) AS count FROM tricube.jobs AS job
        WHERE job.name = wanted.name AND job.priority IN (0, 1, 2) AND job.worker IS NULL AND NOT job.held
          AND job.run_at = 'infinity'
      ) AS stuck`
}

/** What a watch is made of. */
export interface BacklogWatchOptions {
  readonly db: Database
  readonly names: readonly string[]
  /** The number of the worker of this process, once it has one. */
  readonly worker: () => number | undefined
  /** Is told what was measured: nothing where another worker measures. */
  readonly onMeasured: (backlog: readonly Backlog[]) => void
}

/** Measures the backlog again and again. */
export class BacklogWatch {
  readonly #options: BacklogWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(options: BacklogWatchOptions) {
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
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#measure(), ms).unref()
  }

  async #measure(): Promise<void> {
    const { db, names, worker, onMeasured } = this.#options
    const number = worker()
    // A database that does not respond is reported by the worker.
    const backlog = number === undefined ? [] : await backlogOf(db, number, names).catch(() => undefined)
    if (backlog) onMeasured(backlog)
    this.#wait(number === undefined ? firstMs : everyMs)
  }
}

/** A process that has just started has a lease by then, in milliseconds. */
const firstMs = 1000
