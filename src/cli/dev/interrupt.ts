/** Ctrl-C, SIGTERM and a closed terminal: the first asks to stop, the second forces it. */
export class Interrupt {
  /** What `guard` and `check` throw once the user wants to stop. */
  readonly reason: Error = new Error('interrupted')
  readonly #asked: Promise<never>
  #wanted = false
  #ask: () => void = () => {}
  #force: (() => void)[] = []

  constructor() {
    this.#asked = new Promise((_, reject) => {
      const ask = (): void => {
        this.#wanted = true
        reject(this.reason)
      }
      this.#ask = ask
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
        process.on(signal, () => (this.#wanted ? this.#end() : ask()))
      }
      // Whoever read what we print is gone: `tricube dev | head`.
      process.stdout.on('error', ask)
    })
    this.#asked.catch(() => {})
  }

  /** Waits for the work, or throws `reason` when the user wants to stop first. */
  guard<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {})
    return Promise.race([work, this.#asked])
  }

  /** Throws `reason` when the user wants to stop. */
  check(): void {
    if (this.#wanted) throw this.reason
  }

  /** Stops as at Ctrl-C. */
  ask(): void {
    this.#ask()
  }

  /** What a second signal does before the process ends; it must not wait for anything. */
  onForce(action: () => void): void {
    this.#force.push(action)
  }

  #end(): never {
    for (const action of this.#force) action()
    process.exit(1)
  }
}
