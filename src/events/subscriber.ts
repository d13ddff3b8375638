import type { Database } from '../sql/index.ts'
import {
  beginAt,
  enqueueEvents,
  lease,
  release,
  type Cursor,
  type EventBatch,
  type StoreChange,
  type StoreFailure,
} from './cursors.ts'
import { Reader } from './reader.ts'
import type { EventSource } from './source.ts'

/** Options of a subscriber. */
export interface SubscriberOptions {
  readonly db: Database
  /** The name of the subscription. */
  readonly name: string
  /** The name of the jobs that handle the events. */
  readonly task: string
  /** Identifies this process. */
  readonly reader: string
  readonly source: EventSource
  /** Where it begins. */
  readonly from: 'now' | 'beginning' | Date
  /** Called when jobs have been enqueued. */
  readonly onTaken: () => void
  /** Called when the publisher has another log than before, and the subscription has begun anew. */
  readonly onAnew: (changes: readonly StoreChange[]) => void
  /** Called when other databases of the publisher have events that wait; with an empty list when none has. */
  readonly onFailing: (failures: readonly StoreFailure[]) => void
  /** Called when the publisher stops responding, and with undefined when it responds again. */
  readonly onChange: (error: unknown) => void
}

/** A new subscription gets events from this much before it began, in milliseconds: clocks differ, transactions take time. */
const toleranceMs = 10_000

/** Reads the events of a subscription and enqueues a job for each. Only one instance of a service reads at a time. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #reader: Reader
  /** Whether this instance reads. */
  #isReader = false
  /** The databases of the publisher whose events wait. */
  #failing = ''
  /** When the publisher last responded, on the clock of `performance.now()`. */
  #respondedAt = performance.now()
  /** The age of the newest event when it was read, in milliseconds; 0 after a response without events. */
  #lateMs = 0

  constructor(options: SubscriberOptions) {
    this.#options = options
    this.#reader = new Reader({
      turn: (signal) => this.#turn(signal),
      onIdle: () => options.source.reset(),
      onChange: options.onChange,
    })
  }

  /** How far it is behind its publisher, in milliseconds: 0 where another instance reads. */
  get lagMs(): number {
    if (!this.#isReader) return 0
    return this.#reader.isFailing ? performance.now() - this.#respondedAt : this.#lateMs
  }

  start(): void {
    this.#reader.start()
  }

  /** Stops reading, so that another instance can go on at once. */
  async stop(): Promise<void> {
    const { db, name, reader } = this.#options
    await this.#reader.stop()
    await release(db, name, reader).catch(() => {}) // the lease ends by itself
  }

  /** Reads once. Returns false when another instance reads. */
  async #turn(signal: AbortSignal): Promise<boolean> {
    const { db, name, task, reader, source, onTaken, onAnew } = this.#options
    const cursor = await lease(db, name, reader)
    this.#isReader = cursor !== undefined
    if (!cursor) return false
    const batch = await this.#read(cursor, signal)
    const { events, position, bookmark = cursor.bookmark, changes = [], acknowledge } = batch
    this.#note(batch.failures ?? [])
    this.#respondedAt = performance.now()
    this.#lateMs = events.length > 0 ? Math.max(0, Date.now() - events.at(-1)!.publishedAt) : 0
    if (position === cursor.position && bookmark === cursor.bookmark) return true
    if (await enqueueEvents(db, { subscription: name, task }, cursor, batch)) {
      acknowledge?.()
      if (events.length > 0) onTaken()
      if (changes.length > 0) onAnew(changes)
    } else {
      await source.reset()
    }
    return true
  }
  /** A new subscription begins now, even if its publisher responds later. */
  async #read(cursor: Cursor, signal: AbortSignal): Promise<EventBatch> {
    const { db, name, source, from } = this.#options
    const at = Date.now()
    try {
      return await source.read(cursor, signal)
    } catch (error) {
      const isNew = cursor.position === '' && cursor.bookmark === null && (cursor.begins ?? from) === 'now'
      if (isNew) await beginAt(db, name, new Date(at - toleranceMs))
      throw error
    }
  }

  #note(failures: readonly StoreFailure[]): void {
    const failing = failures.map(({ store }) => store).join()
    if (failing === this.#failing) return
    this.#failing = failing
    this.#options.onFailing(failures)
  }
}
