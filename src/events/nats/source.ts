import type { Cursor, EventBatch, FeedEvent, StoreChange } from '../cursors.ts'
import { changesBetween, covers, latest, parsePositions, positionText, type Positions } from '../position.ts'
import type { EventSource } from '../source.ts'
import type { Subscription } from '../subscription.ts'
import { Consumption, type Received } from './consumption.ts'
import type { Connected, NatsLink } from './link.ts'
import { consumerName, readEvent, readPlace, streamName, subjectOf } from './message.ts'

/** How long a read waits for the first event, in milliseconds: less than the lease of a reader. */
const waitMs = 5000
/** How often an idle subscription catches up with the events of other names, in milliseconds. */
const catchUpEveryMs = 600_000
/** A new subscription gets events from this much before it began, in milliseconds: clocks differ, transactions take time. */
const toleranceMs = 10_000

/** What a subscription stores besides its position. */
interface Bookmark {
  /** Identifies the stream, whose sequences are of no use in another one. */
  readonly stream: string
  /** The sequence up to which the stream has been read. */
  readonly sequence: number
  /** Events published before this are ignored; milliseconds since 1970. */
  readonly since?: number
}

/**
 * Reads the events of a subscription from a stream in JetStream.
 *
 * The cursor in the database decides what has been handled. So an acknowledgement that is lost, or a consumer that is created
 * again, repeats nothing. The position is one in the log of the publisher, so a subscription can move from the feed to NATS and back.
 */
export class NatsSource implements EventSource {
  readonly #link: NatsLink
  readonly #service: string
  readonly #name: string
  readonly #subscription: Pick<Subscription, 'event' | 'from'>
  #consumption: Consumption | undefined
  #caughtUpAt = performance.now()

  constructor(link: NatsLink, service: string, name: string, subscription: Pick<Subscription, 'event' | 'from'>) {
    this.#link = link
    this.#service = service
    this.#name = name
    this.#subscription = subscription
  }

  async read(cursor: Cursor, signal: AbortSignal): Promise<EventBatch> {
    const connected = await this.#link.connected()
    const bookmark = cursor.bookmark === null ? undefined : (JSON.parse(cursor.bookmark) as Bookmark)
    if (!bookmark && cursor.position === '') {
      await this.reset() // a replay has moved the cursor away from what the consumer reads
      return this.#begin(connected, cursor)
    }
    this.#consumption ??= await this.#open(connected, cursor, bookmark)
    const consumption = this.#consumption
    const received = await consumption.received(waitMs, signal)
    if (received.length > 0) return this.#batch(cursor, consumption, received)
    const isDue = performance.now() - this.#caughtUpAt > catchUpEveryMs
    return isDue ? this.#catchUp(connected, cursor, consumption) : cursorOf(cursor)
  }

  async reset(): Promise<void> {
    const consumption = this.#consumption
    this.#consumption = undefined
    await consumption?.close()
  }

  get #stream(): string {
    return streamName(this.#subscription.event.service)
  }

  /** Decides where a new subscription begins. */
  async #begin({ manager }: Connected, { begins }: Cursor): Promise<EventBatch> {
    const from = begins ?? this.#subscription.from ?? 'now'
    const { created, state } = await manager.streams.info(this.#stream)
    const bookmark: Bookmark =
      from === 'beginning'
        ? { stream: created, sequence: 0 }
        : from === 'now'
          ? { stream: created, sequence: state.last_seq, since: Date.now() - toleranceMs }
          : { stream: created, sequence: 0, since: new Date(from).getTime() }
    const last = from === 'now' ? await lastPosition(manager, this.#stream, state.last_seq) : undefined
    return { events: [], position: last ? positionText(last) : '', bookmark: JSON.stringify(bookmark) }
  }

  /** Creates the consumer, which begins after what has been read. */
  async #open({ manager, jetstream }: Connected, cursor: Cursor, bookmark: Bookmark | undefined): Promise<Consumption> {
    const { event } = this.#subscription
    const { created, state } = await manager.streams.info(this.#stream)
    const isKnown = bookmark?.stream === created && bookmark.sequence <= state.last_seq
    const sequence = isKnown ? bookmark.sequence : 0
    if (state.first_seq > sequence + 1 && isKnown && sequence > 0) {
      await this.#checkDeleted(manager, cursor, state.first_seq)
    }
    return Consumption.open({
      manager,
      jetstream,
      packages: this.#link.packages,
      stream: this.#stream,
      streamId: created,
      consumer: consumerName(this.#service, this.#name),
      subject: subjectOf(event.service, event.name),
      sequence,
      since: bookmark?.since,
    })
  }

  /** @throws {Error} when events may have been deleted from the stream before they were read */
  async #checkDeleted(manager: Connected['manager'], { position }: Cursor, first: number): Promise<void> {
    const message = await manager.streams.getMessage(this.#stream, { seq: first }).catch(() => null)
    const at = readPlace(message?.header)
    if (at && position !== '' && covers(parsePositions(position), at.place)) return
    throw new Error(
      `events of ${this.#stream} were deleted before this subscription read them: unset EVENTS_URL to read them from the publisher`,
    )
  }

  #batch(cursor: Cursor, { streamId, since }: Consumption, received: readonly Received[]): EventBatch {
    let positions: Positions = positionsOf(cursor)
    const events: FeedEvent[] = []
    const changes: StoreChange[] = []
    for (const { message } of received) {
      const at = readPlace(message.headers)
      if (!at) continue
      const after = parsePositions(at.position)
      if (covers(positions, at.place, after)) continue // the relay has sent it twice, or the feed has delivered it
      changes.push(...changesBetween(positions, after))
      positions = latest(positions, after)
      const event = readEvent(message, message.string())
      if (since === undefined || event.publishedAt >= since) events.push(event)
    }
    const last = received.at(-1)!
    return {
      events,
      position: positionText(positions),
      bookmark: JSON.stringify({ stream: streamId, sequence: last.sequence, since }),
      changes,
      acknowledge: () => last.message.ack(), // and with it all before it
    }
  }

  /**
   * Moves the cursor past events that the subscription does not ask for. Otherwise the position of a quiet subscription
   * would become older than the log of the publisher.
   */
  async #catchUp({ manager }: Connected, cursor: Cursor, consumption: Consumption): Promise<EventBatch> {
    this.#caughtUpAt = performance.now()
    const { state } = await manager.streams.info(this.#stream)
    const last = await lastPosition(manager, this.#stream, state.last_seq)
    if (!last || !(await consumption.isIdle())) return cursorOf(cursor)
    const { streamId, since } = consumption
    return {
      events: [],
      position: positionText(latest(positionsOf(cursor), last)),
      bookmark: JSON.stringify({ stream: streamId, sequence: state.last_seq, since }),
    }
  }
}

function positionsOf({ position }: Cursor): Positions {
  return position === '' ? new Map() : parsePositions(position)
}

function cursorOf({ position }: Cursor): EventBatch {
  return { events: [], position }
}

/** Returns the position after the last message of a stream; undefined when the stream is empty. */
async function lastPosition(
  manager: Connected['manager'],
  stream: string,
  sequence: number,
): Promise<Positions | undefined> {
  const message = await manager.streams.getMessage(stream, { seq: sequence }).catch(() => null)
  const at = readPlace(message?.header)
  return at && parsePositions(at.position)
}
