import { DatabaseError, type Database, type Listening } from '../sql/index.ts'
import { tick } from './log.ts'
import { settled } from './settled.ts'

const channel = 'tricube_events'
/** Milliseconds between ticks. PostgreSQL locks the whole server for each commit that notifies. */
const tickEveryMs = 20
/** Milliseconds between two polls of a waiting reader. Notifications can be lost, and some poolers drop them. */
const pollMs = 4000
const pollWithoutNotificationsMs = 1000
/** Milliseconds until it listens again to a database that did not respond. */
const listenAgainMs = 10_000
/** SQLSTATE of a pooler that passes on no notifications. */
const unsupported = '0A000'

/** Wakes the readers of the event log of a service. */
export class LogWatch {
  readonly #stores: ReadonlyMap<string, Database>
  readonly #waiting = new Set<() => void>()
  readonly #listening = new Map<Database, Promise<Listening | undefined>>()
  /** The databases whose notifications do not arrive. */
  readonly #silent = new Set<Database>()
  /** The databases in which a tick is being stored, and those that need another one. */
  readonly #inTick = new Set<Database>()
  readonly #tickAgain = new Set<Database>()
  #ticking: NodeJS.Timeout | undefined
  #tickedAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(stores: ReadonlyMap<string, Database>) {
    this.#stores = stores
  }

  /** Handles a committed event of this process. */
  published(): void {
    const inMs = Math.max(0, this.#tickedAt + tickEveryMs - performance.now())
    this.#ticking ??= setTimeout(() => void this.#tick(), inMs).unref()
  }

  /**
   * Reads until there are results, until `waitMs` have passed or until the signal aborts. Returns the last results. A read that
   * leaves something out calls `wake` when it has that.
   */
  async until<Result>(
    read: (wake: () => void) => Promise<readonly Result[]>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<readonly Result[]> {
    const until = performance.now() + waitMs
    for (;;) {
      const woken = this.#woken(signal) // before it reads, so that it misses no event
      let results: readonly Result[] = []
      try {
        results = await read(woken.wake)
      } catch (error) {
        woken.forget()
        throw error
      }
      const restMs = until - performance.now()
      if (results.length > 0 || restMs <= 0 || signal.aborted || this.#isClosed) {
        woken.forget()
        return results
      }
      await woken.within(Math.min(restMs, this.#silent.size > 0 ? pollWithoutNotificationsMs : pollMs))
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#ticking)
    this.#wakeAll()
    for (const one of await Promise.all(this.#listening.values())) await one?.close()
  }

  /** Stores a tick and wakes waiting readers. Frequent ticks let slow readers catch up in small steps. */
  async #tick(): Promise<void> {
    this.#ticking = undefined
    this.#tickedAt = performance.now()
    const ticks = [...this.#stores.values()].map((db) => this.#tickIn(db))
    await settled(ticks, () => this.#wakeAll())
    this.#wakeAll()
  }

  /** Stores one tick at a time, so that they do not pile up in a database that does not respond. */
  async #tickIn(db: Database): Promise<void> {
    this.#tickAgain.add(db)
    if (this.#inTick.has(db)) return
    this.#inTick.add(db)
    while (this.#tickAgain.delete(db)) {
      const ticked = await tick(db).catch(() => false) // the next reader stores one
      if (ticked) await db.notify(channel).catch(() => {})
    }
    this.#inTick.delete(db)
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #woken(signal: AbortSignal): { within(ms: number): Promise<void>; readonly wake: () => void; forget(): void } {
    this.#listen()
    let wake!: () => void
    const woken = new Promise<void>((resolve) => (wake = resolve))
    this.#waiting.add(wake)
    signal.addEventListener('abort', wake)
    const forget = (): void => {
      this.#waiting.delete(wake)
      signal.removeEventListener('abort', wake)
    }
    return {
      wake,
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
  #listen(): void {
    for (const db of this.#stores.values()) {
      if (!this.#listening.has(db)) this.#listening.set(db, this.#listenTo(db))
    }
  }

  async #listenTo(db: Database): Promise<Listening | undefined> {
    const wake = (): void => this.#wakeAll()
    try {
      const listening = await db.listen(channel, wake, { onReconnect: wake })
      this.#silent.delete(db)
      return listening
    } catch (error) {
      this.#silent.add(db)
      const isFinal = error instanceof DatabaseError && error.sqlstate === unsupported
      if (!isFinal) setTimeout(() => this.#listening.delete(db), listenAgainMs).unref()
      return undefined
    }
  }
}
