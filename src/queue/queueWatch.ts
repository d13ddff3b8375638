import type { Database } from '../sql/index.ts'

/** The backlog of the jobs of a name. */
export interface Backlog {
  readonly name: string
  /** The number of jobs that are due and have not started. */
  readonly waiting: number
  /** Seconds since the oldest of these jobs was due. */
  readonly oldestSeconds: number
  readonly dead: number
}

/** What a watch asks, and when. */
export interface QueueQuestion {
  /** Milliseconds until it is asked first. By then, the worker is registered. */
  readonly firstMs: number
  /** Milliseconds between two times. */
  readonly everyMs: number
  readonly ask: (db: Database, worker: number, names: readonly string[]) => Promise<readonly Backlog[]>
}

/** Options of a watch over a queue. */
export interface QueueWatchOptions {
  readonly db: Database
  readonly names: readonly string[]
  /** Returns the number of the worker of this process, once it is registered. */
  readonly worker: () => number | undefined
  /** Called with what was found; with an empty list while another worker asks. */
  readonly onFound: (found: readonly Backlog[]) => void
}

/** Asks a question about a queue at intervals. */
export class QueueWatch {
  readonly #question: QueueQuestion
  readonly #options: QueueWatchOptions
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(question: QueueQuestion, options: QueueWatchOptions) {
    this.#question = question
    this.#options = options
  }

  start(): void {
    this.#wait(this.#question.firstMs)
  }

  stop(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #wait(ms: number): void {
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#ask(), ms).unref()
  }

  async #ask(): Promise<void> {
    const { firstMs, everyMs, ask } = this.#question
    const { db, names, worker, onFound } = this.#options
    const number = worker()
    // The worker reports when the database does not respond.
    const found = number === undefined ? [] : await ask(db, number, names).catch(() => undefined)
    if (found) onFound(found)
    this.#wait(number === undefined ? firstMs : everyMs)
  }
}
