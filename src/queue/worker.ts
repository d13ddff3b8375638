import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { LeaseLost } from './attempt.ts'
import { Claims } from './claims.ts'
import type { QueueClock } from './clock.ts'
import { storeLimits } from './limits.ts'
import { leaseMs, reap, register, renew, unregister } from './lease.ts'
import { Runner } from './runner.ts'
import { giveBackStrays, releaseForgotten } from './settle.ts'
import { isLimited, type Task } from './task.ts'

/** What a worker is made of. */
export interface WorkerOptions {
  readonly db: Database
  /** Its name in the table of workers, for people. */
  readonly name: string
  readonly tasks: readonly Task[]
  /** The most jobs that run at once in this process. */
  readonly concurrency: number
  readonly clock: QueueClock
  /** Called when the database stops responding, and with undefined when it responds again. */
  readonly onChange: (error: unknown) => void
}

/** Looks for work so often when nobody wakes it, in milliseconds, and renews its lease then. */
const lookMs = 3000
/** A statement of its own may take this long, in milliseconds: less than the lease. */
const timeoutMs = 4000
/** Between two looks that nobody waits for, in milliseconds. */
const pauseMs = 100
/** So often it looks for jobs that wait for nothing, in milliseconds. */
const forgottenMs = 60_000
const mostInTests = 1000
const pause = fullJitter({ baseMs: 200, capMs: 5000 })

/** Runs the jobs of a database: one in each process. A process that is killed or frozen loses its lease, and other ones run its jobs. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #db: Database
  readonly #isOrdered: boolean
  readonly #claims: Claims
  #runner: Runner | undefined
  /** When to look for work, to claim it, and to free the jobs of others, as `performance.now()` counts. */
  #lookAt = 0
  #dueAt = Number.POSITIVE_INFINITY
  #reapAt = 0
  #forgottenAt = 0
  #state: 'new' | 'running' | 'draining' | 'closed' = 'new'
  #loop: Promise<void> = Promise.resolve()
  #wake: () => void = () => {}

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#db = options.db.with({ timeoutMs })
    this.#claims = new Claims(this.#db, options.tasks, options.clock)
    this.#isOrdered = options.tasks.some(({ isOrdered }) => isOrdered)
  }

  /** Begins to run jobs. */
  start(): void {
    this.#state = 'running'
    this.#loop = this.#run()
  }

  /** The number of its lease, once it has one. */
  get number(): number | undefined {
    return this.#runner?.worker
  }

  /** Whether it would claim a job of this name now. */
  hasRoomFor(name: string): boolean {
    return this.#state === 'running' && (this.#runner?.hasRoomFor(name) ?? false)
  }

  /** There is a job to run, or there will be in so many milliseconds. */
  expect(inMs: number): void {
    this.#dueAt = Math.min(this.#dueAt, performance.now() + inMs)
    this.#wake()
  }

  /** Runs all that is due, without being started: for tests. Resolves to the milliseconds until the next is due, if any is. */
  async runDue(): Promise<number | undefined> {
    const runner = (this.#runner ??= await this.#register(performance.now()))
    const { aheadMs } = this.#options.clock
    for (;;) {
      runner.leasedUntil = Number.POSITIVE_INFINITY
      const { jobs } = await this.#claims.claim(runner, mostInTests)
      if (jobs.length === 0) break
      runner.take(jobs)
      await runner.idle()
    }
    const outlook = await renew(this.#db, runner.worker, this.#claims.names, { running: [], all: [] })
    const inMs = Math.min((outlook?.dueInMs ?? Infinity) - aheadMs, this.#claims.openInMs)
    return inMs === Infinity ? undefined : inMs
  }

  /** Takes no new jobs, and gives back what has not begun. */
  async stopTaking(): Promise<void> {
    if (this.#state === 'running') this.#state = 'draining'
    this.#wake()
    await this.#runner?.returnWaiting()
  }

  /** Waits until what runs has ended, for at most `ms` milliseconds. Cancels the rest, so that other instances run it at once. */
  async finish(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#loop, new Promise((resolve) => (timer = setTimeout(resolve, ms)))])
    clearTimeout(timer)
    await this.#runner?.returnRunning()
  }

  /** Cancels what still runs, and ends its lease. */
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
        await this.#rest(Math.min(this.#lookAt, this.#reapAt, this.#canClaim ? this.#dueAt : Infinity))
      } catch (error) {
        if (failures++ === 0) this.#options.onChange(error)
        if (this.#runner?.isLeased === false) this.#loseLease()
        await new Promise((resolve) => setTimeout(resolve, pause(failures)))
      }
    }
  }

  /** Does what is due: renews its lease, frees jobs of lost workers, claims. */
  async #turn(): Promise<void> {
    const now = performance.now()
    if (this.#runner?.isLeased === false) this.#loseLease()
    const runner = (this.#runner ??= await this.#register(now))
    if (now >= this.#lookAt) await this.#look(runner, now)
    if (now >= this.#reapAt) await this.#reap(now)
    if (now >= this.#dueAt && this.#canClaim) await this.#claim(runner)
  }

  async #register(now: number): Promise<Runner> {
    const { name, tasks, concurrency, clock } = this.#options
    const limited = tasks.filter(isLimited)
    if (limited.length > 0) await storeLimits(this.#db, limited)
    const worker = await register(this.#db, name)
    this.#lookAt = now
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

  async #look(runner: Runner, now: number): Promise<void> {
    const { names } = this.#claims
    const running = runner.running.map(({ job }) => job.id)
    const outlook = await renew(this.#db, runner.worker, names, { running, all: runner.held })
    this.#lookAt = now + lookMs
    if (!outlook) return this.#loseLease()
    const { dueInMs, leaseEndsInMs, lost, hasStrays } = outlook
    runner.leasedUntil = now + leaseMs
    this.#dueAt = Math.min(this.#dueAt, now + (dueInMs ?? Infinity), now + this.#claims.openInMs)
    // Not all at once.
    this.#reapAt = leaseEndsInMs === null ? Number.POSITIVE_INFINITY : now + leaseEndsInMs + Math.random() * 300
    if (lost.length > 0)
      runner.abort(new LeaseLost('the job was cancelled, or another instance runs it'), new Set(lost))
    if (hasStrays) {
      await giveBackStrays(this.#db, runner.worker, runner.held)
      this.#dueAt = now
    }
    if (this.#isOrdered && now >= this.#forgottenAt) {
      this.#forgottenAt = now + forgottenMs
      await releaseForgotten(this.#db)
    }
  }

  async #reap(now: number): Promise<void> {
    this.#reapAt = Number.POSITIVE_INFINITY // until the next look
    if ((await reap(this.#db)) > 0) this.#dueAt = now
  }

  async #claim(runner: Runner): Promise<void> {
    const askedAt = performance.now()
    this.#dueAt = Number.POSITIVE_INFINITY
    const { jobs, mayBeMore } = await this.#claims.claim(runner, runner.wantedInAll)
    // Else there is no more that is due, and the next look tells when there is.
    if (mayBeMore) this.#dueAt = askedAt
    else this.#lookAt = Math.min(this.#lookAt, askedAt + pauseMs)
    runner.take(jobs)
    if (this.#state !== 'running') await runner.returnWaiting()
  }

  get #canClaim(): boolean {
    return this.#state === 'running' && (this.#runner?.wantedInAll ?? 0) > 0
  }

  /** Cancels its jobs, which may run elsewhere by now, and begins a new lease. */
  #loseLease(): void {
    this.#runner?.abort(new LeaseLost('this instance was not heard of for too long: another one runs its jobs'))
    this.#runner = undefined
  }

  async #rest(until: number): Promise<void> {
    const ms = until - performance.now()
    if (ms <= 0 || !this.#goesOn) return
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, Math.min(ms, lookMs))
    })
    clearTimeout(timer)
    this.#wake = () => {}
  }
}
