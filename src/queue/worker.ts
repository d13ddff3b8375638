import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { LeaseLost } from './attempt.ts'
import { Claims } from './claims.ts'
import type { QueueClock } from './clock.ts'
import { storeLimits } from './limits.ts'
import { leaseMs, reap, register, renew, unregister } from './lease.ts'
import { Runner } from './runner.ts'
import { requeueUnknown, releaseStuck } from './settle.ts'
import { isLimited, type Task } from './task.ts'

/** Options of a worker. */
export interface WorkerOptions {
  readonly db: Database
  /** Its name in the table of workers. */
  readonly name: string
  readonly tasks: readonly Task[]
  /** The maximum number of jobs that run at once in this process. */
  readonly concurrency: number
  readonly clock: QueueClock
  /** Called when the database stops responding, and with undefined when it responds again. */
  readonly onChange: (error: unknown) => void
}

/** Milliseconds between two polls, each of which renews the lease. */
const pollMs = 3000
/** The timeout of the worker's statements, in milliseconds: less than the lease. */
const timeoutMs = 4000
/** The minimum time between two polls, in milliseconds. */
const pauseMs = 100
/** Milliseconds between two searches for jobs that are held by mistake. */
const releaseStuckMs = 60_000
const maxInTests = 1000
const pause = fullJitter({ baseMs: 200, capMs: 5000 })

/**
 * Runs the jobs of a database in this process. If a process is killed or frozen, it loses its lease and other processes run
 * its jobs.
 */
export class Worker {
  readonly #options: WorkerOptions
  readonly #db: Database
  readonly #isOrdered: boolean
  readonly #claims: Claims
  #runner: Runner | undefined
  /** When to poll, to claim jobs and to free jobs of lost workers, on the clock of `performance.now()`. */
  #pollAt = 0
  #dueAt = Number.POSITIVE_INFINITY
  #reapAt = 0
  #releasedStuckAt = 0
  #state: 'new' | 'running' | 'draining' | 'closed' = 'new'
  #loop: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#db = options.db.with({ timeoutMs })
    this.#claims = new Claims(this.#db, options.tasks, options.clock)
    this.#isOrdered = options.tasks.some(({ isOrdered }) => isOrdered)
  }

  /** Starts to run jobs. */
  start(): void {
    this.#state = 'running'
    this.#loop = this.#run()
  }

  /** The number of the worker, once it is registered. */
  get number(): number | undefined {
    return this.#runner?.worker
  }

  /** Whether the worker would claim a job of this name now. */
  hasRoomFor(name: string): boolean {
    return this.#state === 'running' && (this.#runner?.hasRoomFor(name) ?? false)
  }

  /** Wakes the worker for a job that is due in this many milliseconds. */
  expect(inMs: number): void {
    this.#dueAt = Math.min(this.#dueAt, performance.now() + inMs)
    this.#wake()
  }

  /** Runs all due jobs without `start`, for tests. Returns the milliseconds until the next job is due, if any. */
  async runDue(): Promise<number | undefined> {
    const runner = (this.#runner ??= await this.#register(performance.now()))
    const { aheadMs } = this.#options.clock
    for (;;) {
      runner.leasedUntil = Number.POSITIVE_INFINITY
      const { jobs } = await this.#claims.claim(runner, maxInTests)
      if (jobs.length === 0) break
      runner.take(jobs)
      await runner.idle()
    }
    const leaseState = await renew(this.#db, runner.worker, this.#claims.names, { running: [], all: [] })
    const inMs = Math.min((leaseState?.dueInMs ?? Infinity) - aheadMs, this.#claims.openInMs)
    return inMs === Infinity ? undefined : inMs
  }

  /** Takes no new jobs and returns those that have not started to the queue. */
  async stopTaking(): Promise<void> {
    if (this.#state === 'running') this.#state = 'draining'
    this.#wake()
    await this.#runner?.returnWaiting()
  }

  /** Waits for the running jobs, for at most `ms` milliseconds. Cancels the rest, so that other instances run them at once. */
  async finish(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#loop, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
    clearTimeout(timer)
    await this.#runner?.returnRunning()
  }

  /** Cancels the running jobs and ends the lease. */
  async close(): Promise<void> {
    this.#state = 'closed'
    this.#wake()
    const runner = this.#runner
    await runner?.returnRunning()
    await this.#loop
    await runner?.idle()
    if (runner?.isLeased) await unregister(this.#db, runner.worker).catch(() => {}) // the lease ends by itself
  }

  get #goesOn(): boolean {
    return this.#state === 'running' || (this.#state === 'draining' && this.#runner?.isIdle === false)
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#goesOn;) {
      try {
        await this.#turn()
        if (failures > 0) this.#options.onChange(undefined)
        failures = 0
        await this.#rest(Math.min(this.#pollAt, this.#reapAt, this.#canClaim ? this.#dueAt : Infinity))
      } catch (error) {
        if (failures++ === 0) this.#options.onChange(error)
        if (this.#runner?.isLeased === false) this.#loseLease()
        await new Promise((resolve) => setTimeout(resolve, pause(failures)))
      }
    }
  }

  /** Renews the lease, frees jobs of lost workers and claims jobs, as far as each is due. */
  async #turn(): Promise<void> {
    const now = performance.now()
    if (this.#runner?.isLeased === false) this.#loseLease()
    const runner = (this.#runner ??= await this.#register(now))
    if (now >= this.#pollAt) await this.#poll(runner, now)
    if (now >= this.#reapAt) await this.#reap(now)
    if (now >= this.#dueAt && this.#canClaim) await this.#claim(runner)
  }

  async #register(now: number): Promise<Runner> {
    const { name, tasks, concurrency, clock } = this.#options
    const limited = tasks.filter(isLimited)
    if (limited.length > 0) await storeLimits(this.#db, limited)
    const worker = await register(this.#db, name)
    this.#pollAt = now
    this.#reapAt = now
    const runner: Runner = new Runner({
      db: this.#db,
      worker,
      tasks,
      concurrency,
      clock,
      onRoom: () => this.#wake(),
      onDue: (inMs) => this.expect(inMs),
      onEnded: (name) => this.#claims.ended(name),
    })
    runner.leasedUntil = now + leaseMs
    return runner
  }

  async #poll(runner: Runner, now: number): Promise<void> {
    const { names } = this.#claims
    const running = runner.running.map(({ job }) => job.id)
    const leaseState = await renew(this.#db, runner.worker, names, { running, all: runner.held })
    this.#pollAt = now + pollMs
    if (!leaseState) return this.#loseLease()
    const { dueInMs, leaseEndsInMs, lost, hasUnknown } = leaseState
    runner.leasedUntil = now + leaseMs
    this.#dueAt = Math.min(this.#dueAt, now + (dueInMs ?? Infinity), now + this.#claims.openInMs)
    // Not all at once.
    this.#reapAt = leaseEndsInMs === null ? Number.POSITIVE_INFINITY : now + leaseEndsInMs + Math.random() * 300
    if (lost.length > 0)
      runner.abort(new LeaseLost('the job was cancelled, or another instance runs it'), new Set(lost))
    if (hasUnknown) {
      await requeueUnknown(this.#db, runner.worker, runner.held)
      this.#dueAt = now
    }
    if (this.#isOrdered && now >= this.#releasedStuckAt) {
      this.#releasedStuckAt = now + releaseStuckMs
      await releaseStuck(this.#db)
    }
  }

  async #reap(now: number): Promise<void> {
    this.#reapAt = Number.POSITIVE_INFINITY // until the next poll
    if ((await reap(this.#db)) > 0) this.#dueAt = now
  }

  async #claim(runner: Runner): Promise<void> {
    const claimedAt = performance.now()
    this.#dueAt = Number.POSITIVE_INFINITY
    const { jobs, mayBeMore } = await this.#claims.claim(runner, runner.wantedInAll)
    // Otherwise no more jobs are due. The next poll finds out when the next one is.
    if (mayBeMore) this.#dueAt = claimedAt
    else this.#pollAt = Math.min(this.#pollAt, claimedAt + pauseMs)
    runner.take(jobs)
    if (this.#state !== 'running') await runner.returnWaiting()
  }

  get #canClaim(): boolean {
    return this.#state === 'running' && (this.#runner?.wantedInAll ?? 0) > 0
  }

  /** Cancels the worker's jobs, which may run elsewhere by now. The next poll starts a new lease. */
  #loseLease(): void {
    this.#runner?.abort(new LeaseLost('this instance did not renew its lease in time: another one runs its jobs'))
    this.#runner = undefined
  }

  async #rest(until: number): Promise<void> {
    const ms = until - performance.now()
    if (ms <= 0 || !this.#goesOn) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, Math.min(ms, pollMs))
    })
    clearTimeout(timer)
    this.#wake = () => {}
  }
}
