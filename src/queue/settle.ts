import { sql, type Database, type Fragment, type Sql } from '../sql/index.ts'
import type { AttemptOf } from './job.ts'

// The ends of an attempt. Each touches a row only while it still belongs to this worker and this attempt.

/** Deletes jobs that are done; resolves to the ids of those that were still this worker's. */
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

/** Deletes one that is done, in the transaction of what it did; false when it is this worker's no more. */
export async function completeIn(
  tx: Pick<Sql, 'execute'>,
  worker: number,
  { id, attempt, name, key }: AttemptOf & { readonly name: string; readonly key: string | null },
): Promise<boolean> {
  const count = await tx.execute`
    DELETE FROM tricube.jobs WHERE id = ${id} AND attempt = ${attempt} AND worker = ${worker}`
  if (count === 1 && key !== null) await release(tx, name, key)
  return count === 1
}

/** Has one that failed run again later; `error` is JSON. */
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

/** Sets one aside that has failed for the last time; `error` is JSON. */
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

/** Has one that has failed for the last time stay where it is, so that later ones of its key wait; `error` is JSON. */
export async function hold(db: Database, worker: number, { id, attempt }: AttemptOf, error: string): Promise<boolean> {
  const held = await db.execute`
    UPDATE tricube.jobs SET worker = NULL, error = ${error}, run_at = 'infinity'
    WHERE id = ${id} AND attempt = ${attempt} AND worker = ${worker}`
  return held > 0
}

/** Gives back what was claimed; `uncounted` is 1 for what has not begun. */
export async function giveBack(
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

/** Gives back what a worker has claimed and does not have, for it never heard of it. It does not count as an attempt. */
export async function giveBackStrays(db: Database, worker: number, held: readonly number[]): Promise<void> {
  await db.many`
    WITH ended AS (
      UPDATE tricube.jobs AS job SET worker = NULL, attempt = job.attempt - 1
      WHERE job.worker = ${worker} AND job.id <> ALL (${held}::bigint[])
      RETURNING job.id, job.name, job.key
    ), ${releasedBefore}
    SELECT count(*) FROM ended`
}

/** Ends a job that waits or runs; what it does is not committed, and its signal aborts. False when there is none. */
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

/** Releases the next job of the key of each that has `ended`, which this statement still sees. */
const released: Fragment = sql`released AS (
  UPDATE tricube.jobs AS job SET held = false, after = ended.id
  FROM ended
  WHERE ended.key IS NOT NULL AND job.id = (
    SELECT min(next.id) FROM tricube.jobs AS next
    WHERE next.name = ended.name AND next.key = ended.key AND next.id <> ended.id
  )
)`

/** The same where the job itself waits again: only one that was committed late, and comes before it, may go first. */
const releasedBefore: Fragment = sql`released AS (
  UPDATE tricube.jobs AS job SET held = false, after = ended.id
  FROM ended
  WHERE ended.key IS NOT NULL AND job.id = (
    SELECT min(next.id) FROM tricube.jobs AS next
    WHERE next.name = ended.name AND next.key = ended.key AND next.id < ended.id
  )
)`

/**
 * Releases what waits for no other job and is held nonetheless: two that ended at one moment may each have taken the other
 * for the next one.
 */
export async function releaseForgotten(db: Database): Promise<void> {
  await db.execute`
    UPDATE tricube.jobs SET held = false
    WHERE held AND id IN (SELECT min(id) FROM tricube.jobs WHERE key IS NOT NULL GROUP BY name, key)`
}
