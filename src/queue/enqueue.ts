import type { Sql } from '../sql/index.ts'

/** A job as it is stored. */
export interface NewJob {
  readonly name: string
  /** JSON. */
  readonly input: string
  /** 0 is the most urgent. */
  readonly priority: number
  /** Milliseconds until the job is due, unless `runAt` is set. */
  readonly delayMs: number
  readonly runAt: Date | undefined
  readonly key: string | null
  readonly unique: string | undefined
  readonly trace: string | null
}

/** The result of enqueuing a job. */
export interface Enqueued {
  readonly id: number
  /** False if `id` is that of an earlier job with the same `unique`. */
  readonly created: boolean
}

/** Stores a job. With `unique`, it stores none while an earlier job with that value is not done. */
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
    // Without a row, the other job was committed or deleted while this statement ran. The next statement sees which.
    if (row) return row
    if (round === maxRounds)
      throw new Error(
        `${name}: could not enqueue the job with unique "${unique}": in ${round} attempts, another one appeared and ended`,
      )
  }
}

const maxRounds = 20
