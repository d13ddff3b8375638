import type { Database } from '../sql/index.ts'

/** A job with a schedule. */
export interface ScheduledJob {
  readonly name: string
  /** The cron pattern and the time zone. An instance with another pattern does not enqueue the job. */
  readonly pattern: string
}

/** The stored state of a schedule. */
export interface ScheduleState {
  readonly name: string
  /** When the next run is due, in milliseconds since 1970; Infinity for never. `now` is the database's time. */
  readonly dueAt: number
  readonly now: number
}

/** A run that is due. */
export interface ScheduledRun {
  readonly due: Date
  /** Only one run with this value waits or runs at a time. */
  readonly unique: string
}

/** Returns the time of the database, in milliseconds since 1970. */
export function databaseNow(db: Database): Promise<number> {
  return db.primary.value<number>`SELECT extract(epoch FROM clock_timestamp())::float8 * 1000`
}

/** Stores the first run of a schedule. A schedule with the same pattern keeps its next run. */
export async function storeSchedule(db: Database, { name, pattern }: ScheduledJob, due: Date): Promise<void> {
  await db.execute`
    INSERT INTO tricube.job_schedules AS stored (name, pattern, due_at) VALUES (${name}, ${pattern}, ${due})
    ON CONFLICT (name) DO UPDATE SET pattern = excluded.pattern, due_at = excluded.due_at
    WHERE stored.pattern <> excluded.pattern`
}

/** Returns when schedules are due. */
export function schedulesOf(db: Database, jobs: readonly ScheduledJob[]): Promise<ScheduleState[]> {
  const names = jobs.map(({ name }) => name)
  const patterns = jobs.map(({ pattern }) => pattern)
  return db.primary.many<ScheduleState>`
    SELECT name, extract(epoch FROM due_at)::float8 * 1000 AS "dueAt",
      extract(epoch FROM clock_timestamp())::float8 * 1000 AS now
    FROM tricube.job_schedules JOIN unnest(${names}::text[], ${patterns}::text[]) AS mine(name, pattern) USING (name, pattern)`
}

/** The jobs to enqueue when a schedule is due. */
export interface Firing extends ScheduledJob {
  readonly due: Date
  readonly next: Date | undefined
  readonly runs: readonly ScheduledRun[]
  readonly priority: number
  readonly key: string | null
}

/**
 * Enqueues the runs that are due and advances the schedule in one statement, so that only one instance does it. Returns the
 * number of jobs; undefined when another instance was first.
 */
export async function fire(db: Database, firing: Firing): Promise<number | undefined> {
  const { name, pattern, due, next, runs, priority, key } = firing
  const dues = runs.map((run) => run.due.toISOString())
  const uniques = runs.map(({ unique }) => unique)
  const { moved, made } = await db.one<{ moved: number; made: number }>`
    WITH moved AS (
      UPDATE tricube.job_schedules SET due_at = coalesce(${next ?? null}::timestamptz, 'infinity')
      WHERE name = ${name} AND pattern = ${pattern} AND due_at = ${due}
      RETURNING name
    ), made AS (
      INSERT INTO tricube.jobs (name, input, priority, run_at, key, unique_key)
      SELECT moved.name, json_build_object('due', run.due)::text, ${priority}::smallint, run.due::timestamptz, ${key}::text, run.unique_key
      FROM moved, unnest(${dues}::text[], ${uniques}::text[]) AS run(due, unique_key)
      ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
      RETURNING id
    )
    SELECT (SELECT count(*)::int FROM moved) AS moved, (SELECT count(*)::int FROM made) AS made`
  return moved === 0 ? undefined : made
}
