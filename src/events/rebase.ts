import type { Database } from '../sql/index.ts'

// Transaction numbers that no transaction has: PostgreSQL begins with 3, and creating a database takes some hundred of them.
const read = '3'
const seesNothing = '3:3:'
const seesRead = '4:4:'
/** It may write every stored event. */
const timeoutMs = 600_000
/** The ASCII of "triticks". Advisory locks are local to a database. */
const lockKey = 8390885004449901427n

/**
 * Adapts the log of a dump that was restored into another PostgreSQL, whose transactions have smaller numbers. Without that, its
 * ticks would count new events as old ones, and nobody would get them.
 *
 * The last tick goes on to see what it has seen. Of the ticks before it only the first one remains, before all events. Returns
 * false while another process does the same.
 */
export function rebase(db: Database): Promise<boolean> {
  return db.with({ slow: true, timeoutMs }).transaction(async (tx) => {
    if (!(await tx.value<boolean>`SELECT pg_try_advisory_xact_lock(${lockKey}::bigint)`)) return false
    const last = await tx.maybeOne<{ id: number }>`
      SELECT id FROM (SELECT id, snapshot FROM tricube.event_ticks ORDER BY id DESC LIMIT 1) AS last
      WHERE pg_snapshot_xmax(snapshot) > pg_snapshot_xmax(pg_current_snapshot())`
    if (!last) return true
    // Events that were published since the restore have small numbers too, so the time tells them from old ones.
    await tx.execute`
      UPDATE tricube.events AS event SET xid = CASE
        WHEN pg_visible_in_snapshot(event.xid, tick.snapshot) AND event.published_at <= tick.ticked_at THEN ${read}::xid8
        ELSE pg_current_xact_id() END
      FROM tricube.event_ticks AS tick WHERE tick.id = ${last.id}`
    await tx.execute`
      DELETE FROM tricube.event_ticks WHERE id <> ${last.id} AND id <> (SELECT min(id) FROM tricube.event_ticks)`
    await tx.execute`
      UPDATE tricube.event_ticks
      SET snapshot = CASE id WHEN ${last.id} THEN ${seesRead}::pg_snapshot ELSE ${seesNothing}::pg_snapshot END`
    return true
  })
}
