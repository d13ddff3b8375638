import { sql, type Fragment } from '../sql/index.ts'

/**
 * Tells the ticks of different logs apart. Their numbers repeat in a new database, and in one that was restored to an earlier
 * state.
 */
export interface Mark {
  /** When the log was created, in milliseconds since 1970. */
  readonly log: number
  /** When the tick was stored, in milliseconds since 1970. */
  readonly at: number
}

/** How the log of a publisher differs from the one that a reader has read: another database, or an earlier state of it. */
export type LogChange = 'replaced' | 'restored'

/** SQL of the time when the log was created. A dump has it too. */
export const createdMs: Fragment = sql`coalesce((
  SELECT floor(extract(epoch FROM applied_at) * 1000)::float8 FROM tricube.versions WHERE room = 'events' AND version = 1
), 0)`

/** SQL of the time when a tick was stored. */
export const tickedMs: Fragment = sql`floor(extract(epoch FROM ticked_at) * 1000)::float8`
