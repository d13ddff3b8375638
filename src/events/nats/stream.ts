import type { StreamInfo } from '@nats-io/jetstream'
import type { EventStream, OpenedStream, StreamEvent } from '../stream.ts'
import type { Connected, NatsLink } from './link.ts'
import { streamName, subjectOf, writeHeaders } from './message.ts'

/** Limits of a stream. */
export interface StreamLimits {
  /** How long it keeps events, in milliseconds. */
  readonly maxAgeMs: number
  /** How large it may become, in bytes; its oldest events are deleted then. Undefined: no limit. */
  readonly maxBytes: number | undefined
  /** How many servers keep it. */
  readonly replicas: number
}

/** How long the server remembers the ids of messages, in milliseconds. */
const duplicateWindowMs = 120_000
/** How long an event may take to be stored, in milliseconds. */
const publishTimeoutMs = 5000
const nanosPerMs = 1_000_000

/** The stream of a service in JetStream. */
export class NatsStream implements EventStream {
  readonly #link: NatsLink
  readonly #service: string
  readonly #limits: StreamLimits
  readonly #onRejected: (error: unknown) => void

  /** `onRejected` is called when the server does not change the limits of the stream, which goes on with the old ones. */
  constructor(link: NatsLink, service: string, limits: StreamLimits, onRejected: (error: unknown) => void) {
    this.#link = link
    this.#service = service
    this.#limits = limits
    this.#onRejected = onRejected
  }

  async open(): Promise<OpenedStream> {
    const info = await this.#ensure(await this.#link.connected())
    return { stream: info.created, sequence: info.state.last_seq }
  }

  async append(events: readonly StreamEvent[], after: number): Promise<number> {
    const connected = await this.#link.connected()
    let last = after
    for (let rest = events, failures = 0; ;) {
      const { stored, duplicates, error } = await this.#publish(connected, rest, last)
      rest = rest.slice(stored)
      if (rest.length === 0 && duplicates === 0) return last + stored
      failures = stored > 0 ? 0 : failures + 1
      if (failures > 1) throw error
      // What the server knew already has not moved the sequence on, and an acknowledgement may have been lost.
      last = (await connected.manager.streams.info(streamName(this.#service))).state.last_seq
      if (rest.length === 0) return last
    }
  }

  /** Publishes events at once. Each expects the one before it, so that none is stored when that is missing. */
  async #publish(
    { jetstream }: Connected,
    events: readonly StreamEvent[],
    after: number,
  ): Promise<{ readonly stored: number; readonly duplicates: number; readonly error: unknown }> {
    const { transport } = this.#link.packages
    const name = streamName(this.#service)
    const acks = await Promise.allSettled(
      events.map((event, i) =>
        jetstream.publish(subjectOf(this.#service, event.name), event.payload, {
          msgID: event.id,
          headers: writeHeaders(transport.headers(), event),
          // Sequences would not do: after a message of somebody else, a later event could fit where an earlier one does not.
          expect:
            i === 0 ? { streamName: name, lastSequence: after } : { streamName: name, lastMsgID: events[i - 1]!.id },
          timeout: publishTimeoutMs,
        }),
      ),
    )
    const failed = acks.findIndex(({ status }) => status === 'rejected')
    const stored = failed < 0 ? acks : acks.slice(0, failed)
    return {
      stored: stored.length,
      duplicates: stored.filter((ack) => ack.status === 'fulfilled' && ack.value.duplicate).length,
      error: failed < 0 ? undefined : (acks[failed] as PromiseRejectedResult).reason,
    }
  }

  /** Creates the stream, or changes its limits to those of the configuration. */
  async #ensure({ manager }: Connected): Promise<StreamInfo> {
    const { jetstream } = this.#link.packages
    const name = streamName(this.#service)
    const { maxAgeMs, maxBytes = -1, replicas } = this.#limits
    const limits = {
      max_age: maxAgeMs * nanosPerMs,
      max_bytes: maxBytes,
      num_replicas: replicas,
      duplicate_window: Math.min(duplicateWindowMs, maxAgeMs) * nanosPerMs,
    }
    try {
      const { config, ...info } = await manager.streams.info(name)
      const isSame = Object.entries(limits).every(([key, value]) => config[key as keyof typeof limits] === value)
      if (isSame) return { config, ...info }
      return await manager.streams.update(name, limits).catch((error: unknown) => {
        this.#onRejected(error)
        return { config, ...info }
      })
    } catch (error) {
      const { JetStreamApiError, JetStreamApiCodes } = jetstream
      const isMissing = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound
      if (!isMissing) throw error
      return manager.streams.add({ name, subjects: [subjectOf(this.#service, '>')], ...limits })
    }
  }
}
