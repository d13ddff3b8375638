import { defaultLanes, defaultPool } from '../../../sql/open.ts'

/** One worker's share of what is set for the whole service; at least 1, unless that is nothing. */
export function shareOf(total: number, workers: number): number {
  return Math.max(Math.min(1, total), Math.floor(total / workers))
}

/** The options of a database that all workers share. */
interface Shared {
  readonly lanes?: number
  readonly pool?: number
}

/**
 * What one worker may use of a database, so that all of them keep to the service's `lanes` and `pool`.
 *
 * What the service does not set grows with the workers, as far as each of them needs it: one lane, and two pooled
 * connections, so that a long transaction holds up no other.
 */
export function databaseShare<Settings extends Shared>(settings: Settings, workers: number): Settings & Shared {
  if (workers === 1) return settings
  const { lanes, pool } = settings
  return {
    ...settings,
    lanes: shareOf(lanes ?? Math.max(defaultLanes, workers), workers),
    pool: shareOf(pool ?? Math.max(defaultPool, 2 * workers), workers),
  }
}
