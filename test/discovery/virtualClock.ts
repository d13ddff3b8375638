import { setImmediate } from 'node:timers/promises'

/** A clock that a test moves: what waits on it goes on when its moment has come, in order, and never by itself. */
export class VirtualClock {
  #now = 0
  readonly #waiting = new Set<{ readonly at: number; readonly done: () => void }>()

  now(): number {
    return this.#now
  }

  /** How many wait for it. */
  get waiting(): number {
    return this.#waiting.size
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const entry = {
        at: this.#now + Math.max(0, ms),
        done: () => {
          this.#waiting.delete(entry)
          signal?.removeEventListener('abort', entry.done)
          resolve()
        },
      }
      this.#waiting.add(entry)
      signal?.addEventListener('abort', entry.done, { once: true })
    })
  }

  /** Lets this many milliseconds pass. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await setImmediate() // work that does not wait for the clock runs first
      const [next] = [...this.#waiting].sort((a, b) => a.at - b.at)
      if (!next || next.at > until) break
      this.#now = next.at
      next.done()
    }
    this.#now = until
  }
}
