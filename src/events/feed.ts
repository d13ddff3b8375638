import type { Database, Listening } from '../sql/index.ts'
import type { FeedEvent } from './cursors.ts'
import { read, startOf, tick, type Position } from './log.ts'
import { parsePositions, positionText } from './position.ts'

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

const channel = 'tricube_events'
/** Milliseconds between ticks. PostgreSQL locks the whole server for each commit that notifies. */
const tickEveryMs = 20
/** Milliseconds between two polls of a waiting reader. Notifications can be lost, and some poolers drop them. */
const pollMs = 4000
const pollWithoutNotificationsMs = 1000

/** Serves the event log of a service to its subscribers. */
export class Feed {
  readonly #service: string
  readonly #stores: ReadonlyMap<string, Database>
  readonly #waiting = new Set<() => void>()
  #listening: Promise<readonly Listening[]> | undefined
  #isPolling = false
  #ticking: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(service: string, stores: ReadonlyMap<string, Database>) {
    this.#service = service
    this.#stores = stores
  }

  /** Handles a committed event of this process. */
  published(): void {
    this.#ticking ??= setTimeout(() => void this.#tick(), tickEveryMs).unref()
  }

  /** Returns the events after a position. Waits for the first one until `waitMs` have passed or the signal aborts. */
  async take({ after, from, names, limit, waitMs }: FeedQuery, signal: AbortSignal): Promise<FeedPage> {
    const until = performance.now() + waitMs
    const known = after === undefined ? undefined : parsePositions(after)
    const positions = new Map<string, Position>()
    for (const [store, db] of this.#stores) {
      positions.set(store, known?.get(store) ?? (await startOf(db, known ? 'beginning' : from)))
    }
    for (;;) {
      const woken = this.#woken(signal) // before it reads, so that it misses no event
      const events = await this.#read(positions, names, limit)
      const restMs = until - performance.now()
      if (events.length > 0 || restMs <= 0 || signal.aborted || this.#isClosed) {
        woken.forget()
        return { events, position: positionText(positions) }
      }
      await woken.within(Math.min(restMs, this.#isPolling ? pollWithoutNotificationsMs : pollMs))
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#ticking)
    this.#wakeAll()
    for (const one of (await this.#listening) ?? []) await one.close()
  }

  async #read(positions: Map<string, Position>, names: readonly string[], limit: number): Promise<FeedEvent[]> {
    const all: FeedEvent[] = []
    for (const [store, db] of this.#stores) {
      if (all.length >= limit) break
      await tick(db)
      const { events, position } = await read(db, positions.get(store)!, names, limit - all.length)
      positions.set(store, position)
      for (const { id, ...event } of events) all.push({ ...event, id: `${this.#service}.${store}.${id}` })
    }
    return all
  }

  /** Stores a tick and wakes waiting readers. Frequent ticks let slow readers catch up in small steps. */
  async #tick(): Promise<void> {
    this.#ticking = undefined
    for (const db of this.#stores.values()) {
      const ticked = await tick(db).catch(() => false) // the next reader stores one
      if (ticked) await db.notify(channel).catch(() => {})
    }
    this.#wakeAll()
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #woken(signal: AbortSignal): { within(ms: number): Promise<void>; forget(): void } {
    void (this.#listening ??= this.#listen())
    let wake!: () => void
    const woken = new Promise<void>((resolve) => (wake = resolve))
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake)
    const forget = (): void => {
      this.#waiting.delete(wake)
      signal.removeEventListener('abort', wake)
    }
    return {
      forget,
      async within(ms) {
        const timer = setTimeout(wake, ms)
        await woken
        clearTimeout(timer)
        forget()
      },
    }
  }

  /** Listens for ticks of other instances. */
  async #listen(): Promise<readonly Listening[]> {
    const wake = (): void => this.#wakeAll()
    try {
      return await Promise.all([...this.#stores.values()].map((db) => db.listen(channel, wake, { onReconnect: wake })))
    } catch {
      this.#isPolling = true
      return []
    }
  }
}
