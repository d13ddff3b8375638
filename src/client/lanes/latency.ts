/** The typical latencies of an operation and of an instance, which decide whether a call may share a connection. */

/** The lowest threshold of a late response, in milliseconds. Most calls between services take less. */
const minLateMs = 8
/** The highest threshold of a late response, in milliseconds. */
const maxLateMs = 100
/** A response is late after this many times the typical latency of the instance. */
const lateFactor = 4
/** A larger response would hold up those behind it. */
const maxBytes = 64 * 1024

/** The typical latency of an instance. Fast calls weigh more, so that one slow operation makes no instance slow. */
export class InstanceLatency {
  #typicalMs: number | undefined

  observe(latencyMs: number): void {
    const typical = this.#typicalMs ?? latencyMs
    this.#typicalMs = typical + (latencyMs - typical) * (latencyMs < typical ? 1 / 8 : 1 / 64)
  }

  /** The milliseconds after which a lane is late. It is longer for a busy instance, which is slow on every connection. */
  get lateMs(): number {
    return Math.min(maxLateMs, Math.max(minLateMs, lateFactor * (this.#typicalMs ?? 0)))
  }
}

/** The typical latency and size of an operation. Slow and large responses weigh more: it has to earn its place on a lane. */
export class OperationLatency {
  #typicalMs: number | undefined
  #typicalBytes = 0

  observe(latencyMs: number, bytes: number): void {
    const typical = this.#typicalMs ?? latencyMs
    this.#typicalMs = typical + (latencyMs - typical) * (latencyMs > typical ? 1 / 4 : 1 / 32)
    this.#typicalBytes += (bytes - this.#typicalBytes) * (bytes > this.#typicalBytes ? 1 : 1 / 32)
  }

  /** Whether its calls are known to be short. */
  isShort(lateMs: number): boolean {
    return this.#typicalMs !== undefined && this.#typicalMs <= lateMs && this.#typicalBytes <= maxBytes
  }
}
