import type { AttemptOf } from './job.ts'

/** Deletes jobs that are done, in batches and one statement at a time, so that a burst needs few statements. */
export class Completions {
  readonly #complete: (attempts: readonly AttemptOf[]) => Promise<void>
  #next: AttemptOf[] = []
  #resolvers: (() => void)[] = []
  #isRunning = false

  /** `complete` must not reject. It retries until the lease has ended. */
  constructor(complete: (attempts: readonly AttemptOf[]) => Promise<void>) {
    this.#complete = complete
  }

  /** Resolves when the job has been deleted. */
  add(attempt: AttemptOf): Promise<void> {
    return new Promise((resolve) => {
      this.#next.push(attempt)
      this.#resolvers.push(resolve)
      if (!this.#isRunning) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    await Promise.resolve() // adds the other jobs of this turn of the event loop
    while (this.#next.length > 0) {
      const [attempts, resolvers] = [this.#next, this.#resolvers]
      this.#next = []
      this.#resolvers = []
      await this.#complete(attempts)
      for (const resolve of resolvers) resolve()
    }
    this.#isRunning = false
  }
}
