import { fullJitter } from '../time/backoff.ts'

/** Options of a reader. */
export interface ReaderOptions {
  /** Reads once. Returns false when another instance reads. */
  readonly turn: (signal: AbortSignal) => Promise<boolean>
  /** Called when a turn has failed and when another instance reads. */
  readonly onIdle: () => void | Promise<void>
  /** Called when turns begin to fail, and with undefined when they succeed again. */
  readonly onChange: (error: unknown) => void
}

/** How often instances that do not read try to take the lease, in milliseconds. */
const otherMs = 3000
const pause = fullJitter({ baseMs: 200, capMs: 10_000 })

/** Reads again and again, and backs off while that fails. */
export class Reader {
  readonly #options: ReaderOptions
  readonly #stop = new AbortController()
  #loop: Promise<void> = Promise.resolve()
  #failures = 0

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
        if (this.#failures > 0) onChange(undefined)
        this.#failures = 0
        if (isReader) continue
        await onIdle()
        await wait(otherMs * (0.5 + Math.random()), signal)
      } catch (error) {
        if (signal.aborted) return
        if (this.#failures++ === 0) onChange(error)
        await onIdle()
        await wait(pause(this.#failures), signal)
      }
    }
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
