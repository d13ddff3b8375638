import { sql, type Database, type Fragment } from '../sql/index.ts'
import { cancel } from './settle.ts'

/** The state of a job. */
export type JobState = 'waiting' | 'running' | 'dead'

/** A job as `tricube jobs` lists it. */
export interface ListedJob {
  readonly id: number
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  /** When the job is due or, if it is dead, when it died. */
  readonly at: string
  /** JSON. */
  readonly input: string
  readonly key: string | null
  readonly createdAt: string
  /** W3C `traceparent` of the request that enqueued it. */
  readonly trace: string | null
  /** The error of the last attempt, as JSON. */
  readonly error: string | null
}

/** Which jobs to list. */
export interface JobFilter {
  readonly state?: JobState | undefined
  readonly name?: string | undefined
  readonly id?: number | undefined
  /** The maximum number of jobs of each kind. */
  readonly limit: number
}

/** Returns jobs of a database: the next ones that run, and those that died last. */
export function listJobs(
  db: Database,
  { state = null, name = null, id = null, limit }: Nullable<JobFilter>,
): Promise<ListedJob[]> {
  const matches = sql`(${name}::text IS NULL OR name = ${name}) AND (${id}::bigint IS NULL OR id = ${id})`
  return db.many<ListedJob>`
    (SELECT id, name, ${stateOfJob} AS state, attempt, run_at AS at,
      ${described}, error
    FROM tricube.jobs
    WHERE ${matches} AND (${state}::text IS NULL OR ${stateOfJob} = ${state})
    ORDER BY worker IS NULL, run_at, id LIMIT ${limit})
    UNION ALL
    (SELECT id, name, 'dead', attempt, died_at, ${described}, error
    FROM tricube.dead_jobs
    WHERE ${matches} AND (${state}::text IS NULL OR ${state} = 'dead')
    ORDER BY died_at DESC, id LIMIT ${limit})`
}

/** A dead job that holds later jobs of its key stays in this table. */
const stateOfJob: Fragment = sql`CASE WHEN worker IS NOT NULL THEN 'running' WHEN run_at = 'infinity' THEN 'dead' ELSE 'waiting' END`

const described: Fragment = sql`input, key, created_at AS "createdAt", trace`

type Nullable<Filter> = { readonly [Name in keyof Filter]?: Filter[Name] | null } & Pick<JobFilter, 'limit'>

/** The jobs of a name, counted. */
export interface JobCount {
  readonly name: string
  /** Those that are due, and those whose time has not come. */
  readonly waiting: number
  readonly running: number
  readonly dead: number
  /** Seconds since the oldest waiting job was due; null when none is. */
  readonly oldestSeconds: number | null
}

/** The most rows of a table that are counted: a large backlog stays cheap. */
const maxCounted = 100_000

/** Counts jobs by name. */
export function countJobs(db: Database): Promise<JobCount[]> {
  return db.many<JobCount>`
    SELECT name,
      count(*) FILTER (WHERE state = 'waiting')::int AS waiting,
      count(*) FILTER (WHERE state = 'running')::int AS running,
      count(*) FILTER (WHERE state = 'dead')::int AS dead,
      extract(epoch FROM clock_timestamp()
        - min(at) FILTER (WHERE state = 'waiting' AND at <= clock_timestamp()))::float8 AS "oldestSeconds"
    FROM (
      (SELECT name, ${stateOfJob} AS state, run_at AS at FROM tricube.jobs LIMIT ${maxCounted})
      UNION ALL
      (SELECT name, 'dead', died_at FROM tricube.dead_jobs LIMIT ${maxCounted})
    ) AS job
    GROUP BY name ORDER BY name`
}

/** A schedule, for people. */
export interface ListedSchedule {
  readonly name: string
  /** The cron pattern and the time zone. */
  readonly pattern: string
  /** When the next run is due, in milliseconds since 1970; null for never. */
  readonly dueAt: number | null
}

/** Returns the schedules of a service. */
export function listSchedules(db: Database): Promise<ListedSchedule[]> {
  return db.many<ListedSchedule>`
    SELECT name, pattern, CASE WHEN due_at < 'infinity' THEN extract(epoch FROM due_at)::float8 * 1000 END AS "dueAt"
    FROM tricube.job_schedules ORDER BY due_at, name`
}

/** Runs a dead job again, under a new id, or a waiting job now. Returns its id; undefined if there is no such job. */
export async function retryJob(db: Database, id: number): Promise<number | undefined> {
  const [again] = await retryDead(db, sql`id = ${id}`)
  if (again !== undefined) return again
  const touched = await db.execute`
    UPDATE tricube.jobs SET run_at = now(), attempt = CASE WHEN run_at = 'infinity' THEN 0 ELSE attempt END
    WHERE id = ${id} AND worker IS NULL`
  return touched > 0 ? id : undefined
}

/** Runs all dead jobs of a name again. Returns their number. */
export async function retryAllDead(db: Database, name: string): Promise<number> {
  return (await retryDead(db, sql`name = ${name}`)).length
}

/** Returns the names of dead jobs. */
export async function deadNames(db: Database): Promise<string[]> {
  const rows = await db.many<{ name: string }>`SELECT DISTINCT name FROM tricube.dead_jobs ORDER BY name LIMIT 50`
  return rows.map(({ name }) => name)
}

/** Cancels a job or deletes a dead one. Returns false if there is no such job. */
export async function cancelJob(db: Database, id: number): Promise<boolean> {
  if (await cancel(db, id)) return true
  return (await db.execute`DELETE FROM tricube.dead_jobs WHERE id = ${id}`) > 0
}

/** Cancels all jobs of a name that wait. Returns their number. */
export function cancelAllWaiting(db: Database, name: string): Promise<number> {
  return db.execute`DELETE FROM tricube.jobs WHERE name = ${name} AND worker IS NULL AND run_at < 'infinity'`
}

/** Returns the names of waiting jobs. */
export async function waitingNames(db: Database): Promise<string[]> {
  const rows = await db.many<{ name: string }>`
    SELECT DISTINCT name FROM tricube.jobs WHERE worker IS NULL AND run_at < 'infinity' ORDER BY name LIMIT 50`
  return rows.map(({ name }) => name)
}

/** The new id puts the job behind all jobs of its key. */
async function retryDead(db: Database, which: Fragment): Promise<number[]> {
  const rows = await db.many<{ id: number }>`
    WITH raised AS (DELETE FROM tricube.dead_jobs WHERE ${which} RETURNING *)
    INSERT INTO tricube.jobs (name, input, priority, run_at, key, trace, error, created_at)
    SELECT name, input, priority, now(), key, trace, error, created_at FROM raised ORDER BY id
    RETURNING id`
  return rows.map(({ id }) => id)
}
