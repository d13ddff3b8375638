import type { Database } from '../sql/index.ts'
import type { LogChange } from './mark.ts'

/** An event of a feed. */
export interface FeedEvent {
  /** Unique among the events of the publisher. */
  readonly id: string
  readonly name: string
  readonly key: string | null
  /** JSON. */
  readonly payload: string
  readonly trace: string | null
  /** Milliseconds since 1970. */
  readonly publishedAt: number
}

/** The cursor of a subscription. */
export interface Cursor {
  /** The position in the log of the publisher: an empty string before the first read. */
  readonly position: string
  /** What the source of the events stores besides. */
  readonly bookmark: string | null
  /** Where a replay begins: `now`, `beginning` or a time. Null: where the subscription says. */
  readonly begins: string | null
}

/** A database of the publisher in which a subscription begins anew, and why. */
export interface StoreChange {
  /** The name of the shard; empty for the database outside of the shards. */
  readonly store: string
  readonly change: LogChange
}

/** A database of the publisher whose events wait, and why. */
export interface StoreFailure {
  readonly store: string
  readonly reason: string
}

/** Events after a cursor, and the cursor after them. */
export interface EventBatch {
  readonly events: readonly FeedEvent[]
  readonly position: string
  /** Default: that of the cursor. */
  readonly bookmark?: string | undefined
  /** Where the log is not the one that was read before. */
  readonly changes?: readonly StoreChange[] | undefined
  /** Where events wait, while those of other databases are read. */
  readonly failures?: readonly StoreFailure[] | undefined
  /** Called when the jobs of the events are stored. */
  readonly acknowledge?: () => void
}

/** How long an instance may read after it last renewed the lease. */
export const leasedFor = '9 seconds'

/** Takes or renews the lease to read for a subscription. Returns its cursor, or undefined while another instance reads. */
export function lease(db: Database, subscription: string, reader: string): Promise<Cursor | undefined> {
  return db.maybeOne<Cursor>`
    INSERT INTO tricube.event_cursors AS cursor (subscription, position, reader, leased_until)
    VALUES (${subscription}, '', ${reader}, now() + ${leasedFor}::interval)
    ON CONFLICT (subscription) DO UPDATE SET reader = excluded.reader, leased_until = excluded.leased_until
    WHERE cursor.reader = excluded.reader OR cursor.reader IS NULL OR cursor.leased_until < now()
    RETURNING position, bookmark, begins`
}

/** Stores when a subscription has begun whose publisher does not respond yet: it gets what is published meanwhile. */
export async function beginAt(db: Database, subscription: string, time: Date): Promise<void> {
  await db.execute`
    UPDATE tricube.event_cursors SET begins = ${time.toISOString()}
    WHERE subscription = ${subscription} AND position = '' AND bookmark IS NULL AND coalesce(begins, 'now') = 'now'`
}

/** Releases the lease, so that another instance can read. */
export async function release(db: Database, subscription: string, reader: string): Promise<void> {
  await db.execute`
    UPDATE tricube.event_cursors SET reader = NULL WHERE subscription = ${subscription} AND reader = ${reader}`
}

/**
 * Enqueues a job for each event and advances the cursor in one statement, so that each event is handled once. Returns
 * false when another instance or a replay has moved the cursor.
 */
export async function enqueueEvents(
  db: Database,
  { subscription, task }: { readonly subscription: string; readonly task: string },
  from: Cursor,
  { events, position, bookmark }: EventBatch,
): Promise<boolean> {
  const inputs = events.map(inputOf)
  const keys = events.map(({ key }) => key)
  const traces = events.map(({ trace }) => trace)
  const { moved } = await db.one<{ moved: number }>`
    WITH moved AS (
      UPDATE tricube.event_cursors
      SET position = ${position}, bookmark = coalesce(${bookmark ?? null}, bookmark), read_at = now()
      WHERE subscription = ${subscription} AND position = ${from.position}
        AND bookmark IS NOT DISTINCT FROM ${from.bookmark}::text AND begins IS NOT DISTINCT FROM ${from.begins}::text
      RETURNING subscription
    ), taken AS (
      INSERT INTO tricube.jobs (name, input, priority, run_at, key, trace)
      SELECT ${task}::text, event.input, 1, now(), event.key, event.trace
      FROM moved, unnest(${inputs}::text[], ${keys}::text[], ${traces}::text[]) WITH ORDINALITY AS event(input, key, trace, nth)
      ORDER BY event.nth
    )
    SELECT count(*)::int AS moved FROM moved`
  return moved > 0
}

/** Returns the input of an event's job. */
export function inputOf({ id, payload, publishedAt }: FeedEvent): string {
  return `{"id":${JSON.stringify(id)},"publishedAt":${publishedAt},"event":${payload}}`
}
