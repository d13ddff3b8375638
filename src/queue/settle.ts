import { sql, type Database, type Fragment, type Sql } from '../sql/index.ts'
import type { AttemptOf } from './job.ts'

// Store the outcome of an attempt. Each statement changes a row only while it belongs to this worker and this attempt.

/** Deletes jobs that are done. Returns the ids of those that still belonged to this worker. */
export async function complete(db: Database, worker: number, attempts: readonly AttemptOf[]): Promise<number[]> {
  const ids = attempts.map(({ id }) => id)
  const numbers = attempts.map(({ attempt }) => attempt)
  const rows = await db.many<{ id: number }>`
    WITH ended AS (
      DELETE FROM tricube.jobs AS job USING unnest(${ids}::bigint[], ${numbers}::int[]) AS done(id, attempt)
      WHERE job.id = done.id AND job.attempt = done.attempt AND job.worker = ${worker}
      RETURNING job.id, job.name, job.key
    ), ${released}
    SELECT id FROM ended`
  return rows.map(({ id }) => id)
}

/**
 * Deletes a job that is done in the handler's transaction. Its statements can be sent together with COMMIT: when the job no longer
 * belongs to this worker, the first one fails, and the transaction with it.
 *
 * @throws {DatabaseError} `notOurs`, when it no longer belongs to this worker
 */
export async function completeIn(
  tx: Pick<Sql, 'execute'>,
  worker: number,
  { id, attempt, name, key }: AttemptOf & { readonly name: string; readonly key: string | null },
): Promise<void> {
  const ended = tx.execute`
    WITH ended AS (
      DELETE FROM tricube.jobs WHERE id = ${id} AND attempt = ${attempt} AND worker = ${worker} RETURNING id
    ) SELECT 1 / count(*) FROM ended`
  await Promise.all(key === null ? [ended] : [ended, release(tx, name, key)])
}

/** SQLSTATE of a division by zero: there was no such row. */
export const notOurs = '22012'

/** Retries a failed job after a delay. `error` is JSON. */
export async function retry(
  db: Database,
  worker: number,
  { id, attempt }: AttemptOf,
  delayMs: number,
  error: string,
): Promise<boolean> {
  const rows = await db.many`
    WITH ended AS (
      UPDATE tricube.jobs SET worker = NULL, error = ${error},
        run_at = clock_timestamp() + ${delayMs}::float8 * interval '1 millisecond'
      WHERE id = ${id} AND attempt = ${attempt} AND worker = ${worker}
      RETURNING id, name, key
    ), ${releasedBefore}
    SELECT id FROM ended`
  return rows.length > 0
}

/** Moves a job that failed for the last time to the dead jobs. `error` is JSON. */
export async function bury(db: Database, worker: number, { id, attempt }: AttemptOf, error: string): Promise<boolean> {
  const rows = await db.many`
    WITH ended AS (
      DELETE FROM tricube.jobs WHERE id = ${id} AND attempt = ${attempt} AND worker = ${worker}
      RETURNING *
    ), buried AS (
      INSERT INTO tricube.dead_jobs (id, name, input, priority, key, attempt, trace, error, created_at)
      SELECT id, name, input, priority, key, attempt, trace, ${error}, created_at FROM ended
    ), ${released}
    SELECT id FROM ended`
  return rows.length > 0
}

/** Keeps a job that failed for the last time in place, so that later jobs of its key wait. `error` is JSON. */
export async function hold(db: Database, worker: number, { id, attempt }: AttemptOf, error: string): Promise<boolean> {
  const held = await db.execute`
    UPDATE tricube.jobs SET worker = NULL, error = ${error}, run_at = 'infinity'
    WHERE id = ${id} AND attempt = ${attempt} AND worker = ${worker}`
  return held > 0
}

/** Returns claimed jobs to the queue. `uncounted` is 1 for jobs that have not started. */
export async function requeue(
  db: Database,
  worker: number,
  attempts: readonly AttemptOf[],
  uncounted: 0 | 1,
): Promise<void> {
  const ids = attempts.map(({ id }) => id)
  const numbers = attempts.map(({ attempt }) => attempt)
  await db.many`
    WITH ended AS (
      UPDATE tricube.jobs AS job SET worker = NULL, attempt = job.attempt - ${uncounted}::int
      FROM unnest(${ids}::bigint[], ${numbers}::int[]) AS given(id, attempt)
      WHERE job.id = given.id AND job.attempt = given.attempt AND job.worker = ${worker}
      RETURNING job.id, job.name, job.key
    ), ${releasedBefore}
    SELECT count(*) FROM ended`
}

/** Returns jobs to the queue that the worker owns without knowing. This does not count as an attempt. */
export async function requeueUnknown(db: Database, worker: number, held: readonly number[]): Promise<void> {
  await db.many`
    WITH ended AS (
      UPDATE tricube.jobs AS job SET worker = NULL, attempt = job.attempt - 1
      WHERE job.worker = ${worker} AND job.id <> ALL (${held}::bigint[])
      RETURNING job.id, job.name, job.key
    ), ${releasedBefore}
    SELECT count(*) FROM ended`
}

/** Cancels a job that waits or runs. Its signal aborts and its transaction is rolled back. Returns false if there is none. */
export async function cancel(db: Pick<Sql, 'many'>, id: number): Promise<boolean> {
  const rows = await db.many`
    WITH ended AS (DELETE FROM tricube.jobs WHERE id = ${id} RETURNING id, name, key), ${released}
    SELECT id FROM ended`
  return rows.length > 0
}

/** Releases the next job of a key. */
async function release(tx: Pick<Sql, 'execute'>, name: string, key: string): Promise<void> {
  await tx.execute`
    UPDATE tricube.jobs SET held = false
    WHERE id = (SELECT min(id) FROM tricube.jobs WHERE name = ${name} AND key = ${key})`
}

/** Releases the next job of the key of each job in `ended`. The statement's snapshot still contains those jobs. */
const released: Fragment = sql`released AS (
  UPDATE tricube.jobs AS job SET held = false, after = ended.id
  FROM ended
  WHERE ended.key IS NOT NULL AND job.id = (
    SELECT min(next.id) FROM tricube.jobs AS next
    WHERE next.name = ended.name AND next.key = ended.key AND next.id <> ended.id
  )
)`

/** Does the same for a job that waits again. Only a job with a lower id, committed late, may overtake it. */
const releasedBefore: Fragment = sql`released AS (
  UPDATE tricube.jobs AS job SET held = false, after = ended.id
  FROM ended
  WHERE ended.key IS NOT NULL AND job.id = (
    SELECT min(next.id) FROM tricube.jobs AS next
    WHERE next.name = ended.name AND next.key = ended.key AND next.id < ended.id
  )
)`

/**
 * Releases jobs that are held although they are first of their key. Two jobs that end at the same time may each take the
 * other for the next one.
 */
export async function releaseStuck(db: Database): Promise<void> {
  await db.execute`
    UPDATE tricube.jobs SET held = false
    WHERE held AND id IN (SELECT min(id) FROM tricube.jobs WHERE key IS NOT NULL GROUP BY name, key)`
}
