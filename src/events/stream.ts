import type { FeedEvent } from './cursors.ts'
import type { Place } from './position.ts'

/** An event as a stream carries it. */
export interface StreamEvent extends FeedEvent {
  readonly place: Place
  /** The position after it, in all stores of the publisher. */
  readonly position: string
}

/** What a stream was when it was opened. */
export interface OpenedStream {
  /** Identifies the stream: another one when it was created again. */
  readonly stream: string
  /** The sequence of its last event. */
  readonly sequence: number
}

/** A stream that carries the events of one publisher. */
export interface EventStream {
  /** Opens the stream, with the limits of the configuration. Creates it when it does not exist. */
  open(): Promise<OpenedStream>
  /**
   * Appends events in their order after the event with this sequence. Returns the sequence of the last one. Rejects when
   * somebody else has appended.
   */
  append(events: readonly StreamEvent[], after: number): Promise<number>
}
