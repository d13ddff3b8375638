import { defaultLanes, defaultPool } from '../../../sql/open.ts'

/** Returns a worker's share of a limit that is set for the service: at least 1, unless the limit is 0. */
export function shareOf(total: number, workers: number): number {
  return Math.max(Math.min(1, total), Math.floor(total / workers))
}

/** The database options that are divided among workers. */
interface SharedOptions {
  readonly lanes?: number
  readonly pool?: number
}

/**
 * Returns a worker's share of the service's `lanes` and `pool`.
 *
 * Defaults grow with the number of workers, because each of them needs one lane and two pooled connections. With one
 * pooled
 * connection, a long transaction would block all others.
 */
export function databaseShare<Settings extends SharedOptions>(
  settings: Settings,
  workers: number,
): Settings & SharedOptions {
  if (workers === 1) return settings
  const { lanes, pool } = settings
  return {
    ...settings,
    lanes: shareOf(lanes ?? Math.max(defaultLanes, workers), workers),
    pool: shareOf(pool ?? Math.max(defaultPool, 2 * workers), workers),
  }
}
