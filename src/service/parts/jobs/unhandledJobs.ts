import type { LateLog } from '../../../log/late.ts'
import type { Backlog } from '../../../queue/queueWatch.ts'

/** Logs jobs that nothing handles, once for each name. */
export class UnhandledJobs {
  readonly #log: LateLog
  readonly #reported = new Set<string>()

  constructor(log: LateLog) {
    this.#log = log
  }

  report(found: readonly Backlog[]): void {
    for (const { name, waiting, oldestSeconds } of found) {
      if (this.#reported.has(name)) continue
      this.#reported.add(name)
      this.#log.warn(
        { job: name, waiting, oldestSeconds: Math.round(oldestSeconds) },
        `jobs wait for a handler that this release does not have: bring it back, or run tricube jobs cancel --name '${name}'`,
      )
    }
  }
}
