import type { Database } from '../sql/index.ts'

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
