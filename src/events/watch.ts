import type { Database, Listening } from '../sql/index.ts'
import { tick } from './log.ts'

const channel = 'tricube_events'
/** Milliseconds between ticks. PostgreSQL locks the whole server for each commit that notifies. */
const tickEveryMs = 20
/** Milliseconds between two polls of a waiting reader. Notifications can be lost, and some poolers drop them. */
const pollMs = 4000
const pollWithoutNotificationsMs = 1000

/** Wakes the readers of the event log of a service. */
export class LogWatch {
  readonly #stores: ReadonlyMap<string, Database>
  readonly #waiting = new Set<() => void>()
  #listening: Promise<readonly Listening[]> | undefined
  #isPolling = false
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

  /** Reads until there are results, until `waitMs` have passed or until the signal aborts. Returns the last results. */
  async until<Result>(
    read: () => Promise<readonly Result[]>,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<readonly Result[]> {
    const until = performance.now() + waitMs
    for (;;) {
      const woken = this.#woken(signal) // before it reads, so that it misses no event
      let results: readonly Result[] = []
      try {
        results = await read()
      } catch (error) {
        woken.forget()
        throw error
      }
      const restMs = until - performance.now()
      if (results.length > 0 || restMs <= 0 || signal.aborted || this.#isClosed) {
        woken.forget()
        return results
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

  /** Stores a tick and wakes waiting readers. Frequent ticks let slow readers catch up in small steps. */
  async #tick(): Promise<void> {
    this.#ticking = undefined
    this.#tickedAt = performance.now()
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
