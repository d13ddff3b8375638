import type { Database } from '../sql/index.ts'
import { parsePositions } from './position.ts'

/** A published event, for people. */
export interface ListedEvent {
  readonly id: number
  readonly name: string
  readonly key: string | null
  readonly publishedAt: string
  /** W3C `traceparent` of the request that published it. */
  readonly trace: string | null
  /** JSON. */
  readonly payload: string
}

/** Which events are listed. */
export interface EventFilter {
  readonly id?: number | undefined
  readonly name?: string | undefined
  readonly key?: string | undefined
  /** The maximum number of events. */
  readonly limit: number
}

/** Returns the events that a service has published, the newest first. */
export function listEvents(db: Database, { id, name, key, limit }: EventFilter): Promise<ListedEvent[]> {
  const [onlyId, onlyName, onlyKey] = [id ?? null, name ?? null, key ?? null]
  return db.many<ListedEvent>`
    SELECT id, name, key, published_at AS "publishedAt", trace, payload FROM tricube.events
    WHERE (${onlyId}::bigint IS NULL OR id = ${onlyId})
      AND (${onlyName}::text IS NULL OR name = ${onlyName})
      AND (${onlyKey}::text IS NULL OR key = ${onlyKey})
    ORDER BY id DESC LIMIT ${limit}`
}

/** A subscription, for people. */
export interface ListedSubscription {
  readonly name: string
  /** Its position in the log of its publisher; empty before it has begun. */
  readonly position: string
  /** Whether it has begun. */
  readonly hasBegun: boolean
  /** When it last took events, or moved on without any. */
  readonly readAt: string
  /** The process that reads for it. */
  readonly reader: string | null
}

/** Returns the subscriptions of a service. */
export function listSubscriptions(db: Database): Promise<ListedSubscription[]> {
  return db.many<ListedSubscription>`
    SELECT subscription AS name, regexp_replace(position, ',~.*', '') AS position, position <> '' OR bookmark IS NOT NULL AS "hasBegun", read_at AS "readAt",
      CASE WHEN leased_until > now() THEN reader END AS reader
    FROM tricube.event_cursors ORDER BY subscription`
}

/** How far a subscription is behind its publisher. */
export interface SubscriptionLag {
  /** Events that it has not read, at most 10,000. */
  readonly events: number
  /** Milliseconds since the oldest of them was published; null without any. */
  readonly ageMs: number | null
}

const maxUnread = 10_000

/**
 * Returns how far a subscription is behind the log of its publisher. Undefined when its position is not one in this database:
 * the log is elsewhere, or the events after it have been deleted.
 */
export async function lagOf(
  publisher: Database,
  position: string,
  event: string,
): Promise<SubscriptionLag | undefined> {
  const own = position === '' ? undefined : parsePositions(position).get('')
  if (!own) return undefined
  const { from, to, row } = own
  return publisher.maybeOne<SubscriptionLag>`
    SELECT unread.events, unread."ageMs" FROM tricube.event_ticks AS old
      LEFT JOIN tricube.event_ticks AS new ON new.id = ${to},
      LATERAL (
        SELECT count(*)::int AS events, extract(epoch FROM clock_timestamp() - min(published_at))::float8 * 1000 AS "ageMs"
        FROM (
          SELECT published_at FROM tricube.events
          WHERE xid >= pg_snapshot_xmin(old.snapshot) AND NOT pg_visible_in_snapshot(xid, old.snapshot) AND name = ${event}
            AND NOT (id <= ${row} AND new.id IS NOT NULL AND pg_visible_in_snapshot(xid, new.snapshot))
          LIMIT ${maxUnread}
        ) AS event
      ) AS unread
    WHERE old.id = ${from}`
}

/**
 * Has a subscription begin anew: what it has handled since then is handled again. Returns false when there is no such
 * subscription.
 */
export async function replay(db: Database, subscription: string, from: 'now' | 'beginning' | Date): Promise<boolean> {
  const begins = from instanceof Date ? from.toISOString() : from
  const replayed = await db.execute`
    UPDATE tricube.event_cursors SET position = '', bookmark = NULL, begins = ${begins}
    WHERE subscription = ${subscription}`
  return replayed > 0
}
