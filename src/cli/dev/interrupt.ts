/** Ctrl-C, SIGTERM and a closed terminal: the first signal stops dev, the second one forces it. */
export class Interrupt {
  /** The error that `guard` and `check` throw after the first signal. */
  readonly reason: Error = new Error('interrupted')
  readonly #requested: Promise<never>
  #isRequested = false
  #request: () => void = () => {}
  #force: (() => void)[] = []

  constructor() {
    this.#requested = new Promise((_, reject) => {
      const request = (): void => {
        this.#isRequested = true
        reject(this.reason)
      }
      this.#request = request
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => (this.#isRequested ? this.#end() : request()))
      }
      // The reader of our output has exited: `tricube dev | head`.
      process.stdout.on('error', request)
    })
    this.#requested.catch(() => {})
  }

  /** Waits for the work; throws `reason` if a signal comes first. */
  guard<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {})
    return Promise.race([work, this.#requested])
  }

  /** Throws `reason` if a signal has come. */
  check(): void {
    if (this.#isRequested) throw this.reason
  }

  /** Stops dev as Ctrl-C does. */
  request(): void {
    this.#request()
  }

  /** Registers a synchronous action for the second signal, before the process exits. */
  onForce(action: () => void): void {
    this.#force.push(action)
  }

  #end(): never {
    for (const action of this.#force) action()
    process.exit(1)
  }
}
