import type { Database } from '../sql/index.ts'
import { startOf, type Position } from './log.ts'
import { createdMs, tickedMs, type LogChange } from './mark.ts'
import { rebase } from './rebase.ts'

/** Where a reader goes on. */
export interface Resumed {
  readonly position: Position
  /** Why it does not go on at its own position. */
  readonly change?: LogChange
}

/** How much of what a reader has read may be read again after a restore, in milliseconds: clocks of servers differ. */
const toleranceMs = 60_000

/**
 * Returns the position itself, marked, while the log is the one that the reader has read.
 *
 * In another database, the reader begins with the oldest event. In a database that was restored to an earlier state, it goes on with
 * what both histories share. Either way it reads some events again, and misses none.
 */
export async function resume(db: Database, position: Position): Promise<Resumed> {
  const { from, to, mark } = position
  const found = await db.primary.one<Found>`
    SELECT ${createdMs} AS log, (SELECT ${tickedMs} FROM tricube.event_ticks WHERE id = ${to}) AS at,
      EXISTS (SELECT FROM tricube.event_ticks WHERE id = ${from}) AS "hasFrom",
      first.id AS first, pg_snapshot_xmax(last.snapshot) > pg_snapshot_xmax(pg_current_snapshot()) AS "isForeign"
    FROM (SELECT min(id) AS id FROM tricube.event_ticks) AS first,
      (SELECT snapshot FROM tricube.event_ticks ORDER BY id DESC LIMIT 1) AS last`
  if (found.isForeign && (await rebase(db))) return resume(db, position)
  const { log, at, hasFrom, first } = found
  const isOther = mark !== undefined && mark.log !== log
  if (!isOther && at !== null && (mark === undefined || mark.at === at) && (hasFrom || from < first)) {
    return { position: { ...position, mark: { log, at } } }
  }
  if (!isOther && at === null && to < first) return { position } // its events were deleted: the read says so
  if (isOther) return { position: await startOf(db, 'beginning'), change: 'replaced' }
  const shared = mark && (await lastShared(db, from, mark.at))
  return { position: shared ?? (await startOf(db, 'beginning')), change: 'restored' }
}

interface Found {
  readonly log: number
  readonly at: number | null
  readonly hasFrom: boolean
  readonly first: number
  /** Whether the last tick is from another PostgreSQL, whose transactions have larger numbers. */
  readonly isForeign: boolean
}

/** Returns the last tick that was certainly stored before the histories parted. */
async function lastShared(db: Database, from: number, atMs: number): Promise<Position | undefined> {
  const tick = await db.primary.maybeOne<{ id: number; log: number; at: number }>`
    SELECT id, ${createdMs} AS log, ${tickedMs} AS at FROM tricube.event_ticks
    WHERE id <= ${from} AND ticked_at < to_timestamp(${(atMs - toleranceMs) / 1000}::float8)
    ORDER BY id DESC LIMIT 1`
  return tick && { from: tick.id, to: tick.id, row: 0, mark: { log: tick.log, at: tick.at } }
}
