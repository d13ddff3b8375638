import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { lease, release, enqueueEvents } from './cursors.ts'
import type { FeedPage } from './feed.ts'

/** Requests events from a publisher. */
export type FetchFeed = (query: {
  readonly after: string | undefined
  readonly waitMs: number
  readonly signal: AbortSignal
}) => Promise<FeedPage>

/** Options of a subscriber. */
export interface SubscriberOptions {
  readonly db: Database
  /** The name of the subscription. */
  readonly name: string
  /** The name of the jobs that handle the events. */
  readonly task: string
  /** Identifies this process. */
  readonly reader: string
  readonly ask: FetchFeed
  /** Called when jobs have been enqueued. */
  readonly onTaken: () => void
  /** Called when the publisher stops responding, and with undefined when it responds again. */
  readonly onChange: (error: unknown) => void
}

/** How long the publisher waits for an event, in milliseconds: less than the lease of a reader. */
const waitMs = 6000
/** How often instances that do not read try to take the lease, in milliseconds. */
const otherMs = 3000
const pause = fullJitter({ baseMs: 200, capMs: 10_000 })

/** Reads the events of a subscription and enqueues a job for each. Only one instance of a service reads at a time. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  /** Whether this instance reads. */
  #isReader = false
  #failures = 0
  /** When the publisher last responded, on the clock of `performance.now()`. */
  #respondedAt = performance.now()
  /** The age of the newest event when it was read, in milliseconds; 0 after a response without events. */
  #lateMs = 0

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /** How far it is behind its publisher, in milliseconds: 0 where another instance reads. */
  get lagMs(): number {
    if (!this.#isReader) return 0
    return this.#failures > 0 ? performance.now() - this.#respondedAt : this.#lateMs
  }

  start(): void {
    this.#loop = this.#run()
  }

  /** Stops reading, so that another instance can go on at once. */
  async stop(): Promise<void> {
    const { db, name, reader } = this.#options
    this.#stop.abort()
    await this.#loop
    await release(db, name, reader).catch(() => {}) // the lease ends by itself
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        this.#isReader = await this.#turn()
        if (this.#failures > 0) this.#options.onChange(undefined)
        this.#failures = 0
        if (!this.#isReader) await this.#wait(otherMs * (0.5 + Math.random()))
      } catch (error) {
        if (this.#stop.signal.aborted) return
        if (this.#failures++ === 0) this.#options.onChange(error)
        await this.#wait(pause(this.#failures))
      }
    }
  }

  /** Reads once. Returns false when another instance reads. */
  async #turn(): Promise<boolean> {
    const { db, name, task, reader, ask, onTaken } = this.#options
    const position = await lease(db, name, reader)
    if (position === undefined) return false
    this.#isReader = true
    const isNew = position === ''
    const { events, position: next } = await ask({
      after: isNew ? undefined : position,
      waitMs: isNew ? 0 : waitMs,
      signal: this.#stop.signal,
    })
    this.#respondedAt = performance.now()
    this.#lateMs = events.length > 0 ? Math.max(0, Date.now() - events.at(-1)!.publishedAt) : 0
    if (next === position) return true
    const isTaken = await enqueueEvents(db, { subscription: name, task }, position, next, events)
    if (isTaken && events.length > 0) onTaken()
    return true
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#stop
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      signal.addEventListener('abort', end)
    })
  }
}
