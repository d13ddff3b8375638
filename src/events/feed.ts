import type { Database } from '../sql/index.ts'
import type { FeedEvent } from './cursors.ts'
import { read, startOf, tick, type Position } from './log.ts'
import { parsePositions, positionText } from './position.ts'
import type { LogWatch } from './watch.ts'

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
}

/** The maximum number of reads without an event before the subscriber gets its position. */
const maxReads = 50

/** Serves the event log of a service to its subscribers. */
export class Feed {
  readonly #service: string
  readonly #stores: ReadonlyMap<string, Database>
  readonly #watch: LogWatch

  constructor(service: string, stores: ReadonlyMap<string, Database>, watch: LogWatch) {
    this.#service = service
    this.#stores = stores
    this.#watch = watch
  }

  /** Returns the events after a position. Waits for the first one until `waitMs` have passed or the signal aborts. */
  async take({ after, from, names, limit, waitMs }: FeedQuery, signal: AbortSignal): Promise<FeedPage> {
    const known = after === undefined ? undefined : parsePositions(after)
    const positions = new Map<string, Position>()
    for (const [store, db] of this.#stores) {
      positions.set(store, known?.get(store) ?? (await startOf(db, known ? 'beginning' : from)))
    }
    const events = await this.#watch.until(() => this.#read(positions, names, limit), waitMs, signal)
    return { events, position: positionText(positions) }
  }

  async #read(positions: Map<string, Position>, names: readonly string[], limit: number): Promise<FeedEvent[]> {
    const all: FeedEvent[] = []
    for (const [store, db] of this.#stores) {
      if (all.length >= limit) break
      await tick(db)
      // Events of other names are passed at once: nothing would wake a reader that waits among them.
      for (let reads = 0; reads < maxReads; reads++) {
        const before = positions.get(store)!
        const { events, position } = await read(db, before, names, limit - all.length)
        positions.set(store, position)
        for (const { id, ...event } of events) all.push({ ...event, id: eventId(this.#service, store, id) })
        if (events.length > 0 || position.from === before.from) break
      }
    }
    return all
  }
}

/** Returns the id of an event, unique among the events of its publisher. */
export function eventId(service: string, store: string, row: number): string {
  return `${service}.${store}.${row}`
}
