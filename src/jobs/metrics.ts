import type { Counter } from '../metrics/counter.ts'
import type { Histogram } from '../metrics/histogram.ts'
import type { Labelled, Metrics } from '../metrics/metrics.ts'
import type { Attempt } from '../queue/attempt.ts'
import type { AttemptEnd } from '../queue/task.ts'

/** What becomes of jobs. */
export class JobMetrics {
  readonly #attempts: Labelled<Counter, 'job' | 'outcome'>
  readonly #duration: Labelled<Histogram, 'job'>
  readonly #delay: Labelled<Histogram, 'job'>

  constructor(metrics: Metrics) {
    this.#attempts = metrics.counter('tricube_job_attempts_total', {
      help: 'Attempts of jobs that have ended, by job and outcome: done, failed, dead, lost, returned.',
      labels: ['job', 'outcome'],
    })
    this.#duration = metrics.histogram('tricube_job_duration_seconds', {
      help: 'Seconds that an attempt of a job took.',
      labels: ['job'],
    })
    this.#delay = metrics.histogram('tricube_job_delay_seconds', {
      help: 'Seconds from when a job was due to the beginning of an attempt.',
      labels: ['job'],
    })
  }

  /** An attempt has ended. */
  ended({ job, startedAt, startedDate, endedAt }: Attempt, { outcome }: AttemptEnd): void {
    this.#attempts.labels({ job: job.name, outcome }).inc()
    this.#duration.labels({ job: job.name }).observe((endedAt - startedAt) / 1000)
    this.#delay.labels({ job: job.name }).observe(Math.max(0, startedDate - job.dueAt) / 1000)
  }
}
