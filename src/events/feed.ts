import type { Database, Listening } from '../sql/index.ts'
import type { FedEvent } from './cursors.ts'
import { read, startOf, tick, type Position } from './log.ts'
import { parsePositions, positionText } from './position.ts'

/** A subscriber's request for events. */
export interface FeedQuery {
  /** The position that it has; without one it begins `from`. */
  readonly after?: string | undefined
  readonly from: 'now' | 'beginning' | Date
  readonly names: readonly string[]
  /** The most events. */
  readonly limit: number
  /** How long to wait for the first of them, in milliseconds. */
  readonly waitMs: number
}

/** The events that follow a position, and the position after them. */
export interface FeedPage {
  readonly events: readonly FedEvent[]
  readonly position: string
}

const channel = 'tricube_events'
/** PostgreSQL takes a lock over the whole server for each commit that notifies: ticks are told this seldom, in milliseconds. */
const tickEveryMs = 20
/** How often a waiting reader looks, in milliseconds. Notifications can be lost, and not every pooler passes them on. */
const lookMs = 4000
const deafLookMs = 1000

/** The log of a service, for those that subscribe to it. */
export class Feed {
  readonly #service: string
  readonly #stores: ReadonlyMap<string, Database>
  readonly #waiting = new Set<() => void>()
  #listening: Promise<readonly Listening[]> | undefined
  #isDeaf = false
  #ticking: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(service: string, stores: ReadonlyMap<string, Database>) {
    this.#service = service
    this.#stores = stores
  }

  /** Something was published here and is committed. */
  published(): void {
    this.#ticking ??= setTimeout(() => void this.#tick(), tickEveryMs).unref()
  }

  /** Resolves to what follows a position, at the latest after `waitMs`, or when the signal aborts. */
  async take({ after, from, names, limit, waitMs }: FeedQuery, signal: AbortSignal): Promise<FeedPage> {
    const until = performance.now() + waitMs
    const known = after === undefined ? undefined : parsePositions(after)
    const positions = new Map<string, Position>()
    for (const [store, db] of this.#stores) {
      positions.set(store, known?.get(store) ?? (await startOf(db, known ? 'beginning' : from)))
    }
    for (;;) {
      const woken = this.#woken(signal) // from now on, so that nothing is missed while it reads
      const events = await this.#read(positions, names, limit)
      const restMs = until - performance.now()
      if (events.length > 0 || restMs <= 0 || signal.aborted || this.#isClosed) {
        woken.forget()
        return { events, position: positionText(positions) }
      }
      await woken.within(Math.min(restMs, this.#isDeaf ? deafLookMs : lookMs))
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#ticking)
    this.#wakeAll()
    for (const one of (await this.#listening) ?? []) await one.close()
  }

  async #read(positions: Map<string, Position>, names: readonly string[], limit: number): Promise<FedEvent[]> {
    const all: FedEvent[] = []
    for (const [store, db] of this.#stores) {
      if (all.length >= limit) break
      await tick(db)
      const { events, position } = await read(db, positions.get(store)!, names, limit - all.length)
      positions.set(store, position)
      for (const { id, ...event } of events) all.push({ ...event, id: `${this.#service}.${store}.${id}` })
    }
    return all
  }

  /** Stores a tick at once and wakes waiting readers. A reader that falls behind then finds small ticks. */
  async #tick(): Promise<void> {
    this.#ticking = undefined
    for (const db of this.#stores.values()) {
      const ticked = await tick(db).catch(() => false) // the next reader makes another one
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

  /** Hears of ticks that other instances have stored. */
  async #listen(): Promise<readonly Listening[]> {
    const wake = (): void => this.#wakeAll()
    try {
      return await Promise.all([...this.#stores.values()].map((db) => db.listen(channel, wake, { onReconnect: wake })))
    } catch {
      this.#isDeaf = true
      return []
    }
  }
}
