import { EpochOffset } from '../time/epochOffset.ts'
import { isDoneWithin } from '../time/timeout.ts'
import type { SpanExporter } from './export/exporter.ts'
import type { Sink } from './sink.ts'
import type { SpanRecord } from './spanRecord.ts'

/**
 * Limits of a recorder. The defaults are OpenTelemetry's, except for a batch that is twice as large, because a request
 * costs nearly the same with any number of spans.
 * https://opentelemetry.io/docs/specs/otel/trace/sdk/#batching-processor
 */
export interface RecorderOptions {
  readonly exporter: SpanExporter
  /** The most spans that wait for an export; more are dropped and counted. Default 2048. */
  readonly queueSize?: number
  /** The most spans of one export. Default 1024: less than the megabyte that many proxies accept. */
  readonly batchSize?: number
  /** How long spans wait for a full batch, in milliseconds. Default 5000. */
  readonly delayMs?: number
  /** The most exports in flight at once. Default 4. */
  readonly concurrency?: number
  readonly offset?: EpochOffset
  /** Called when batches start to be lost, and when they arrive again. */
  readonly onChange?: (lost: unknown) => void
}

/** The counters of a recorder since it was made, in spans. */
export interface RecorderStats {
  readonly queued: number
  readonly exported: number
  /** Dropped because the queue was full. */
  readonly dropped: number
  /** Lost on the way to the collector. */
  readonly failed: number
}

/** Collects spans into batches for export, off the path of the requests that they describe. */
export class Recorder implements Sink {
  readonly #exporter: SpanExporter
  readonly #queueSize: number
  readonly #batchSize: number
  readonly #delayMs: number
  readonly #concurrency: number
  readonly #offset: EpochOffset
  readonly #onChange: (lost: unknown) => void
  readonly #abort = new AbortController()
  /** Callbacks that wait for the end of any export. */
  readonly #waiting: (() => void)[] = []
  #underWay = 0
  #queue: SpanRecord[] = []
  #timer: NodeJS.Timeout | undefined
  #isScheduled = false
  #isFlushing = false
  #isLosing = false
  #isClosed = false
  #exported = 0
  #dropped = 0
  #failed = 0

  constructor({
    exporter,
    queueSize = 2048,
    batchSize = 1024,
    delayMs = 5000,
    concurrency = 4,
    offset = new EpochOffset(),
    onChange = () => {},
  }: RecorderOptions) {
    this.#exporter = exporter
    this.#queueSize = queueSize
    this.#batchSize = Math.min(batchSize, queueSize)
    this.#delayMs = delayMs
    this.#concurrency = concurrency
    this.#offset = offset
    this.#onChange = onChange
  }

  get stats(): RecorderStats {
    return { queued: this.#queue.length, exported: this.#exported, dropped: this.#dropped, failed: this.#failed }
  }

  add(span: SpanRecord): void {
    const { length } = this.#queue
    if (length >= this.#queueSize || this.#isClosed) return void this.#dropped++
    this.#queue.push(span)
    if (length + 1 >= this.#batchSize) this.#schedule()
    else if (length === 0) this.#wait()
  }

  drop(count: number): void {
    this.#dropped += count
  }

  async flush(timeoutMs: number): Promise<void> {
    this.#isFlushing = true
    await isDoneWithin(timeoutMs, this.#drain())
    this.#isFlushing = false
  }

  async close(timeoutMs: number): Promise<void> {
    await this.flush(timeoutMs)
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#abort.abort(new Error('the recorder is closed'))
    this.#dropped += this.#queue.splice(0).length
    while (this.#underWay > 0) await this.#nextEnd()
    await this.#exporter.close()
  }

  async #drain(): Promise<void> {
    while (this.#isFlushing && (this.#queue.length > 0 || this.#underWay > 0)) {
      this.#send()
      if (this.#underWay > 0) await this.#nextEnd()
    }
  }

  #nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  // Runs after the requests that are ready now.
  #schedule(): void {
    if (this.#isScheduled || this.#underWay >= this.#concurrency) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#send()
    })
  }

  #wait(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#send(1)
    }, this.#delayMs).unref()
  }

  /** Exports batches of at least so many spans: full ones, if the rest may wait. */
  #send(least: number = this.#isFlushing ? 1 : this.#batchSize): void {
    while (this.#queue.length >= least && this.#underWay < this.#concurrency) this.#export(this.#nextBatch())
    if (this.#queue.length > 0) this.#wait()
  }

  #nextBatch(): readonly SpanRecord[] {
    if (this.#queue.length > this.#batchSize) return this.#queue.splice(0, this.#batchSize)
    const batch = this.#queue
    this.#queue = []
    return batch
  }

  #export(spans: readonly SpanRecord[]): void {
    this.#underWay++
    void this.#follow(this.#begin(spans), spans.length)
  }

  #begin(spans: readonly SpanRecord[]): Promise<void> {
    try {
      return this.#exporter.export(spans, this.#offset.now(), this.#abort.signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Keeps only the number of spans, so that those in flight can be garbage-collected. */
  async #follow(sent: Promise<void>, count: number): Promise<void> {
    try {
      await sent
      this.#exported += count
      this.#tell(undefined)
    } catch (error) {
      this.#failed += count
      this.#tell(error ?? new Error('lost'))
    }
    this.#underWay--
    for (const wake of this.#waiting.splice(0)) wake()
    this.#send()
  }

  /** Reports each change once, not every batch. */
  #tell(lost: unknown): void {
    if (this.#isLosing === (lost !== undefined) || this.#isClosed) return
    this.#isLosing = lost !== undefined
    this.#onChange(lost)
  }
}
