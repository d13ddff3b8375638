/** A coarse clock: it checks everything that waits every few milliseconds, so that nothing needs its own timer. */

/** Work that the ticker checks. */
export interface Sweepable {
  /** Ends overdue work; returns whether any is left. */
  sweep(now: number): boolean
}

const periodMs = 5
// How long it runs without work: starting a timer costs more than a few empty rounds.
const idleRounds = 40

/** Sweeps while there is work. It never keeps the process alive, because sockets do. */
export class Ticker {
  readonly #sweepable: Sweepable
  #timer: NodeJS.Timeout | undefined
  /** What started the timer. */
  #clock: typeof setInterval | undefined
  #idle = 0

  constructor(sweepable: Sweepable) {
    this.#sweepable = sweepable
  }

  /** Starts the ticker, also when a test has replaced the clock that it runs by. */
  wake(): void {
    this.#idle = 0
    if (this.#clock !== setInterval) this.stop()
    if (this.#timer !== undefined) return
    this.#clock = setInterval
    this.#timer = setInterval(this.#tick, periodMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  // After the sockets have been read: a response that has arrived is not late, however busy this process was.
  readonly #tick = (): void => void setImmediate(this.#round)

  readonly #round = (): void => {
    if (this.#timer === undefined) return
    if (this.#sweepable.sweep(performance.now())) this.#idle = 0
    else if (++this.#idle > idleRounds) this.stop()
  }
}
