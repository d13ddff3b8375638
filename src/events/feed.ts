import type { Database } from '../sql/index.ts'
import type { FeedEvent, StoreChange, StoreFailure } from './cursors.ts'
import { read, type Position } from './log.ts'
import { parsePositions, positionText } from './position.ts'
import type { Collected } from './storeReader.ts'
import type { Stores } from './stores.ts'

/** A subscriber's request for events. */
export interface FeedQuery {
  /** The position of the subscriber. Without one, the feed starts at `from`. */
  readonly after?: string | undefined
  readonly from: 'now' | 'beginning' | Date
  readonly names: readonly string[]
  /** The maximum number of events. */
  readonly limit: number
  /** How long to wait for the first event, in milliseconds. */
  readonly waitMs: number
}

/** The events after a position, and the position after them. */
export interface FeedPage {
  readonly events: readonly FeedEvent[]
  readonly position: string
  /** The databases in which the subscriber begins anew. */
  readonly changes?: readonly StoreChange[]
  /** The databases whose events wait, while those of others are read. */
  readonly failures?: readonly StoreFailure[]
}

/** The maximum number of reads without an event before the subscriber gets its position. */
const maxReads = 50

/** Serves the event log of a service to its subscribers. */
export class Feed {
  readonly #service: string
  readonly #stores: Stores

  constructor(service: string, stores: Stores) {
    this.#service = service
    this.#stores = stores
  }

  /** Returns the events after a position. Waits for the first one until `waitMs` have passed or the signal aborts. */
  async take({ after, from, names, limit, waitMs }: FeedQuery, signal: AbortSignal): Promise<FeedPage> {
    const known = after === undefined ? undefined : parsePositions(after)
    const share = Math.ceil(limit / this.#stores.names.length)
    const readers = await this.#stores.read<FeedEvent>({
      start: (store) => known?.get(store) ?? (known ? 'beginning' : from),
      collect: (store, db, position) => this.#collect(store, db, position, names, share),
      waitMs,
      needsAll: known === undefined,
      signal,
    })
    // Positions in databases that this instance does not know are kept: a newer release may have added a shard.
    const positions = new Map(known)
    for (const { store, position, error } of readers) {
      if (position) positions.set(store, position)
      else if (!known) throw error // a subscription begins in all of them
    }
    const changes = readers.flatMap(({ store, change }) => (change ? [{ store, change }] : []))
    const failures = readers.flatMap(({ store, error }) =>
      error === undefined ? [] : [{ store, reason: (error as Error).message }],
    )
    return {
      events: readers.flatMap(({ events }) => events),
      position: positionText(positions),
      ...(changes.length > 0 && { changes }),
      ...(failures.length > 0 && { failures }),
    }
  }

  /** Events of other names are passed at once: nothing would wake a reader that waits among them. */
  async #collect(
    store: string,
    db: Database,
    start: Position,
    names: readonly string[],
    limit: number,
  ): Promise<Collected<FeedEvent>> {
    let position = start
    for (let reads = 0; reads < maxReads; reads++) {
      const before = position
      const batch = await read(db, before, names, limit)
      position = batch.position
      if (batch.events.length > 0) {
        return {
          events: batch.events.map((event) => ({ ...event, id: eventId(this.#service, store, event) })),
          position,
        }
      }
      if (position.from === before.from) break
    }
    return { events: [], position }
  }
}

/**
 * Returns the id of an event, unique among the events of its publisher. The time is part of it: numbers of rows repeat in a new
 * database, and in one that was restored to an earlier state.
 */
export function eventId(
  service: string,
  store: string,
  { id, publishedAt }: { readonly id: number; readonly publishedAt: number },
): string {
  return `${service}.${store}.${id}.${Math.floor(publishedAt)}`
}
