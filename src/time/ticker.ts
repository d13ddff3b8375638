/** A coarse clock: everything that waits is looked at every few milliseconds, so that nothing needs a timer of its own. */

/** What the ticker looks at. */
export interface Swept {
  /** Gives up what is overdue; true while there is anything left to look at. */
  sweep(now: number): boolean
}

const periodMs = 5
// Kept running this long without work: starting a timer costs more than some empty rounds.
const idleRounds = 40

/** Sweeps while there is work. It never keeps the process alive: sockets do. */
export class Ticker {
  readonly #swept: Swept
  #timer: NodeJS.Timeout | undefined
  #idle = 0

  constructor(swept: Swept) {
    this.#swept = swept
  }

  /** There is work. */
  wake(): void {
    this.#idle = 0
    this.#timer ??= setInterval(this.#tick, periodMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  // Not before the sockets have been read: an answer that is already here is not late, however busy this process was.
  readonly #tick = (): void => void setImmediate(this.#round)

  readonly #round = (): void => {
    if (this.#timer === undefined) return
    if (this.#swept.sweep(performance.now())) this.#idle = 0
    else if (++this.#idle > idleRounds) this.stop()
  }
}
