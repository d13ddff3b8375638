import type { EventSource } from '../../../events/source.ts'
import type { EventStream } from '../../../events/stream.ts'
import type { Subscription } from '../../../events/subscription.ts'
import type { Opened } from '../../part.ts'

/** A message broker between publishers and subscribers. */
export interface Broker {
  /** Returns the stream of a publisher. `onRejected` is called when its limits cannot be changed. */
  stream(service: string, onRejected: (error: unknown) => void): EventStream
  /** Returns the source of a subscription of `service`. */
  source(service: string, name: string, subscription: Subscription): EventSource
}

/** The broker of a service. */
export interface OpenedTransport extends Opened {
  /** Undefined when there is none. */
  readonly broker: Broker | undefined
}
