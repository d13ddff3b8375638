/** What calls to an operation, or to an instance, usually take: what decides whether a call may share a connection. */

/** Late is what takes longer than this, in milliseconds, whatever is usual: most calls between services take less. */
const leastLateMs = 8
/** And this at most. */
const mostLateMs = 100
/** So many times as long as the instance's calls usually take. */
const lateFactor = 4
/** Responses that are larger hold up what is behind them. */
const largeBytes = 64 * 1024

/** How long an instance's calls usually take. The quick ones count for more: one slow operation makes no instance slow. */
export class InstancePace {
  #usualMs: number | undefined

  observe(latencyMs: number): void {
    const usual = this.#usualMs ?? latencyMs
    this.#usualMs = usual + (latencyMs - usual) * (latencyMs < usual ? 1 / 8 : 1 / 64)
  }

  /** After how many milliseconds without a response a lane is late. A busy instance gets more, as it is slow on every connection. */
  get lateMs(): number {
    return Math.min(mostLateMs, Math.max(leastLateMs, lateFactor * (this.#usualMs ?? 0)))
  }
}

/** What an operation's calls usually take. The slow and the large ones count for more: it has to earn its place on a lane. */
export class OperationPace {
  #usualMs: number | undefined
  #usualBytes = 0

  observe(latencyMs: number, bytes: number): void {
    const usual = this.#usualMs ?? latencyMs
    this.#usualMs = usual + (latencyMs - usual) * (latencyMs > usual ? 1 / 4 : 1 / 32)
    this.#usualBytes += (bytes - this.#usualBytes) * (bytes > this.#usualBytes ? 1 : 1 / 32)
  }

  /** Whether its calls are known to be short. */
  isShort(lateMs: number): boolean {
    return this.#usualMs !== undefined && this.#usualMs <= lateMs && this.#usualBytes <= largeBytes
  }
}
