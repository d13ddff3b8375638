import type { AttemptEnd } from '../queue/task.ts'
import type { AnyPart } from '../service/lifecycle/openParts.ts'
import { jobs, type OpenedJobs } from '../service/parts/jobs/jobs.ts'

/** How the jobs of a service under test are run. */
export interface RunJobsOptions {
  /** Moves the time of the jobs on by so many milliseconds, and runs what becomes due meanwhile. Default: 0. */
  readonly forMs?: number
}

/** An attempt of a job. */
export interface JobRun {
  readonly job: string
  readonly id: number
  /** From 1. */
  readonly attempt: number
  /** `failed`: it will run again; `dead`: it will not. */
  readonly outcome: AttemptEnd['outcome']
  /** What it has thrown. */
  readonly error?: unknown
}

/** Runs the jobs of a service under test, when it is asked to. */
export class JobsUnderTest {
  /** Takes the place of the part that runs them by itself. */
  readonly part: AnyPart
  #opened: OpenedJobs | undefined
  #runs: JobRun[] = []

  constructor() {
    this.part = {
      ...jobs,
      open: async (host, options) => {
        const opened = await jobs.open(host as Parameters<typeof jobs.open>[0], options)
        this.#opened = opened
        if (opened.outlet) opened.outlet.clock.random = () => 1 // a retry waits as long as it ever does
        opened.onEnded = ({ job }, { outcome, error }) => {
          const run = { job: job.name, id: job.id, attempt: job.attempt, outcome }
          this.#runs.push(error === undefined ? run : { ...run, error })
        }
        return opened
      },
    }
  }

  /** Runs what is due, and what becomes due by that, until nothing is. */
  async run({ forMs = 0 }: RunJobsOptions = {}): Promise<readonly JobRun[]> {
    const opened = this.#opened
    if (!opened?.outlet) throw new TypeError('this service has no jobs: give it jobs and jobHandlers')
    const { clock } = opened.outlet
    const end = clock.aheadMs + forMs
    this.#runs = []
    for (;;) {
      const nextInMs = await opened.runDue()
      if (nextInMs === undefined || clock.aheadMs + nextInMs > end) break
      clock.aheadMs += Math.max(1, Math.ceil(nextInMs))
    }
    clock.aheadMs = end
    return this.#runs
  }
}
