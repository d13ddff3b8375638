import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { Attempt, LeaseLost, Returned } from './attempt.ts'
import type { Wanted } from './claim.ts'
import { Completions } from './completions.ts'
import { failureText } from './failure.ts'
import type { ClaimedJob } from './job.ts'
import { bury, complete, giveBack, hold, retry } from './settle.ts'
import { Slots } from './slots.ts'
import type { QueueClock } from './clock.ts'
import type { AttemptEnd, Task } from './task.ts'

/** What a runner is made of. */
export interface RunnerOptions {
  readonly db: Database
  /** The number of the lease that its jobs are claimed under. */
  readonly worker: number
  readonly tasks: readonly Task[]
  /** The most jobs that run at once. */
  readonly concurrency: number
  readonly clock: QueueClock
  /** There is room for more, or nothing is left. */
  readonly onRoom: () => void
  /** A job is due in so many milliseconds: one that failed, or the next one of a key. */
  readonly onDue: (inMs: number) => void
  /** A job of this name has ended. */
  readonly onEnded: (name: string) => void
}

const pause = fullJitter({ baseMs: 100, capMs: 2000 })

/** Runs the jobs that were claimed under one lease, and stores what becomes of them. */
export class Runner {
  readonly worker: number
  /** As `performance.now()` counts; past it, others may run what runs here. */
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

  /** How many jobs to claim of each of some tasks. */
  wanted(ofTask: (task: Task) => boolean): readonly Wanted[] {
    const wanted: Wanted[] = []
    for (const { task, wanted: count } of this.#slots.values()) {
      if (count > 0 && ofTask(task)) wanted.push({ name: task.name, count })
    }
    return wanted
  }

  /** How many to claim of all tasks. */
  get wantedInAll(): number {
    let waiting = 0
    let supply = 0
    for (const slots of this.#slots.values()) {
      waiting += slots.waiting.length
      supply = Math.max(supply, slots.supply)
    }
    return waiting > supply / 2 ? 0 : Math.max(0, this.#options.concurrency + supply - this.#running - waiting)
  }

  /** Whether it would claim a job of this name now. */
  hasRoomFor(name: string): boolean {
    return (this.#slots.get(name)?.wanted ?? 0) > 0 && this.wantedInAll > 0
  }

  /** The jobs that run and have not ended. */
  get running(): readonly Attempt[] {
    return [...this.#attempts].filter(({ hasEnded }) => !hasEnded)
  }

  /** The ids of all jobs that it has: those that wait, that run, and whose end is not stored yet. */
  get held(): readonly number[] {
    const waiting = [...this.#slots.values()].flatMap((slots) => slots.waiting)
    return [...waiting, ...[...this.#attempts].map(({ job }) => job)].map(({ id }) => id)
  }

  /** Runs jobs that were claimed under its lease. */
  take(jobs: readonly ClaimedJob[]): void {
    for (const job of jobs) this.#slots.get(job.name)!.waiting.push(job)
    this.#begin()
  }

  /** Gives back what has not begun. It does not count as an attempt. */
  async returnWaiting(): Promise<void> {
    await this.#giveBack(this.#takeWaiting(), { hasBegun: false })
  }

  /** Cancels the running jobs and returns them to the queue. */
  async returnRunning(): Promise<void> {
    const jobs = this.running.map(({ job }) => job)
    this.abort(new Returned('the service stops'))
    await this.#giveBack(jobs, { hasBegun: true })
  }

  /** Cancels the running jobs, or only these. Jobs that have not begun are forgotten. */
  abort(reason: Error, only?: ReadonlySet<number>): void {
    if (!only) this.#takeWaiting()
    for (const { job, cancellation, isCompleted } of this.running) {
      if (!isCompleted && (!only || only.has(job.id))) cancellation.end(reason)
    }
  }

  /** Resolves when nothing runs and what became of it is stored. */
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
      if (job.attempt > task.retries + 1) throw new Error('the instance that ran it was lost each time')
      await attempt.run((one) => task.run(one), task.timeoutMs)
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
   * A commit that fails, or whose response is lost, has deleted the job or has not. What is stored of the failure waits for
   * it, and finds the job only if the commit was rolled back.
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

  async #giveBack(jobs: readonly ClaimedJob[], { hasBegun }: { readonly hasBegun: boolean }): Promise<void> {
    if (jobs.length === 0) return
    await giveBack(this.#options.db, this.worker, jobs, hasBegun ? 0 : 1).catch(() => {}) // the lease ends by itself
  }

  #takeWaiting(): ClaimedJob[] {
    return [...this.#slots.values()].flatMap((slots) => slots.waiting.splice(0))
  }

  /** Stores what became of an attempt, however often that takes; once the lease has ended there is no use. */
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
