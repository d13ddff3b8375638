import { Conflict, Gone } from '../contract/errors.ts'
import type { Database, Sql } from '../sql/index.ts'
import { createdMs, tickedMs, type Mark } from './mark.ts'

/** An event to store. */
export interface NewEvent {
  readonly name: string
  readonly key: string | null
  /** JSON. */
  readonly payload: string
  readonly trace: string | null
}

/** A stored event. */
export interface LoggedEvent extends NewEvent {
  readonly id: number
  /** Milliseconds since 1970. */
  readonly publishedAt: number
}

/**
 * A position in the log: after all events that tick `from` sees, and after row `row` of those that only tick `to` sees.
 */
export interface Position {
  readonly from: number
  readonly to: number
  readonly row: number
  /** The mark of tick `to`. Positions of earlier releases have none. */
  readonly mark?: Mark | undefined
}

/** The maximum number of ticks that one read covers. */
const maxTicks = 100
/** How many times fewer ticks a read covers when the events of all of them exceed its limit. */
const tickReduction = 10

/** Stores an event. */
export async function publish(to: Pick<Sql, 'execute'>, { name, key, payload, trace }: NewEvent): Promise<void> {
  await to.execute`
    INSERT INTO tricube.events (name, key, payload, trace) VALUES (${name}, ${key}, ${payload}, ${trace})`
}

/**
 * Stores a tick if there are events that the last tick does not see. If several processes do so at once, one wins.
 * Its tick sees at most what the rejected ticks would have seen.
 *
 * The times of ticks rise, even if the clock was set back. One that was hours ahead does not count.
 */
export async function tick(db: Database): Promise<boolean> {
  const ticked = await db.execute`
    INSERT INTO tricube.event_ticks (id, snapshot, ticked_at)
    SELECT last.id + 1, pg_current_snapshot(), greatest(
      clock_timestamp(), least(last.ticked_at + interval '1 millisecond', clock_timestamp() + interval '1 hour')
    )
    FROM (SELECT id, snapshot, ticked_at FROM tricube.event_ticks ORDER BY id DESC LIMIT 1) AS last
    WHERE EXISTS (
      SELECT FROM tricube.events AS event
      WHERE event.xid >= pg_snapshot_xmax(last.snapshot) AND pg_visible_in_snapshot(event.xid, pg_current_snapshot())
    ) OR EXISTS (
      SELECT FROM tricube.events AS event
      WHERE event.xid = ANY (ARRAY(SELECT pg_snapshot_xip(last.snapshot)))
        AND pg_visible_in_snapshot(event.xid, pg_current_snapshot())
    )
    ON CONFLICT (id) DO NOTHING`
  return ticked > 0
}

/** Returns the position of a new subscription: now, the oldest stored event, or a time. */
export async function startOf(db: Database, from: 'now' | 'beginning' | Date): Promise<Position> {
  if (from === 'now') await tick(db)
  const at = from === 'now' ? 'infinity' : from === 'beginning' ? '-infinity' : from.toISOString()
  const { id, ...mark } = await db.primary.one<{ id: number } & Mark>`
    SELECT id, ${createdMs} AS log, ${tickedMs} AS at FROM tricube.event_ticks
    WHERE id = coalesce(
      (SELECT max(id) FROM tricube.event_ticks WHERE ticked_at <= ${at}::timestamptz),
      (SELECT min(id) FROM tricube.event_ticks)
    )`
  return { from: id, to: id, row: 0, mark }
}

/** Events and the position after them. */
export interface Batch {
  readonly events: readonly LoggedEvent[]
  readonly position: Position
}

/**
 * Reads the events of these names, or of all, after a position, from at most `ticks` ticks. The events of one batch are in the order of
 * their ids.
 *
 * A batch that exceeds the limit is read again from fewer ticks. So a position never lies within several ticks, and all
 * readers agree on what comes before it, whichever ticks they read together.
 *
 * @throws {Gone} when events after the position have been deleted
 * @throws {Conflict} when the position is after the end of the log: `resume` gives another one
 */
export async function read(
  db: Database,
  { from, to, row, mark }: Position,
  names: readonly string[] | undefined,
  limit: number,
  ticks: number = maxTicks,
): Promise<Batch> {
  const { id: end, at } = to > from ? { id: to, at: mark?.at } : await nextTick(db, from, ticks)
  if (end === from) return { events: [], position: { from, to: from, row: 0, mark } }
  const events = await db.primary.many<LoggedEvent>`
    WITH old AS (SELECT snapshot FROM tricube.event_ticks WHERE id = ${from}),
      new AS (SELECT snapshot FROM tricube.event_ticks WHERE id = ${end}),
      found AS (
        SELECT event.* FROM old, new, tricube.events AS event
        WHERE event.xid >= pg_snapshot_xmax(old.snapshot) AND event.xid < pg_snapshot_xmax(new.snapshot)
          AND pg_visible_in_snapshot(event.xid, new.snapshot)
        UNION ALL
        SELECT event.* FROM old, new, tricube.events AS event
        WHERE event.xid = ANY (ARRAY(SELECT pg_snapshot_xip(old.snapshot))) AND event.xid < pg_snapshot_xmax(old.snapshot)
          AND pg_visible_in_snapshot(event.xid, new.snapshot)
      )
    SELECT id, name, key, payload, trace, extract(epoch FROM published_at)::float8 * 1000 AS "publishedAt"
    FROM found
    WHERE id > ${row} AND (${names ?? null}::text[] IS NULL OR name = ANY (${names ?? null}::text[]))
    ORDER BY id
    LIMIT ${limit}`
  if (events.length === 0 && to > from) await nextTick(db, from, 1) // the remaining events of the batch may have been deleted
  const isLast = events.length < limit
  if (!isLast && to === from && end > from + 1) {
    return read(db, { from, to, row, mark }, names, limit, Math.ceil((end - from) / tickReduction))
  }
  const after = { to: end, mark: mark && at !== undefined ? { log: mark.log, at } : undefined }
  return { events, position: isLast ? { from: end, row: 0, ...after } : { from, row: events.at(-1)!.id, ...after } }
}

/** Returns the tick to read up to, and when it was stored: `from` when there is no later one. */
async function nextTick(
  db: Database,
  from: number,
  ticks: number,
): Promise<{ readonly id: number; readonly at?: number }> {
  const { exists, end, at, last } = await db.primary.one<{
    exists: boolean
    end: number | null
    at: number
    last: number
  }>`
    SELECT EXISTS (SELECT FROM tricube.event_ticks WHERE id = ${from}) AS "exists", next.id AS "end", next.at, last.id AS last
    FROM (SELECT max(id) AS id FROM tricube.event_ticks) AS last LEFT JOIN LATERAL (
      SELECT id, ${tickedMs} AS at FROM tricube.event_ticks WHERE id > ${from} AND id <= ${from + ticks}
      ORDER BY id DESC LIMIT 1
    ) AS next ON true`
  if (exists) return end === null ? { id: from } : { id: end, at }
  if (from > last) {
    throw new Conflict(
      `the log ends at tick ${last}, before tick ${from} that was read: it is another database, or an older backup`,
    )
  }
  throw new Gone(`the events after tick ${from} have been deleted, because the subscription did not read them in time`)
}

/** The maximum number of events that one statement deletes. */
const maxDeleted = 10_000

/** Deletes events that are older than `ms` milliseconds, in batches. The last tick stays. */
export async function deleteBefore(db: Database, ms: number): Promise<void> {
  const old = await db.primary.maybeOne<{ id: number }>`
    SELECT id FROM tricube.event_ticks WHERE ticked_at < now() - ${ms}::float8 * interval '1 millisecond'
    ORDER BY id DESC LIMIT 1`
  if (!old) return
  await db.execute`DELETE FROM tricube.event_ticks WHERE id < ${old.id}`
  for (let deleted = maxDeleted; deleted === maxDeleted;) {
    deleted = await db.execute`
      DELETE FROM tricube.events WHERE id IN (
        SELECT event.id FROM tricube.events AS event, tricube.event_ticks AS tick
        WHERE tick.id = ${old.id} AND event.xid < pg_snapshot_xmin(tick.snapshot)
        ORDER BY event.id LIMIT ${maxDeleted}
      )`
  }
}
