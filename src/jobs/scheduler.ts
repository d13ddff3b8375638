import { jobPriorities, type Job } from '../contract/job.ts'
import type { QueueClock } from '../queue/clock.ts'
import { databaseNow, fire, schedulesOf, storeSchedule, type ScheduledRun } from '../queue/schedules.ts'
import type { Database } from '../sql/index.ts'
import { fullJitter } from '../time/backoff.ts'
import { patternOf, scheduleOf, type Schedule } from './schedule.ts'

/** Options of a scheduler. */
export interface SchedulerOptions {
  readonly db: Database
  readonly jobs: readonly Job[]
  readonly clock: QueueClock
  /** Called when a job has been enqueued. */
  readonly onFired: (name: string) => void
  /** Called when a run is skipped because the one before it has not ended. */
  readonly onOverlap: (name: string, due: Date) => void
}

/** A job and its parsed schedule. */
interface Entry {
  readonly job: Job
  readonly pattern: string
  readonly schedule: Schedule
}

/** The maximum time between two polls, in milliseconds. The clock of the database may change. */
const pollMs = 30_000
/** Milliseconds after which a run counts as missed. */
const lateMs = 60_000
/** The maximum number of missed runs that are enqueued at once. */
const maxRuns = 1000
const pause = fullJitter({ baseMs: 500, capMs: 10_000 })

/** Enqueues jobs by their schedules: once over all instances, on the clock of the database. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #entries: ReadonlyMap<string, Entry>
  #isStored = false
  #isRunning = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: SchedulerOptions) {
    this.#options = options
    const entries = options.jobs.map((job): [string, Entry] => {
      return [job.name, { job, pattern: patternOf(job), schedule: scheduleOf(job) }]
    })
    this.#entries = new Map(entries)
  }

  /** Starts to enqueue jobs. */
  start(): void {
    if (this.#entries.size === 0) return
    this.#isRunning = true
    void this.#turn(1)
  }

  stop(): void {
    this.#isRunning = false
    clearTimeout(this.#timer)
  }

  /** Enqueues the jobs that are due. Returns the milliseconds until the next one, or undefined if there is none. */
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
      inMs = Math.min(pollMs, (await this.fireDue()) ?? pollMs)
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

  /** Enqueues a job that is due. Returns its next time, in milliseconds since 1970. */
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

/** Returns the times of a schedule from `first` until now, at most `maxRuns` of them. */
function timesUntil(schedule: Schedule, first: Date, now: number): readonly Date[] {
  const times: Date[] = [first]
  while (times.length < maxRuns) {
    const next = schedule.next(times.at(-1)!)
    if (!next || next.getTime() > now) break
    times.push(next)
  }
  return times
}
