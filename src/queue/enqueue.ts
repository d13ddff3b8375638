import type { Sql } from '../sql/index.ts'

/** A job as it is stored. */
export interface NewJob {
  readonly name: string
  /** JSON. */
  readonly input: string
  /** From 0, the most urgent. */
  readonly priority: number
  /** When it is due: so many milliseconds from now, or at a time of its own. */
  readonly delayMs: number
  readonly runAt: Date | undefined
  readonly key: string | null
  readonly unique: string | undefined
  readonly trace: string | null
}

/** What became of a job that was enqueued. */
export interface Enqueued {
  readonly id: number
  /** False: there was a job with this `unique` already, which `id` names. */
  readonly created: boolean
}

/** Stores a job; of those with one `unique` only the first, until that is done. */
export async function enqueue(sql: Pick<Sql, 'value' | 'maybeOne'>, job: NewJob): Promise<Enqueued> {
  const { name, input, priority, delayMs, runAt = null, key, unique, trace } = job
  if (unique === undefined) {
    const id = await sql.value<number>`
      INSERT INTO tricube.jobs (name, input, priority, run_at, key, trace)
      VALUES (${name}, ${input}, ${priority},
        coalesce(${runAt}::timestamptz, now() + ${delayMs}::float8 * interval '1 millisecond'), ${key}, ${trace})
      RETURNING id`
    return { id, created: true }
  }
  for (let round = 1; ; round++) {
    const row = await sql.maybeOne<Enqueued>`
      WITH made AS (
        INSERT INTO tricube.jobs (name, input, priority, run_at, key, unique_key, trace)
        VALUES (${name}, ${input}, ${priority},
          coalesce(${runAt}::timestamptz, now() + ${delayMs}::float8 * interval '1 millisecond'), ${key}, ${unique}, ${trace})
        ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING
        RETURNING id
      )
      SELECT id, true AS created FROM made
      UNION ALL
      SELECT id, false FROM tricube.jobs
      WHERE name = ${name} AND unique_key = ${unique} AND NOT EXISTS (SELECT FROM made)`
    // No row: the other one was committed while this statement ran, or is done meanwhile. The next statement sees which.
    if (row) return row
    if (round === mostRounds) throw new Error(`${name}: the job with unique "${unique}" came and went ${round} times`)
  }
}

const mostRounds = 20
