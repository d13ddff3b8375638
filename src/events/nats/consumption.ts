import type {
  Consumer,
  ConsumerMessages,
  ConsumerNotification,
  JetStreamClient,
  JetStreamManager,
  JsMsg,
} from '@nats-io/jetstream'
import type { NatsPackages } from './link.ts'

/** Options of a consumption. */
export interface ConsumptionOptions {
  readonly manager: JetStreamManager
  readonly jetstream: JetStreamClient
  readonly packages: NatsPackages
  readonly stream: string
  /** Identifies the stream: another one when it was created again. */
  readonly streamId: string
  readonly consumer: string
  readonly subject: string
  /** The sequence up to which the stream has been read. */
  readonly sequence: number
  /** Messages stored before this are not delivered; milliseconds since 1970. */
  readonly since: number | undefined
}

/** A message and its sequence in the stream. */
export interface Received {
  readonly message: JsMsg
  readonly sequence: number
}

/** The maximum number of messages that are delivered and not acknowledged: so many are held in memory. */
const maxPending = 256
/** How often an idle server says that it is alive, in milliseconds. Two missing heartbeats end the consumption. */
const heartbeatMs = 2000
const pullMs = 10_000
/** A consumer that nobody reads for so long is deleted, in milliseconds. The cursor is in the database. */
const inactiveMs = 7 * 86_400_000
const nanosPerMs = 1_000_000

/** These end a consumption: the next one creates the consumer again. */
const fatal: ReadonlySet<ConsumerNotification['type']> = new Set<ConsumerNotification['type']>([
  'heartbeats_missed',
  'consumer_not_found',
  'consumer_deleted',
  'stream_not_found',
  'no_responders',
])

/**
 * Messages of one subject, without a gap, from a durable pull consumer that this process has just created.
 *
 * An earlier process may have been sent messages that it did not acknowledge, and the server would deliver them after later ones.
 * So each process that takes over creates the consumer again, behind what the database says was read.
 */
export class Consumption {
  readonly streamId: string
  readonly since: number | undefined
  readonly #options: ConsumptionOptions
  #messages!: ConsumerMessages
  #waiting: JsMsg[] = []
  #sequence: number
  /** Counts deliveries, to notice a missing one. */
  #deliveries = 0
  #error: Error | undefined
  #wake: () => void = () => {}

  static async open(options: ConsumptionOptions): Promise<Consumption> {
    const { manager, jetstream, packages, stream, consumer, subject, sequence, since } = options
    const { DeliverPolicy, AckPolicy, JetStreamApiError, JetStreamApiCodes } = packages.jetstream
    await manager.consumers.delete(stream, consumer).catch((error: unknown) => {
      const isMissing = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound
      if (!isMissing) throw error
    })
    const start =
      sequence > 0
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: sequence + 1 }
        : since === undefined
          ? { deliver_policy: DeliverPolicy.All }
          : // What was published after a time was stored after it too; clocks may differ by an hour.
            { deliver_policy: DeliverPolicy.StartTime, opt_start_time: new Date(since - 3_600_000).toISOString() }
    await manager.consumers.add(stream, {
      durable_name: consumer,
      filter_subject: subject,
      ack_policy: AckPolicy.All,
      max_ack_pending: maxPending,
      inactive_threshold: inactiveMs * nanosPerMs,
      ...start,
    })
    const consumption = new Consumption(options)
    await consumption.#pull(await jetstream.consumers.get(stream, consumer))
    return consumption
  }

  private constructor(options: ConsumptionOptions) {
    this.streamId = options.streamId
    this.since = options.since
    this.#options = options
    this.#sequence = options.sequence
  }

  /** Returns the messages that have arrived. Waits for the first one. Rejects when the server no longer delivers. */
  async received(waitMs: number, signal: AbortSignal): Promise<readonly Received[]> {
    if (this.#waiting.length === 0 && !this.#error && !signal.aborted) await this.#arrival(waitMs, signal)
    if (this.#error) throw this.#error
    const messages = this.#waiting
    this.#waiting = []
    return messages.flatMap((message) => this.#checked(message))
  }

  /** Returns whether all messages of the subject have been delivered and acknowledged. */
  async isIdle(): Promise<boolean> {
    const { manager, stream, consumer } = this.#options
    const info = await manager.consumers.info(stream, consumer)
    return info.num_pending === 0 && info.num_ack_pending === 0 && this.#waiting.length === 0
  }

  async close(): Promise<void> {
    this.#fail(new Error('the subscription is closed'))
    await this.#messages.close()
  }

  async #pull(consumer: Consumer): Promise<void> {
    this.#messages = await consumer.consume({
      max_messages: maxPending,
      expires: pullMs,
      idle_heartbeat: heartbeatMs,
      callback: (message) => {
        this.#waiting.push(message)
        this.#wake()
      },
    })
    void this.#watch(this.#messages)
  }

  /** Ignores what was delivered again: it has been read. */
  #checked(message: JsMsg): Received[] {
    const { streamSequence: sequence, deliverySequence } = message.info
    this.#deliveries += 1
    if (deliverySequence !== this.#deliveries) {
      throw new Error(`delivery ${this.#deliveries} of consumer ${this.#options.consumer} is missing`)
    }
    if (sequence <= this.#sequence) return []
    this.#sequence = sequence
    return [{ message, sequence }]
  }

  async #arrival(waitMs: number, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs)
      this.#wake = () => (clearTimeout(timer), signal.removeEventListener('abort', this.#wake), resolve())
      signal.addEventListener('abort', this.#wake)
    })
    signal.removeEventListener('abort', this.#wake)
    this.#wake = () => {}
  }

  /** Notices when the server, the stream or the consumer is gone. */
  async #watch(messages: ConsumerMessages): Promise<void> {
    void messages.closed().then((error) => this.#fail(error ?? new Error('NATS has closed the subscription')))
    for await (const { type } of messages.status()) {
      if (fatal.has(type)) this.#fail(new Error(`NATS: ${type.replaceAll('_', ' ')}`))
    }
  }

  #fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }
}
