import type { ContractEvent } from '../contract/event.ts'
import { inputOf, type FeedEvent } from '../events/cursors.ts'
import { keyOf } from '../events/outlet.ts'
import { enqueue } from '../queue/enqueue.ts'
import type { Definition } from '../service/definition/definition.ts'
import { subscriptionTaskName } from '../service/parts/jobs/tasks.ts'
import type { Database } from '../sql/index.ts'
import type { AttemptEnd } from '../queue/task.ts'
import type { AnyPart } from '../service/lifecycle/openParts.ts'
import { compileOptionsCheck } from '../config/rule.ts'
import { number } from '../config/rules.ts'
import { jobs, type OpenedJobs } from '../service/parts/jobs/jobs.ts'
import { checkEvent } from './published.ts'

/** Options of `runJobs`. */
export interface RunJobsOptions {
  /** Milliseconds by which the clock of the jobs moves on; jobs that become due by then run too. Default: 0. */
  readonly forMs?: number
}

/** One attempt of a job. */
export interface JobRun {
  readonly job: string
  readonly id: number
  /** Number of the attempt, from 1; 0 if it was not tried. */
  readonly attempt: number
  /**
   * `failed`: it will be retried. `dead`: it has no retries left. `waiting`: a delivered event has not been tried, since it waits
   * behind a failed one of the same key.
   */
  readonly outcome: AttemptEnd['outcome'] | 'waiting'
  /** What the handler threw. */
  readonly error?: unknown
}

/** Runs the jobs of a service under test on demand. */
export class JobsUnderTest {
  /** Replaces the part that runs jobs in the background. */
  readonly part: AnyPart
  #opened: OpenedJobs | undefined
  #runs: JobRun[] = []
  #delivered = 0

  constructor() {
    this.part = {
      ...jobs,
      open: async (host, options) => {
        const opened = await jobs.open(host as Parameters<typeof jobs.open>[0], options)
        this.#opened = opened
        if (opened.outlet) opened.outlet.clock.random = () => 1 // a retry waits for the longest time
        opened.onEnded = ({ job }, { outcome, error }) => {
          const run = { job: job.name, id: job.id, attempt: job.attempt, outcome }
          this.#runs.push(error === undefined ? run : { ...run, error })
        }
        return opened
      },
    }
  }

  /** Has the subscriptions to an event get it, and runs what is due. */
  async deliver(
    definition: Pick<Definition, 'contract' | 'subscriptions'>,
    db: Database | undefined,
    event: ContractEvent,
    payload: unknown,
  ): Promise<readonly JobRun[]> {
    checkEvent('deliver', event)
    const received = await this.receive(definition, db, event.service, {
      id: `${event.service}..test-${++this.#delivered}`,
      name: event.name,
      key: keyOf(event.name, event.key, payload),
      trace: null,
      publishedAt: Date.now(),
      payload: JSON.stringify(payload),
    })
    if (received.length === 0) {
      throw new TypeError(`${definition.contract.name} has no subscription to ${event.name} of ${event.service}`)
    }
    const runs = await this.run()
    const waiting = received.filter(({ id }) => !runs.some((run) => run.id === id))
    return [...runs, ...waiting.map((one) => ({ ...one, attempt: 0, outcome: 'waiting' as const }))]
  }

  /** Stores an event of a publisher for the subscriptions to it. Returns the jobs that handle it. */
  async receive(
    { subscriptions = {} }: Pick<Definition, 'subscriptions'>,
    db: Database | undefined,
    publisher: string,
    event: FeedEvent,
  ): Promise<readonly Pick<JobRun, 'job' | 'id'>[]> {
    const found = Object.entries(subscriptions).filter(
      ([, { event: one }]) => one.name === event.name && one.service === publisher,
    )
    if (!db) return []
    const received: Pick<JobRun, 'job' | 'id'>[] = []
    for (const [name] of found) {
      const { key, trace } = event
      const job = { name: subscriptionTaskName(name), input: inputOf(event), key, trace, priority: 1, delayMs: 0 }
      const { id } = await enqueue(db, { ...job, runAt: undefined, unique: undefined })
      received.push({ job: job.name, id })
    }
    return received
  }

  /** Whether the service has jobs or subscriptions. */
  get hasJobs(): boolean {
    return this.#opened?.outlet !== undefined
  }

  /** Runs the jobs that are due, and those that become due meanwhile, until none is left. */
  async run(options: RunJobsOptions = {}): Promise<readonly JobRun[]> {
    checkRunJobsOptions('runJobs', options)
    const { forMs = 0 } = options
    const opened = this.#opened
    if (!opened?.outlet) throw new TypeError('runJobs: this service has no jobs, set jobs and jobHandlers')
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

const checkRunJobsOptions = compileOptionsCheck<RunJobsOptions>({ forMs: number() })
