import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { Attempt, LeaseLost, Returned } from './attempt.ts'
import type { Wanted } from './claim.ts'
import { Completions } from './completions.ts'
import { failureText } from './failure.ts'
import type { ClaimedJob } from './job.ts'
import { bury, complete, requeue, hold, retry } from './settle.ts'
import { Slots } from './slots.ts'
import type { QueueClock } from './clock.ts'
import type { AttemptEnd, Task } from './task.ts'

/** Options of a runner. */
export interface RunnerOptions {
  readonly db: Database
  /** The number of the worker that claimed the jobs. */
  readonly worker: number
  readonly tasks: readonly Task[]
  /** The maximum number of jobs that run at once. */
  readonly concurrency: number
  readonly clock: QueueClock
  /** Called when there is room for more jobs, and when the last job has ended. */
  readonly onRoom: () => void
  /** Called when a job is due in this many milliseconds: a failed one, or the next of a key. */
  readonly onDue: (inMs: number) => void
  /** Called when a job of this name has ended. */
  readonly onEnded: (name: string) => void
}

const pause = fullJitter({ baseMs: 100, capMs: 2000 })

/** Runs the jobs that were claimed under one lease and stores their outcomes. */
export class Runner {
  readonly worker: number
  /** On the clock of `performance.now()`. After this time, other workers may run the same jobs. */
  leasedUntil = 0
  readonly #options: RunnerOptions
  readonly #slots: ReadonlyMap<string, Slots>
  readonly #attempts = new Set<Attempt>()
  readonly #completions: Completions
  #running = 0
  #onIdle: (() => void) | undefined

  constructor(options: RunnerOptions) {
    const { worker, tasks, db } = options
    this.worker = worker
    this.#options = options
    this.#slots = new Map(tasks.map((task) => [task.name, new Slots(task)]))
    this.#completions = new Completions(
      async (attempts) => void (await this.#store(() => complete(db, worker, attempts))),
    )
  }

  get isLeased(): boolean {
    return performance.now() < this.leasedUntil
  }

  /** Returns how many jobs of each matching task to claim. */
  wanted(ofTask: (task: Task) => boolean): readonly Wanted[] {
    const wanted: Wanted[] = []
    for (const { task, wanted: count } of this.#slots.values()) {
      if (count > 0 && ofTask(task)) wanted.push({ name: task.name, count })
    }
    return wanted
  }

  /** How many jobs of all tasks to claim. */
  get wantedInAll(): number {
    let waiting = 0
    let supply = 0
    for (const slots of this.#slots.values()) {
      waiting += slots.waiting.length
      supply = Math.max(supply, slots.supply)
    }
    return waiting > supply / 2 ? 0 : Math.max(0, this.#options.concurrency + supply - this.#running - waiting)
  }

  /** Whether the runner would claim a job of this name now. */
  hasRoomFor(name: string): boolean {
    return (this.#slots.get(name)?.wanted ?? 0) > 0 && this.wantedInAll > 0
  }

  /** The attempts that have not ended. */
  get running(): readonly Attempt[] {
    return [...this.#attempts].filter(({ hasEnded }) => !hasEnded)
  }

  /** The ids of all its jobs: waiting, running, and ended but not stored yet. */
  get held(): readonly number[] {
    const waiting = [...this.#slots.values()].flatMap((slots) => slots.waiting)
    return [...waiting, ...[...this.#attempts].map(({ job }) => job)].map(({ id }) => id)
  }

  /** Runs jobs that were claimed under the runner's lease. */
  take(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) this.#slots.get(job.name)!.waiting.push(job)
    this.#begin()
  }

  /** Returns the jobs that have not started to the queue. This does not count as an attempt. */
  async returnWaiting(): Promise<void> {
    await this.#requeue(this.#takeWaiting(), { hasBegun: false })
  }

  /** Cancels the running jobs and returns them to the queue. */
  async returnRunning(): Promise<void> {
    const jobs = this.running.map(({ job }) => job)
    this.abort(new Returned('the service stops'))
    await this.#requeue(jobs, { hasBegun: true })
  }

  /** Cancels the running jobs, or only these. Drops the jobs that have not started, unless `only` is given. */
  abort(reason: Error, only?: ReadonlySet<number>): void {
    if (!only) this.#takeWaiting()
    for (const attempt of this.running) {
      if (!attempt.isCompleted && (!only || only.has(attempt.job.id))) attempt.abort(reason)
    }
  }

  /** Resolves when no job runs and all outcomes are stored. */
  async idle(): Promise<void> {
    while (this.#attempts.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve))
  }

  get isIdle(): boolean {
    return this.#attempts.size === 0
  }

  #begin(): void {
    for (const slots of this.#slots.values()) {
      while (slots.canBegin && this.#running < this.#options.concurrency) void this.#run(slots, slots.waiting.shift()!)
    }
  }

  async #run(slots: Slots, job: ClaimedJob): Promise<void> {
    const { task } = slots
    const attempt = new Attempt(job, this.worker)
    this.#attempts.add(attempt)
    this.#running++
    slots.running++
    let thrown: { readonly error: unknown } | undefined
    try {
      if (job.attempt > task.retries + 1) throw new Error('every instance that ran this job was lost before it ended')
      await attempt.run(
        (one) => task.run(one),
        task.timeoutMs,
        (goesOn) => task.overdue?.(attempt, goesOn),
      )
    } catch (error) {
      thrown = { error }
    }
    attempt.endedAt = performance.now()
    slots.took(attempt.endedAt - attempt.startedAt)
    this.#running--
    slots.running--
    this.#begin()
    this.#options.onRoom()
    const end = thrown ? await this.#failed(attempt, task, thrown.error) : await this.#done(attempt)
    task.ended?.(attempt, end)
    this.#options.onEnded(task.name)
    if (job.key !== null || task.globalConcurrency !== undefined) this.#options.onDue(0)
    this.#attempts.delete(attempt)
    if (!this.isIdle) return
    this.#onIdle?.()
    this.#options.onRoom()
  }

  async #done({ job, isCompleted }: Attempt): Promise<AttemptEnd> {
    if (!isCompleted) await this.#completions.add(job)
    return { outcome: 'done' }
  }

  /**
   * When a commit fails or its response is lost, the job may have been deleted. The statement below waits for that commit,
   * and finds the job only if it was rolled back.
   */
  async #failed(attempt: Attempt, task: Task, error: unknown): Promise<AttemptEnd> {
    const { job } = attempt
    const missing = (): AttemptEnd => (attempt.isCompleted ? { outcome: 'done' } : { outcome: 'lost', error })
    if (error instanceof Returned) return { outcome: 'returned', error }
    if (error instanceof LeaseLost) return { outcome: 'lost', error }
    const { db, clock } = this.#options
    const text = failureText(error, job.trace)
    if (job.attempt > task.retries) {
      const isHeld = task.onDead === 'hold' && job.key !== null
      const isOurs = await this.#store(() => (isHeld ? hold : bury)(db, this.worker, job, text))
      if (isOurs === false) return missing()
      return { outcome: 'dead', error }
    }
    const retryInMs = Math.ceil(task.backoff(job.attempt))
    const isOurs = await this.#store(() => retry(db, this.worker, job, clock.aheadMs + retryInMs, text))
    if (isOurs === false) return missing()
    this.#options.onDue(retryInMs)
    return { outcome: 'failed', error, retryInMs }
  }

  async #requeue(jobs: readonly ClaimedJob[], { hasBegun }: { readonly hasBegun: boolean }): Promise<void> {
    if (jobs.length === 0) return
    await requeue(this.#options.db, this.worker, jobs, hasBegun ? 0 : 1).catch(() => {}) // the lease ends by itself
  }

  #takeWaiting(): ClaimedJob[] {
    return [...this.#slots.values()].flatMap((slots) => slots.waiting.splice(0))
  }

  /** Stores the outcome of an attempt. It retries until the lease has ended. */
  async #store<T>(fn: () => Promise<T>): Promise<T | undefined> {
    for (let failures = 1; ; failures++) {
      try {
        return await fn()
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pause(failures)))
        if (!this.isLeased) return undefined
      }
    }
  }
}
