import type { Socket } from 'node:net'
import type { Conditions } from './toxics.ts'

/** How many bytes may wait in one direction before their sender is paused. */
const windowBytes = 1024 * 1024

/** A chunk that has arrived; without bytes, the end of the stream. */
interface Chunk {
  bytes: Buffer | undefined
  readonly arrivedAt: number
  /** This chunk's share of the jitter, from -1 to 1. */
  readonly luck: number
}

/** One direction of a connection: receives what its source sends, and forwards it when the toxics allow. */
export class Link {
  readonly #source: Socket
  readonly #target: Socket
  readonly #queue: Chunk[] = []
  #waitingBytes = 0
  #conditions: Conditions
  /** The earliest time to send the next chunk, by the bandwidth used so far. */
  #freeAt = 0
  #timer: NodeJS.Timeout | undefined

  constructor(source: Socket, target: Socket, conditions: Conditions) {
    this.#source = source
    this.#target = target
    this.#conditions = conditions
    source.on('data', (bytes: Buffer) => this.#take(bytes))
    source.on('end', () => this.#take(undefined))
    target.on('drain', () => this.#pass())
    if (conditions.isSilent) source.pause()
  }

  /** Changes the toxics, also for chunks that wait. */
  change(conditions: Conditions): void {
    this.#conditions = conditions
    this.#freeAt = 0
    this.#pass()
  }

  /** Drops the chunks that wait. */
  close(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
  }

  #take(bytes: Buffer | undefined): void {
    this.#queue.push({ bytes, arrivedAt: performance.now(), luck: Math.random() * 2 - 1 })
    this.#waitingBytes += bytes?.length ?? 0
    this.#pass()
  }

  /** Sends what is due, and schedules the rest. */
  #pass(): void {
    clearTimeout(this.#timer)
    while (this.#queue.length > 0 && !this.#conditions.isSilent && !this.#target.writableNeedDrain) {
      const waitMs = this.#dueAt(this.#queue[0]!) - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pass(), waitMs)
        break
      }
      this.#send(this.#queue[0]!)
    }
    if (this.#conditions.isSilent || this.#waitingBytes >= windowBytes) this.#source.pause()
    else this.#source.resume()
  }

  #dueAt({ arrivedAt, luck }: Chunk): number {
    const { latencyMs, jitterMs } = this.#conditions
    return Math.max(this.#freeAt, arrivedAt + latencyMs + luck * jitterMs)
  }

  #send(chunk: Chunk): void {
    const { bytesPerSecond, slicer } = this.#conditions
    const bytes = chunk.bytes?.subarray(0, this.#size())
    if (!bytes || bytes.length === chunk.bytes!.length) this.#queue.shift()
    else chunk.bytes = chunk.bytes!.subarray(bytes.length)
    if (!bytes) return void this.#target.end()
    this.#waitingBytes -= bytes.length
    this.#target.write(bytes)
    this.#freeAt = performance.now() + (bytes.length * 1000) / bytesPerSecond + (slicer?.delayMs ?? 0)
  }

  /** How many bytes may be sent at once: one slice, and at most what the bandwidth allows in 10 ms. */
  #size(): number {
    const { bytesPerSecond, slicer } = this.#conditions
    const { averageBytes = Number.POSITIVE_INFINITY, variationBytes = 0 } = slicer ?? {}
    const slice = averageBytes + (Math.random() * 2 - 1) * variationBytes
    return Math.max(1, Math.round(Math.min(slice, bytesPerSecond / 100)))
  }
}
