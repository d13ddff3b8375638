import { Gone } from '../contract/errors.ts'
import type { Database } from '../sql/index.ts'
import { eventId } from './feed.ts'
import { read, startOf, type LoggedEvent, type Position } from './log.ts'
import { parsePositions, positionText } from './position.ts'
import { Reader } from './reader.ts'
import { leaseRelay, releaseRelay, storeRelay, type RelayState } from './relayState.ts'
import type { Collected, StoreReader } from './storeReader.ts'
import type { Stores } from './stores.ts'
import type { EventStream, OpenedStream, StreamEvent } from './stream.ts'

/** Options of a relay. */
export interface RelayOptions {
  readonly service: string
  readonly stores: Stores
  /** The database that stores how far events have been relayed. */
  readonly db: Database
  readonly stream: EventStream
  /** Identifies this process. */
  readonly reader: string
  /** Called when the stream becomes unavailable, and with undefined when it is available again. */
  readonly onChange: (error: unknown) => void
  /** Called when events of a database have been deleted before they were relayed. */
  readonly onGone: (store: string, error: Gone) => void
}

/** An event of one database, and the position after it. */
interface RelayedEvent {
  readonly event: LoggedEvent
  readonly after: Position
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
  readonly #reader: Reader
  #opened: OpenedStream | undefined

  constructor(options: RelayOptions) {
    this.#options = options
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
    const { db, reader } = this.#options
    await this.#reader.stop()
    await releaseRelay(db, name, reader).catch(() => {}) // the lease ends by itself
  }

  async #turn(signal: AbortSignal): Promise<boolean> {
    const { db, reader, stores, stream } = this.#options
    const state = await leaseRelay(db, name, reader)
    if (!state) return false
    const opened = (this.#opened ??= await stream.open())
    const known = knownPositions(state, opened)
    const share = Math.ceil(maxEvents / stores.names.length)
    const readers = await stores.read<RelayedEvent>({
      start: (store) => known.get(store) ?? 'beginning',
      collect: (store, own, position) => this.#collect(store, own, position, share),
      waitMs,
      signal,
    })
    const positions = new Map(known)
    const events = readers.flatMap((one) => this.#streamed(one, positions))
    const position = positionText(positions)
    if (position === state.position) return true
    const sequence = events.length > 0 ? await stream.append(events, opened.sequence) : opened.sequence
    this.#opened = { stream: opened.stream, sequence }
    await storeRelay(db, name, reader, { position, stream: opened.stream, sequence })
    return true
  }

  /** Reads tick by tick. When events have been deleted, it begins with the oldest one: waiting would not bring them back. */
  async #collect(store: string, db: Database, start: Position, limit: number): Promise<Collected<RelayedEvent>> {
    const events: RelayedEvent[] = []
    let position = start
    try {
      while (events.length < limit) {
        const before = position
        const batch = await read(db, before, undefined, limit - events.length, 1)
        position = batch.position
        if (position.from === before.from && position.to === before.to && position.row === before.row) break
        for (const [i, event] of batch.events.entries()) {
          const isLast = i === batch.events.length - 1
          const { to, mark } = position
          events.push({ event, after: isLast ? position : { from: before.from, to, row: event.id, mark } })
        }
      }
    } catch (error) {
      if (!(error instanceof Gone) || events.length > 0) throw error
      this.#options.onGone(store, error)
      return { events: [], position: await startOf(db, 'beginning') }
    }
    return { events, position }
  }

  /** Returns the events that were read from a database as the stream carries them, and moves its position on. */
  #streamed({ store, events, position }: StoreReader<RelayedEvent>, positions: Map<string, Position>): StreamEvent[] {
    const streamed = events.map(({ event, after }): StreamEvent => {
      positions.set(store, after)
      return {
        ...event,
        id: eventId(this.#options.service, store, event),
        place: { store, tick: after.to, row: event.id },
        position: positionText(positions),
      }
    })
    if (position) positions.set(store, position)
    return streamed
  }
}

/** A stream that is new, or that has lost its last events, gets all events of the log. */
function knownPositions(state: RelayState, { stream, sequence }: OpenedStream): ReadonlyMap<string, Position> {
  const isKnown = state.position !== '' && state.stream === stream && state.sequence <= sequence
  return isKnown ? parsePositions(state.position) : new Map()
}
