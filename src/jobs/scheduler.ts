import { jobPriorities, type Job } from '../contract/job.ts'
import type { QueueClock } from '../queue/clock.ts'
import { databaseNow, fire, schedulesOf, storeSchedule, type ScheduledRun } from '../queue/schedules.ts'
import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { scheduleOf, type Schedule } from './schedule.ts'

/** What a scheduler is made of. */
export interface SchedulerOptions {
  readonly db: Database
  readonly jobs: readonly Job[]
  readonly clock: QueueClock
  /** A job has been enqueued. */
  readonly onFired: (name: string) => void
  /** A run was left out, for the one before it waits or runs. */
  readonly onOverlap: (name: string, due: Date) => void
}

/** A job with its schedule, read. */
interface Entry {
  readonly job: Job
  readonly pattern: string
  readonly schedule: Schedule
}

/** Looks at the schedules at least so often, in milliseconds: the clock of the database may be set. */
const lookMs = 30_000
/** A run that is so late has been missed, in milliseconds. */
const lateMs = 60_000
/** The most runs that are caught up with at once. */
const mostRuns = 1000
const pause = fullJitter({ baseMs: 500, capMs: 10_000 })

/** Enqueues jobs when their time has come: once over all instances, by the clock of the database. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #entries: ReadonlyMap<string, Entry>
  #isStored = false
  #isRunning = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: SchedulerOptions) {
    this.#options = options
    const entries = options.jobs.map((job): [string, Entry] => {
      const { name, schedule, timeZone = 'UTC' } = job
      return [name, { job, pattern: `${schedule} ${timeZone}`, schedule: scheduleOf(job) }]
    })
    this.#entries = new Map(entries)
  }

  /** Begins to look at the time. */
  start(): void {
    if (this.#entries.size === 0) return
    this.#isRunning = true
    void this.#turn(1)
  }

  stop(): void {
    this.#isRunning = false
    clearTimeout(this.#timer)
  }

  /** Enqueues what is due; resolves to the milliseconds until the next is, undefined when none is ever. */
  async fireDue(): Promise<number | undefined> {
    if (this.#entries.size === 0) return undefined
    if (!this.#isStored) await this.#store()
    let leastMs = Number.POSITIVE_INFINITY
    const { db, clock } = this.#options
    for (const { name, dueAt, now: databaseTime } of await schedulesOf(db, this.#named)) {
      const now = databaseTime + clock.aheadMs
      const nextAt = dueAt > now ? dueAt : await this.#fire(this.#entries.get(name)!, new Date(dueAt), now)
      leastMs = Math.min(leastMs, nextAt - now)
    }
    return leastMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, leastMs)
  }

  async #turn(attempt: number): Promise<void> {
    let inMs: number
    let next = 1
    try {
      inMs = Math.min(lookMs, (await this.fireDue()) ?? lookMs)
    } catch {
      // The worker reports that the database does not respond.
      inMs = pause(attempt)
      next = attempt + 1
    }
    if (this.#isRunning) this.#timer = setTimeout(() => void this.#turn(next), inMs).unref()
  }

  async #store(): Promise<void> {
    const { db, clock } = this.#options
    const now = new Date((await databaseNow(db)) + clock.aheadMs)
    for (const { job, pattern, schedule } of this.#entries.values()) {
      const due = schedule.next(now)
      if (due) await storeSchedule(db, { name: job.name, pattern }, due)
    }
    this.#isStored = true
  }

  get #named(): readonly { readonly name: string; readonly pattern: string }[] {
    return [...this.#entries.values()].map(({ job: { name }, pattern }) => ({ name, pattern }))
  }

  /** Enqueues a job whose time has come; resolves to its next one. */
  async #fire({ job, pattern, schedule }: Entry, due: Date, now: number): Promise<number> {
    const { db, onFired, onOverlap } = this.#options
    const { name, missed = 'once', overlap = false, priority = 'normal' } = job
    const times = timesUntil(schedule, due, now)
    const next = schedule.next(missed === 'all' ? times.at(-1)! : new Date(now))
    const chosen = {
      all: times,
      once: times.slice(-1),
      skip: times.filter((one) => one.getTime() > now - lateMs).slice(-1),
    }
    const runs = chosen[missed].map((one): ScheduledRun => {
      const alone = missed === 'all' || overlap
      return { due: one, unique: alone ? one.toISOString() : 'schedule' }
    })
    const key = overlap ? null : 'schedule'
    const made = await fire(db, { name, pattern, due, next, runs, priority: jobPriorities.indexOf(priority), key })
    if (made !== undefined && made > 0) onFired(name)
    else if (made === 0 && runs.length > 0) onOverlap(name, runs[0]!.due)
    return next?.getTime() ?? Number.POSITIVE_INFINITY
  }
}

/** The times of a schedule from one of them until now; at most `mostRuns` of them. */
function timesUntil(schedule: Schedule, first: Date, now: number): readonly Date[] {
  const times: Date[] = [first]
  while (times.length < mostRuns) {
    const next = schedule.next(times.at(-1)!)
    if (!next || next.getTime() > now) break
    times.push(next)
  }
  return times
}
