import type { Database } from '../sql/index.ts'

/** An event as a feed gives it. */
export interface FedEvent {
  /** Names it among all events of its publisher. */
  readonly id: string
  readonly name: string
  readonly key: string | null
  /** JSON. */
  readonly payload: string
  readonly trace: string | null
  /** Milliseconds since 1970. */
  readonly publishedAt: number
}

/** How long one instance reads for a subscription after it was last heard of. */
const leasedFor = '9 seconds'

/**
 * Takes over, or goes on, reading for a subscription. Resolves to its position; undefined while another instance reads; an
 * empty text when it has none yet.
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

/** Lets another instance read. */
export async function release(db: Database, subscription: string, reader: string): Promise<void> {
  await db.execute`
    UPDATE tricube.event_cursors SET reader = NULL WHERE subscription = ${subscription} AND reader = ${reader}`
}

/**
 * Takes events in: makes a job of each and moves the position on, in one statement, so that each is taken once. False when
 * the position is another one meanwhile.
 */
export async function takeIn(
  db: Database,
  { subscription, task }: { readonly subscription: string; readonly task: string },
  from: string,
  to: string,
  events: readonly FedEvent[],
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

/** The input of the job of an event. */
export function inputOf({ id, payload, publishedAt }: FedEvent): string {
  return `{"id":${JSON.stringify(id)},"publishedAt":${publishedAt},"event":${payload}}`
}
