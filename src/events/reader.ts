import { hostname } from 'node:os'
import { fullJitter } from '../time/backoff.ts'
import { systemClock } from '../time/clock.ts'

/** Options of a reader. */
export interface ReaderOptions {
  /** Reads once. Returns false when another instance reads. */
  readonly turn: (signal: AbortSignal) => Promise<boolean>
  /** Called when a turn has failed and when another instance reads. */
  readonly onIdle: () => void | Promise<void>
  /** Called when turns have failed for some seconds, and with undefined when they succeed again. */
  readonly onChange: (error: unknown) => void
}

/** How often instances that do not read try to take the lease, in milliseconds. */
const otherMs = 3000
/** A publisher that restarts fails for less than this, in milliseconds. */
const failingMs = 5000
const pause = fullJitter({ baseMs: 200, capMs: 10_000 })

/** Reads again and again, and backs off while that fails. */
export class Reader {
  readonly #options: ReaderOptions
  readonly #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  #failures = 0
  /** When turns began to fail, on the clock of `performance.now()`. */
  #failingSince = 0
  #hasReported = false

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  get isFailing(): boolean {
    return this.#failures > 0
  }

  start(): void {
    this.#loop = this.#run()
  }

  /** Resolves when the last turn has ended. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#loop
    await this.#options.onIdle()
  }

  async #run(): Promise<void> {
    const { turn, onIdle, onChange } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const isReader = await turn(signal)
        if (this.#hasReported) onChange(undefined)
        this.#hasReported = false
        this.#failures = 0
        if (isReader) continue
        await onIdle()
        await systemClock.wait(otherMs * (0.5 + Math.random()), signal)
      } catch (error) {
        if (signal.aborted) return
        if (this.#failures++ === 0) this.#failingSince = performance.now()
        if (!this.#hasReported && performance.now() - this.#failingSince >= failingMs) {
          this.#hasReported = true
          onChange(error)
        }
        await onIdle()
        await systemClock.wait(pause(this.#failures), signal)
      }
    }
  }
}

/** Returns a name for a reader of this process that no other one has. */
export function readerName(): string {
  return `${hostname()} ${process.pid} ${Math.random().toString(36).slice(2)}`
}
