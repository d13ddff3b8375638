import { DatabaseError, type Database } from '../sql/index.ts'
import { claim, claimInOrder, type Claim, type Wanted } from './claim.ts'
import type { QueueClock } from './clock.ts'
import type { ClaimedJob } from './job.ts'
import { allowances, lockLimits, spend } from './limits.ts'
import type { Runner } from './runner.ts'
import { isLimited, type Task } from './task.ts'

/** The result of a claim. */
export interface Claimed {
  readonly jobs: readonly ClaimedJob[]
  /** Whether more jobs may be due. */
  readonly mayBeMore: boolean
}

/** A name whose jobs are not claimed for a while. */
interface HeldBack {
  /** On the clock of `Claims`. */
  readonly until: number
  /** Whether the end of a job of this name in this process makes room for another one. */
  readonly isFull: boolean
}

/** The minimum wait when another process has the lock or the rate limit is reached, in milliseconds. */
const leastPauseMs = 20
/** The wait when as many jobs run in other processes as may run at once, in milliseconds. */
const fullMs = 3000
const nothing: Claimed = { jobs: [], mayBeMore: false }

/** Claims jobs for the runners of a process, for tasks with and without an order, and with limits over all instances. */
export class Claims {
  readonly #db: Database
  readonly #clock: QueueClock
  readonly #tasks: ReadonlyMap<string, Task>
  readonly #heldBack = new Map<string, HeldBack>()

  constructor(db: Database, tasks: readonly Task[], clock: QueueClock) {
    this.#db = db
    this.#clock = clock
    this.#tasks = new Map(tasks.map((task) => [task.name, task]))
  }

  /** The names whose jobs may be claimed now. */
  get names(): readonly string[] {
    return [...this.#tasks.keys()].filter((name) => this.#isOpen(name))
  }

  /** Milliseconds until the jobs of a held back name may be claimed; Infinity when no name is held back. */
  get openInMs(): number {
    const now = this.#now
    return [...this.#heldBack.values()].reduce((least, { until }) => Math.min(least, until - now), Infinity)
  }

  /** Handles the end of a job of this name in this process. */
  ended(name: string): void {
    if (this.#heldBack.get(name)?.isFull) this.#heldBack.delete(name)
  }

  /** Claims the jobs that a runner has room for, at most `total`. */
  async claim(runner: Runner, total: number): Promise<Claimed> {
    const wanted = (kind: Kind): readonly Wanted[] =>
      runner.wanted((task) => kindOf(task) === kind && this.#isOpen(task.name))
    const { worker } = runner
    const { aheadMs } = this.#clock
    const all = await Promise.all([
      this.#plain(claim, { worker, wanted: wanted('free'), total, aheadMs }),
      this.#plain(claimInOrder, { worker, wanted: wanted('ordered'), total, aheadMs }),
      this.#limited({ worker, wanted: wanted('limited'), total, aheadMs }),
    ])
    return { jobs: all.flatMap(({ jobs }) => jobs), mayBeMore: all.some(({ mayBeMore }) => mayBeMore) }
  }

  async #plain(fn: typeof claim, options: Claim): Promise<Claimed> {
    if (options.wanted.length === 0) return nothing
    return this.#unlessTaken(options.wanted, async () => {
      const jobs = await fn(this.#db, options)
      return { jobs, mayBeMore: isFull(jobs, options.wanted, options.total) }
    })
  }

  /** Claims jobs of names with limits. One process at a time does so, so that it sees all running jobs. */
  async #limited({ wanted, ...options }: Claim): Promise<Claimed> {
    if (wanted.length === 0) return nothing
    return this.#unlessTaken(wanted, () =>
      this.#db.transaction(async (tx) => {
        const locked = await lockLimits(
          tx,
          wanted.map(({ name }) => name),
        )
        for (const { name } of wanted) if (!locked.includes(name)) this.#holdBack(name, leastPauseMs)
        const tasks = locked.map((name) => this.#tasks.get(name)!)
        const allowed = new Map<string, number>()
        for (const { name, count, nextInMs } of await allowances(tx, tasks, options.aheadMs)) {
          if (count > 0) allowed.set(name, count)
          else this.#holdBack(name, Math.max(nextInMs ?? fullMs, leastPauseMs), { isFull: nextInMs === null })
        }
        const granted = wanted.flatMap(({ name, count }) => {
          const most = allowed.get(name)
          return most === undefined ? [] : [{ name, count: Math.min(most, count) }]
        })
        if (granted.length === 0) return nothing
        const [ordered, free] = [true, false].map((isOrdered) =>
          granted.filter(({ name }) => this.#tasks.get(name)!.isOrdered === isOrdered),
        )
        const jobs = [
          ...(free!.length > 0 ? await claim(tx, { ...options, wanted: free! }) : []),
          ...(ordered!.length > 0 ? await claimInOrder(tx, { ...options, wanted: ordered! }) : []),
        ]
        const begun = new Map(tasks.map((task) => [task, jobs.filter(({ name }) => name === task.name).length]))
        await spend(tx, begun, options.aheadMs)
        return { jobs, mayBeMore: isFull(jobs, granted, options.total) }
      }),
    )
  }

  /** Returns nothing when another worker claims a job of the same key at the same time. */
  async #unlessTaken(wanted: readonly Wanted[], fn: () => Promise<Claimed>): Promise<Claimed> {
    try {
      return await fn()
    } catch (error) {
      if (!(error instanceof DatabaseError && error.constraint === 'jobs_key_running')) throw error
      for (const { name } of wanted) this.#holdBack(name, leastPauseMs)
      return nothing
    }
  }

  #holdBack(name: string, ms: number, { isFull = false } = {}): void {
    this.#heldBack.set(name, { until: this.#now + ms + Math.random() * leastPauseMs, isFull })
  }

  #isOpen(name: string): boolean {
    const held = this.#heldBack.get(name)
    if (!held) return true
    if (held.until > this.#now) return false
    this.#heldBack.delete(name)
    return true
  }

  /** In milliseconds. Tests move it. */
  get #now(): number {
    return performance.now() + this.#clock.aheadMs
  }
}

type Kind = 'free' | 'ordered' | 'limited'

function kindOf(task: Task): Kind {
  if (isLimited(task)) return 'limited'
  return task.isOrdered ? 'ordered' : 'free'
}

function isFull(jobs: readonly ClaimedJob[], wanted: readonly Wanted[], total: number): boolean {
  if (jobs.length >= total) return jobs.length > 0
  return wanted.some(({ name, count }) => jobs.filter((job) => job.name === name).length >= count)
}
