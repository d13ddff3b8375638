import type { AttemptOf } from './job.ts'

/** Jobs that are done and not deleted yet: deleted together, one statement at a time, so that a burst costs few of them. */
export class Completions {
  readonly #complete: (attempts: readonly AttemptOf[]) => Promise<void>
  #next: AttemptOf[] = []
  #resolvers: (() => void)[] = []
  #isRunning = false

  /** `complete` does not reject: it goes on trying for as long as there is any use. */
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
    await Promise.resolve() // others of this turn of the loop go along
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
