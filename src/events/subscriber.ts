import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { lease, release, takeIn } from './cursors.ts'
import type { FeedPage } from './feed.ts'

/** What a subscriber asks a publisher for. */
export type FetchFeed = (query: {
  readonly after: string | undefined
  readonly waitMs: number
  readonly signal: AbortSignal
}) => Promise<FeedPage>

/** What a subscriber is made of. */
export interface SubscriberOptions {
  readonly db: Database
  /** Its name, which the position is stored under. */
  readonly name: string
  /** The name of the jobs that its events become. */
  readonly task: string
  /** Names this process among those that may read. */
  readonly reader: string
  readonly ask: FetchFeed
  /** Events have become jobs. */
  readonly onTaken: () => void
  /** Called when the publisher stops responding, and with undefined when it responds again. */
  readonly onChange: (error: unknown) => void
}

/** How long the publisher waits for an event, in milliseconds: less than the lease of the reader. */
const waitMs = 6000
/** How often the other instances check that the reader still runs, in milliseconds. */
const otherMs = 3000
const pause = fullJitter({ baseMs: 200, capMs: 10_000 })

/** Takes the events of a subscription in: of all instances one reads, and what it reads becomes jobs of the service. */
export class Subscriber {
  readonly #options: SubscriberOptions
  readonly #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  /** Whether it reads, rather than another instance. */
  #isReader = false
  #failures = 0
  /** When the publisher has last responded, as `performance.now()` counts. */
  #heardAt = performance.now()
  /** How late the newest event was, in milliseconds; 0 after a response without any. */
  #lateMs = 0

  constructor(options: SubscriberOptions) {
    this.#options = options
  }

  /** How far it is behind its publisher, in milliseconds: 0 where another instance reads. */
  get lagMs(): number {
    if (!this.#isReader) return 0
    return this.#failures > 0 ? performance.now() - this.#heardAt : this.#lateMs
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

  /** Reads once; false when another instance does. */
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
    this.#heardAt = performance.now()
    this.#lateMs = events.length > 0 ? Math.max(0, Date.now() - events.at(-1)!.publishedAt) : 0
    if (next === position) return true
    const isTaken = await takeIn(db, { subscription: name, task }, position, next, events)
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
