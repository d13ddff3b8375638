import type { Database } from '../sql/index.ts'

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

/** How long an instance may read for a subscription after it last renewed the lease. */
const leasedFor = '9 seconds'

/**
 * Takes or renews the lease to read for a subscription. Returns its position, an empty string before the first read, or
 * undefined while another instance reads.
 */
export async function lease(db: Database, subscription: string, reader: string): Promise<string | undefined> {
  const row = await db.maybeOne<{ position: string }>`
    INSERT INTO tricube.event_cursors AS cursor (subscription, position, reader, leased_until)
    VALUES (${subscription}, '', ${reader}, now() + ${leasedFor}::interval)
    ON CONFLICT (subscription) DO UPDATE SET reader = excluded.reader, leased_until = excluded.leased_until
    WHERE cursor.reader = excluded.reader OR cursor.reader IS NULL OR cursor.leased_until < now()
    RETURNING position`
  return row?.position
}

/** Releases the lease, so that another instance can read. */
export async function release(db: Database, subscription: string, reader: string): Promise<void> {
  await db.execute`
    UPDATE tricube.event_cursors SET reader = NULL WHERE subscription = ${subscription} AND reader = ${reader}`
}

/**
 * Enqueues a job for each event and advances the position in one statement, so that each event is handled once. Returns
 * false when another instance has moved the position.
 */
export async function enqueueEvents(
  db: Database,
  { subscription, task }: { readonly subscription: string; readonly task: string },
  from: string,
  to: string,
  events: readonly FeedEvent[],
): Promise<boolean> {
  const inputs = events.map(inputOf)
  const keys = events.map(({ key }) => key)
  const traces = events.map(({ trace }) => trace)
  const { moved } = await db.one<{ moved: number }>`
    WITH moved AS (
      UPDATE tricube.event_cursors SET position = ${to}, read_at = now()
      WHERE subscription = ${subscription} AND position = ${from}
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
