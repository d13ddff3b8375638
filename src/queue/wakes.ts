import { DatabaseError, type Database, type Listening } from '../sql/index.ts'
import type { Worker } from './worker.ts'

/** Options of `Wakes`. */
export interface WakesOptions {
  readonly db: Database
  readonly worker: Pick<Worker, 'expect' | 'hasRoomFor'>
  /** Called when the pooler does not pass on notifications, so that workers must poll. */
  readonly onUnsupported: (error: unknown) => void
}

const channel = 'tricube_jobs'
/** Milliseconds between notifications. PostgreSQL locks the whole server for each commit that notifies. */
const notifyEveryMs = 20
/** Workers that poll find jobs that are due later than this in time, in milliseconds. */
const soonMs = 3000

/**
 * Wakes workers when a job is due. It wakes the worker in this process directly. It notifies other processes only when this
 * worker is full.
 */
export class Wakes {
  readonly #options: WakesOptions
  #listening: Listening | undefined
  #notifiedAt = Number.NEGATIVE_INFINITY
  #notifying: NodeJS.Timeout | undefined
  #retrying: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: WakesOptions) {
    this.#options = options
  }

  /** Listens for notifications, unless the pooler does not support them. */
  async open(): Promise<void> {
    const { db, worker, onUnsupported } = this.#options
    const wake = (): void => worker.expect(0)
    try {
      this.#listening = await db.listen(channel, wake, { onReconnect: wake })
    } catch (error) {
      if (error instanceof DatabaseError && error.sqlstate === '0A000') onUnsupported(error)
      else if (!this.#isClosed) this.#retrying = setTimeout(() => void this.open(), retryMs).unref()
    }
  }

  /** Handles a stored job that is due in this many milliseconds. */
  stored(name: string, inMs: number): void {
    const { worker } = this.#options
    const hasRoom = worker.hasRoomFor(name)
    worker.expect(inMs)
    if (!hasRoom && inMs < soonMs) this.#notify()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#notifying)
    clearTimeout(this.#retrying)
    await this.#listening?.close()
  }

  #notify(): void {
    if (this.#notifying || this.#isClosed) return
    const inMs = Math.max(0, this.#notifiedAt + notifyEveryMs - performance.now())
    this.#notifying = setTimeout(() => {
      this.#notifying = undefined
      this.#notifiedAt = performance.now()
      this.#options.db.notify(channel).catch(() => {}) // the other workers poll
    }, inMs).unref()
  }
}

/** Milliseconds until it listens again after the database was down. */
const retryMs = 5000
