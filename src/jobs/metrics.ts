import type { Counter } from '../metrics/counter.ts'
import type { Gauge } from '../metrics/gauge.ts'
import type { Histogram } from '../metrics/histogram.ts'
import type { Labelled, Metrics } from '../metrics/metrics.ts'
import type { Attempt } from '../queue/attempt.ts'
import type { Backlog } from '../queue/queueWatch.ts'
import type { AttemptEnd } from '../queue/task.ts'

/** The metrics of jobs. Their label is `name`, because Prometheus uses the label `job` itself. */
export class JobMetrics {
  readonly #attempts: Labelled<Counter, 'name' | 'outcome'>
  readonly #duration: Labelled<Histogram, 'name'>
  readonly #delay: Labelled<Histogram, 'name'>
  readonly #waiting: Labelled<Gauge, 'name'>
  readonly #oldest: Labelled<Gauge, 'name'>
  readonly #dead: Labelled<Gauge, 'name'>
  readonly #names: Set<string>
  /** By database. */
  readonly #backlogs = new Map<string, readonly Backlog[]>()

  /** `names` are those of all jobs and subscriptions of the service. */
  constructor(metrics: Metrics, names: readonly string[]) {
    this.#names = new Set(names)
    this.#attempts = metrics.counter('tricube_job_attempts_total', {
      help: 'Attempts of jobs that have ended, by name and outcome: done, failed, dead, lost, returned.',
      labels: ['name', 'outcome'],
    })
    this.#duration = metrics.histogram('tricube_job_duration_seconds', {
      help: 'Duration of an attempt of a job, in seconds.',
      labels: ['name'],
    })
    this.#delay = metrics.histogram('tricube_job_delay_seconds', {
      help: 'Seconds from the time that a job was due to the start of an attempt.',
      labels: ['name'],
    })
    // One instance measures and all other ones have 0, so the sum is the number of waiting jobs.
    this.#waiting = metrics.gauge('tricube_jobs_waiting', {
      help: 'Jobs that are due and have not started, counted up to 100,000.',
      labels: ['name'],
    })
    this.#oldest = metrics.gauge('tricube_jobs_oldest_seconds', {
      help: 'Seconds since the oldest job that has not started was due.',
      labels: ['name'],
      aggregator: 'max',
    })
    this.#dead = metrics.gauge('tricube_jobs_dead', {
      help: 'Jobs that have failed for the last time, counted up to 100,000.',
      labels: ['name'],
    })
    for (const name of names) this.#show(name)
  }

  /** Records the backlog of a database. */
  measured(store: string, backlog: readonly Backlog[]): void {
    this.#backlogs.set(store, backlog)
    for (const { name } of backlog) this.#names.add(name) // also of jobs that nothing handles
    for (const name of this.#names) this.#show(name)
  }

  #show(name: string): void {
    const all = [...this.#backlogs.values()].flat().filter((one) => one.name === name)
    this.#waiting.labels({ name }).set(all.reduce((sum, { waiting }) => sum + waiting, 0))
    this.#dead.labels({ name }).set(all.reduce((sum, { dead }) => sum + dead, 0))
    this.#oldest.labels({ name }).set(Math.max(0, ...all.map(({ oldestSeconds }) => oldestSeconds)))
  }

  /** Records the end of an attempt. */
  ended({ job, startedAt, startedDate, endedAt }: Attempt, { outcome }: AttemptEnd): void {
    this.#attempts.labels({ name: job.name, outcome }).inc()
    this.#duration.labels({ name: job.name }).observe((endedAt - startedAt) / 1000)
    this.#delay.labels({ name: job.name }).observe(Math.max(0, startedDate - job.dueAt) / 1000)
  }
}
