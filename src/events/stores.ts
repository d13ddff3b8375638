import { Gone } from '../contract/errors.ts'
import type { Database } from '../sql/index.ts'
import type { Position } from './log.ts'
import { settled } from './settled.ts'
import { StoreReader, type Collected, type Start } from './storeReader.ts'
import type { LogWatch } from './watch.ts'

/** Called when a database stops responding to readers, and with undefined when it responds again. */
export type OnStoreChange = (store: string, error: unknown) => void

/** How long a statement of a reader may take, in milliseconds. */
const timeoutMs = 20_000

/** Options of a read. */
export interface StoresRead<Event> {
  /** Returns where a reader begins. */
  readonly start: (store: string) => Start
  /** Reads events after a position. */
  readonly collect: (store: string, db: Database, position: Position) => Promise<Collected<Event>>
  /** How long to wait for the first event, in milliseconds. */
  readonly waitMs: number
  /** Whether a database that is slow is waited for. */
  readonly needsAll?: boolean
  readonly signal: AbortSignal
}

/**
 * Reads the logs of all databases of a publisher side by side. A database that does not respond holds up no other: its events
 * wait, and its position stays.
 */
export class Stores {
  readonly names: readonly string[]
  readonly #stores: ReadonlyMap<string, Database>
  readonly #watch: LogWatch
  readonly #onChange: OnStoreChange
  readonly #failing = new Set<string>()

  constructor(stores: ReadonlyMap<string, Database>, watch: LogWatch, onChange: OnStoreChange) {
    this.names = [...stores.keys()]
    this.#stores = new Map([...stores].map(([name, db]) => [name, db.with({ timeoutMs })]))
    this.#watch = watch
    this.#onChange = onChange
  }

  /**
   * Reads until a database has something new. Returns a reader for each of them.
   *
   * @throws what the first one says, when no database responds
   */
  async read<Event>({
    start,
    collect,
    waitMs,
    needsAll = false,
    signal,
  }: StoresRead<Event>): Promise<readonly StoreReader<Event>[]> {
    const readers = [...this.#stores].map(
      ([store, db]) =>
        new StoreReader<Event>(store, db, start(store), (own, position) => collect(store, own, position)),
    )
    await this.#watch.until(
      async (wake) => {
        const reads = readers.map(async (reader) => {
          await reader.read()
          this.#note(reader)
        })
        await (needsAll ? Promise.all(reads) : settled(reads, wake))
        if (readers.every(({ error }) => error !== undefined)) throw readers[0]!.error
        return readers.filter(({ hasNews }) => hasNews)
      },
      waitMs,
      signal,
    )
    return readers
  }

  /** A reader that is too late knows that itself: the database responds. */
  #note({ store, error }: StoreReader<unknown>): void {
    if (this.#stores.size < 2 || error instanceof Gone || this.#failing.has(store) === (error !== undefined)) return
    if (error === undefined) this.#failing.delete(store)
    else this.#failing.add(store)
    this.#onChange(store, error)
  }
}
