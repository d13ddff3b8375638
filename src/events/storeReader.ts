import type { Database } from '../sql/index.ts'
import { startOf, tick, type Position } from './log.ts'
import type { LogChange } from './mark.ts'
import { resume } from './resume.ts'

/** Where a reader begins: at its own position, with new events, with the oldest event, or at a time. */
export type Start = Position | 'now' | 'beginning' | Date

/** What was read, and the position after it. */
export interface Collected<Event> {
  readonly events: readonly Event[]
  readonly position: Position
}

/** Where a reader begins to read, and why not at its own position. */
interface Opened {
  readonly position: Position
  readonly change?: LogChange
}

/** Reads the log of one of the publisher's databases until there are events, or another log than before. */
export class StoreReader<Event> {
  readonly store: string
  /** The events before `position`. */
  events: readonly Event[] = []
  /** Undefined until the database has responded. */
  position: Position | undefined
  change: LogChange | undefined
  /** Why the last read failed. */
  error: unknown
  readonly #db: Database
  readonly #start: Start
  readonly #collect: (db: Database, position: Position) => Promise<Collected<Event>>
  #reading: Promise<void> | undefined

  /** `collect` reads events after a position. */
  constructor(
    store: string,
    db: Database,
    start: Start,
    collect: (db: Database, position: Position) => Promise<Collected<Event>>,
  ) {
    this.store = store
    this.#db = db
    this.#start = start
    this.#collect = collect
  }

  /** Whether there is something to return. */
  get hasNews(): boolean {
    return this.events.length > 0 || this.change !== undefined
  }

  /** Reads once. It never rejects: `error` has the reason. */
  read(): Promise<void> {
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)))
  }

  async #read(): Promise<void> {
    if (this.hasNews) return
    try {
      const opened: Opened | Promise<Opened> = this.position ? { position: this.position } : this.#open()
      const [{ position: start, change }] = await Promise.all([opened, tick(this.#db)]) // in one round trip
      const { events, position } = await this.#collect(this.#db, start)
      this.change = change
      this.events = events
      this.position = position
      this.error = undefined
    } catch (error) {
      this.error = error
    }
  }

  async #open(): Promise<Opened> {
    const start = this.#start
    if (typeof start === 'string' || start instanceof Date) return { position: await startOf(this.#db, start) }
    return resume(this.#db, start)
  }
}
