import { DatabaseError, type Database, type Listening } from '../sql/index.ts'
import type { Worker } from './worker.ts'

/** What carries the wakes of a database. */
export interface WakesOptions {
  readonly db: Database
  readonly worker: Pick<Worker, 'expect' | 'hasRoomFor'>
  /** Notifications do not come through: work is looked for instead. */
  readonly onDeaf: (error: unknown) => void
}

const channel = 'tricube_jobs'
/** PostgreSQL takes a lock over the whole server for each commit that notifies: others are woken this seldom, in milliseconds. */
const notifyEveryMs = 50
/** What is due later than this is seen in time when its worker looks for work, in milliseconds. */
const soonMs = 3000

/**
 * Wakes workers when there is something to do: the one in this process without a notification, and those of others when this
 * one has its hands full.
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

  /** Listens, unless that is not to be had behind this pooler. Resolves when it is known. */
  async open(): Promise<void> {
    const { db, worker, onDeaf } = this.#options
    const wake = (): void => worker.expect(0)
    try {
      this.#listening = await db.listen(channel, wake, { onReconnect: wake })
    } catch (error) {
      if (error instanceof DatabaseError && error.sqlstate === '0A000') onDeaf(error)
      else if (!this.#isClosed) this.#retrying = setTimeout(() => void this.open(), retryMs).unref()
    }
  }

  /** A job has been stored, and is due in so many milliseconds. */
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
      this.#options.db.notify(channel).catch(() => {}) // others look for work by themselves
    }, inMs).unref()
  }
}

/** A database that is down is listened to again after this long, in milliseconds. */
const retryMs = 5000
