import { Gone } from '../contract/errors.ts'
import type { Database } from '../sql/index.ts'
import { eventId } from './feed.ts'
import { read, startOf, tick, type Position } from './log.ts'
import { parsePositions, positionText } from './position.ts'
import { Reader } from './reader.ts'
import { leaseRelay, releaseRelay, storeRelay, type RelayState } from './relayState.ts'
import type { EventStream, OpenedStream, StreamEvent } from './stream.ts'
import type { LogWatch } from './watch.ts'

/** Options of a relay. */
export interface RelayOptions {
  readonly service: string
  /** The databases with the log. The first one stores how far events have been relayed. */
  readonly stores: ReadonlyMap<string, Database>
  readonly watch: LogWatch
  readonly stream: EventStream
  /** Identifies this process. */
  readonly reader: string
  /** Called when the stream becomes unavailable, and with undefined when it is available again. */
  readonly onChange: (error: unknown) => void
}

/** The name under which the state is stored. */
const name = 'stream'
/** The maximum number of events that are on their way at once. */
const maxEvents = 256
/** How long it waits for an event, in milliseconds: less than the lease. */
const waitMs = 6000

/**
 * Relays the log of a service to a stream. Only one instance of the service relays at a time.
 *
 * It relays events of every name: a newer release may have published one that this one does not know.
 * It reads tick by tick, so that no late commit is left out and each event has a fixed place in the stream. The position is
 * stored once the stream has the events. A relay that dies in between sends them again, and the stream or its readers drop
 * them. A relay that was frozen cannot append: the sequence that it expects is no longer the last one.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #db: Database
  readonly #reader: Reader
  #opened: OpenedStream | undefined

  constructor(options: RelayOptions) {
    this.#options = options
    this.#db = [...options.stores.values()][0]!
    this.#reader = new Reader({
      turn: (signal) => this.#turn(signal),
      onIdle: () => void (this.#opened = undefined),
      onChange: options.onChange,
    })
  }

  start(): void {
    this.#reader.start()
  }

  /** Stops relaying, so that another instance can go on at once. */
  async stop(): Promise<void> {
    await this.#reader.stop()
    await releaseRelay(this.#db, name, this.#options.reader).catch(() => {}) // the lease ends by itself
  }

  async #turn(signal: AbortSignal): Promise<boolean> {
    const { reader, watch, stream } = this.#options
    const state = await leaseRelay(this.#db, name, reader)
    if (!state) return false
    const opened = (this.#opened ??= await stream.open())
    const positions = await this.#positions(state, opened)
    const events = await this.#reading(() => watch.until(() => this.#read(positions), waitMs, signal))
    const position = positionText(positions)
    if (position === state.position) return true
    const sequence = events.length > 0 ? await stream.append(events, opened.sequence) : opened.sequence
    this.#opened = { stream: opened.stream, sequence }
    await storeRelay(this.#db, name, reader, { position, stream: opened.stream, sequence })
    return true
  }

  /** A stream that is new, or that has lost its last events, gets all events of the log. */
  async #positions(state: RelayState, { stream, sequence }: OpenedStream): Promise<Map<string, Position>> {
    const isKnown = state.position !== '' && state.stream === stream && state.sequence <= sequence
    const known = isKnown ? parsePositions(state.position) : undefined
    const positions = new Map<string, Position>()
    for (const [store, db] of this.#options.stores) {
      positions.set(store, known?.get(store) ?? (await startOf(db, 'beginning')))
    }
    return positions
  }

  async #read(positions: Map<string, Position>): Promise<StreamEvent[]> {
    const { service, stores } = this.#options
    const all: StreamEvent[] = []
    for (const [store, db] of stores) {
      await tick(db)
      while (all.length < maxEvents) {
        const before = positions.get(store)!
        const { events, position } = await read(db, before, undefined, maxEvents - all.length, 1)
        if (position.from === before.from && position.to === before.to && position.row === before.row) break
        for (const [i, { id, ...event }] of events.entries()) {
          const after = i === events.length - 1 ? position : { from: before.from, to: position.to, row: id }
          positions.set(store, after)
          all.push({
            ...event,
            id: eventId(service, store, id),
            place: { store, tick: position.to, row: id },
            position: positionText(positions),
          })
        }
        positions.set(store, position)
      }
    }
    return all
  }

  /** Begins anew when the events after the position have been deleted: waiting would not bring them back. */
  async #reading<Result>(reading: () => Promise<Result>): Promise<Result> {
    try {
      return await reading()
    } catch (error) {
      const { reader } = this.#options
      if (error instanceof Gone) await storeRelay(this.#db, name, reader, { position: '', stream: '', sequence: 0 })
      throw error
    }
  }
}
