import type { Static, TSchema } from '@sinclair/typebox'
import { ContractError } from './check.ts'
import { payloadProblem } from './payload.ts'

/** What is said of a job, besides its name: data, without the code that runs it. */
export interface JobDraft {
  /** Schema of its input. Default: it has none. */
  readonly input?: TSchema
  /** What it is for, in Markdown. */
  readonly description?: string
  /** How often it is run again when it fails. Default: 25, over about three days. */
  readonly retries?: number
  /** Bounds of the wait before a retry: doubled each time from `baseMs` (default 2 s) to `capMs` (default 12 h), any of it random. */
  readonly backoff?: { readonly baseMs?: number; readonly capMs?: number }
  /** Milliseconds after which an attempt is given up: its signal aborts, and it has failed. Default: 60,000. */
  readonly timeoutMs?: number
  /** The most that run at once in each process. Default: those of the whole process. */
  readonly concurrency?: number
  /** What goes first. Default `normal`. */
  readonly priority?: JobPriority
  /** The name of a field of its input: jobs with the same value run one after the other, in the order of enqueuing. */
  readonly key?: string
  /**
   * False: `db` in its handler is no transaction, and it may be run more than once. For what takes long or has no effects in
   * the database. Default: true, all that it does through `db` takes effect once, or not at all.
   */
  readonly transaction?: boolean
  /**
   * A cron pattern: minute, hour, day, month and weekday, or six fields with the second first. The job runs by itself, once over
   * all instances. It takes no input; `due` on its context tells the time that it runs for.
   */
  readonly schedule?: string
  /** The time zone of `schedule`. Default: UTC. */
  readonly timeZone?: string
  /**
   * What becomes of the times that nobody was there for: `skip` leaves them out, `once` runs one for all of them, `all` runs
   * each. Default: `once`.
   */
  readonly missed?: 'skip' | 'once' | 'all'
  /** Whether a run may begin while the one before it still waits or runs. Default: false, it is left out. */
  readonly overlap?: boolean
}

/** How urgent a job is. */
export type JobPriority = 'high' | 'normal' | 'low'

/** A job that can be enqueued: `jobs` makes it. */
export interface Job extends JobDraft {
  readonly name: string
}

/** Jobs by name, before they are checked. */
export type JobDrafts = Readonly<Record<string, JobDraft>>

/** Jobs by name. */
export type Jobs = Readonly<Record<string, Job>>

/** The jobs that drafts become. */
export type JobsOf<Drafts extends JobDrafts> = {
  readonly [Name in keyof Drafts]: Drafts[Name] & { readonly name: Name & string }
}

/** What a job is enqueued with. */
export type JobInputOf<One extends JobDraft> = One['input'] extends TSchema ? Static<One['input']> : undefined

/** How one job is enqueued. */
export interface EnqueueOptions {
  /** Milliseconds from now before which it does not run. */
  readonly delayMs?: number
  /** When it runs at the earliest, in place of `delayMs`. */
  readonly runAt?: Date
  /** While there is a job of the same name with this value that is not done, no other one is made. */
  readonly unique?: string
  /** Default: the job's own. */
  readonly priority?: JobPriority
}

/** What follows the job in `db.enqueue`. */
export type EnqueueArguments<One extends JobDraft> =
  undefined extends JobInputOf<One>
    ? [input?: JobInputOf<One>, options?: EnqueueOptions]
    : [input: JobInputOf<One>, options?: EnqueueOptions]

/** What became of a job that was enqueued. */
export interface Enqueued {
  readonly id: number
  /** False: a job with this `unique` waits or runs already, and `id` is its. */
  readonly created: boolean
}

/**
 * Declares jobs: what can be enqueued, as data. A service runs them with `jobHandlers`; any file can enqueue them without
 * importing that code.
 *
 * @throws {ContractError} one line naming the job and what is wrong with it
 *
 * @example
 * export const orderJobs = jobs({
 *   sendReceipt: { input: t.Object({ order_id: t.Integer() }), timeoutMs: 30_000 },
 * })
 * await tx.enqueue(orderJobs.sendReceipt, { order_id: 7 }, { delayMs: 5_000 })
 */
export function jobs<const Drafts extends JobDrafts>(drafts: Drafts): JobsOf<Drafts> {
  const entries = Object.entries(drafts).map(([name, draft]) => {
    const problem = jobProblem(name, draft)
    if (problem) throw new ContractError(`job ${name}: ${problem}`)
    return [name, Object.freeze({ ...draft, name })]
  })
  return Object.freeze(Object.fromEntries(entries)) as JobsOf<Drafts>
}

function jobProblem(name: string, draft: JobDraft): string | undefined {
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `a job's name is a JavaScript identifier, like sendReceipt`
  const unknown = Object.keys(draft).find((field) => !fields.has(field))
  if (unknown) return `unknown field "${unknown}", expected ${[...fields].join(', ')}`
  const { input, retries, timeoutMs, concurrency, priority, key, transaction, backoff = {} } = draft
  for (const [field, value, least] of [
    ['retries', retries, 0],
    ['concurrency', concurrency, 1],
    ['backoff.baseMs', backoff.baseMs, 0],
    ['backoff.capMs', backoff.capMs, 0],
  ] as const) {
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      return `${field} is a whole number from ${least}, not ${String(value)}`
    }
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    return `timeoutMs is a positive number of milliseconds, not ${timeoutMs}`
  }
  if (priority !== undefined && !jobPriorities.includes(priority)) {
    return `priority is one of ${jobPriorities.join(', ')}, not ${JSON.stringify(priority)}`
  }
  if (transaction !== undefined && typeof transaction !== 'boolean') {
    return `transaction is true or false, not ${JSON.stringify(transaction)}`
  }
  return scheduleFieldsProblem(draft) ?? payloadProblem('input', input, key)
}

function scheduleFieldsProblem({ schedule, timeZone, missed, overlap, input, key }: JobDraft): string | undefined {
  if (schedule === undefined) {
    const given = Object.entries({ timeZone, missed, overlap }).find(([, value]) => value !== undefined)
    return given && `${given[0]} belongs to a schedule, which is not there`
  }
  if (typeof schedule !== 'string') return `schedule is a cron pattern like '30 2 * * *', not ${typeof schedule}`
  if (input !== undefined || key !== undefined)
    return 'a job with a schedule takes no input: nobody is there to give it'
  if (missed !== undefined && !['skip', 'once', 'all'].includes(missed)) {
    return `missed is skip, once or all, not ${JSON.stringify(missed)}`
  }
  if (overlap !== undefined && typeof overlap !== 'boolean') {
    return `overlap is true or false, not ${JSON.stringify(overlap)}`
  }
  return undefined
}

/** Priorities of jobs, the most urgent first. */
export const jobPriorities: readonly JobPriority[] = ['high', 'normal', 'low']

const fields: ReadonlySet<string> = new Set<keyof JobDraft>([
  'input',
  'description',
  'retries',
  'backoff',
  'timeoutMs',
  'concurrency',
  'priority',
  'key',
  'transaction',
  'schedule',
  'timeZone',
  'missed',
  'overlap',
])
