import { describeValue } from '../schema/describeValue.ts'
import type { Schema, SchemaInput, SchemaOutput } from '../schema/standard/spec.ts'
import { ContractError } from './check.ts'
import { hint } from '../schema/validator/nearestName.ts'
import { payloadProblem } from './payload.ts'
import { timeoutProblem } from './timeout.ts'

/** The declaration of a job, without its name and without the code that runs it. */
export interface JobDraft {
  /** Schema of its input. Default: no input. */
  readonly input?: Schema
  /** Description, in Markdown. */
  readonly description?: string
  /** How often it is retried after a failure. Default: 25, over about three days. */
  readonly retries?: number
  /** Wait before a retry: random up to a bound that doubles from `baseMs` (default 2 s) to `capMs` (default 12 h). */
  readonly backoff?: { readonly baseMs?: number; readonly capMs?: number }
  /** Milliseconds after which an attempt fails and its signal aborts. Default: 60,000. */
  readonly timeoutMs?: number
  /** How many run at the same time in each process. Default: the limit of the process. */
  readonly concurrency?: number
  /** How many run at the same time over all instances. Default: no limit. */
  readonly globalConcurrency?: number
  /** How many may begin at once, and in each window, over all instances. Default: no limit. */
  readonly rateLimit?: { readonly limit: number; readonly windowMs: number }
  /** Which jobs run first. Default `normal`. */
  readonly priority?: JobPriority
  /** The name of a field of its input. Jobs with the same value run one at a time, in the order of enqueuing. */
  readonly key?: string
  /**
   * Whether the handler's `db` is one transaction, so that its changes take effect exactly once. Default: true. Set false
   * for long jobs, or those without effects in the database: such a job may run more than once.
   */
  readonly transaction?: boolean
  /**
   * A cron pattern: minute, hour, day, month and weekday, or six fields with the second first. The job runs at these
   * times, once over all instances and without input. `due` on its context is the time that it runs for.
   */
  readonly schedule?: string
  /** The time zone of `schedule`. Default: UTC. */
  readonly timeZone?: string
  /**
   * What happens to times at which no instance was running: `skip` leaves them out, `once` runs the job once for all of
   * them, `all` runs it for each. Default: `once`.
   */
  readonly missed?: 'skip' | 'once' | 'all'
  /** Whether a run may start while the previous one waits or runs. Default: false, the run is skipped. */
  readonly overlap?: boolean
}

/** How urgent a job is. */
export type JobPriority = 'high' | 'normal' | 'low'

/** A job that can be enqueued, made by `jobs`. */
export interface Job extends JobDraft {
  readonly name: string
}

/** Jobs by name, before they are checked. */
export type JobDrafts = Readonly<Record<string, JobDraft>>

/** Jobs by name. */
export type Jobs = Readonly<Record<string, Job>>

/** The jobs of their declarations. */
export type JobsOf<Drafts extends JobDrafts> = {
  readonly [Name in keyof Drafts]: Drafts[Name] & { readonly name: Name & string }
}

/** The input of a job, as its handler gets it. */
export type JobInputOf<One extends JobDraft> = One['input'] extends Schema ? SchemaOutput<One['input']> : undefined

/** The input of a job, as it is enqueued. It differs where the schema has defaults or transforms. */
export type EnqueuedInputOf<One extends JobDraft> = One['input'] extends Schema ? SchemaInput<One['input']> : undefined

/** Options of enqueuing one job. */
export interface EnqueueOptions {
  /** Milliseconds from now before it runs. */
  readonly delayMs?: number
  /** When it runs at the earliest; use this or `delayMs`. */
  readonly runAt?: Date
  /** Enqueues nothing while an unfinished job of the same name has the same value. */
  readonly unique?: string
  /** Default: the priority of the job. */
  readonly priority?: JobPriority
}

/** The arguments of `db.enqueue` after the job. */
export type EnqueueArguments<One extends JobDraft> =
  undefined extends EnqueuedInputOf<One>
    ? [input?: EnqueuedInputOf<One>, options?: EnqueueOptions]
    : [input: EnqueuedInputOf<One>, options?: EnqueueOptions]

/** The result of enqueuing a job. */
export interface Enqueued {
  readonly id: number
  /** False if an unfinished job with the same `unique` exists; `id` is the id of that job. */
  readonly created: boolean
}

/**
 * Declares jobs: what can be enqueued, as data. A service runs them with `jobHandlers`. Other files can enqueue them
 * without importing that code.
 *
 * @throws {ContractError} naming the job and what is wrong with it
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
  if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `the name of a job must be a JavaScript identifier, like sendReceipt`
  const unknown = Object.keys(draft).find((field) => !fields.has(field))
  if (unknown) return `unknown field "${unknown}", expected ${[...fields].join(', ')}${hint(unknown, [...fields])}`
  const { input, retries, timeoutMs, concurrency, priority, key, transaction, backoff = {} } = draft
  const { globalConcurrency, rateLimit } = draft
  for (const [field, value, names] of [
    ['backoff', backoff, ['baseMs', 'capMs']],
    ['rateLimit', rateLimit ?? {}, ['limit', 'windowMs']],
  ] as const) {
    if (typeof value !== 'object' || (value as unknown) === null) {
      return `${field} must be an object with ${names.join(' and ')}, got ${describeValue(value)}`
    }
    const other = Object.keys(value).find((name) => !(names as readonly string[]).includes(name))
    if (other !== undefined)
      return `unknown field "${field}.${other}", expected ${names.join(', ')}${hint(other, names)}`
  }
  for (const [field, value, least] of [
    ['retries', retries, 0],
    ['concurrency', concurrency, 1],
    ['globalConcurrency', globalConcurrency, 1],
    ['rateLimit.limit', rateLimit?.limit, 1],
    ['rateLimit.windowMs', rateLimit?.windowMs, 1],
    ['backoff.baseMs', backoff.baseMs, 0],
    ['backoff.capMs', backoff.capMs, 0],
  ] as const) {
    if (value !== undefined && !(Number.isInteger(value) && value >= least)) {
      return `${field} must be an integer of at least ${least}, got ${describeValue(value)}`
    }
  }
  if (rateLimit !== undefined && (rateLimit.limit === undefined || rateLimit.windowMs === undefined)) {
    return `rateLimit needs limit and windowMs, like { limit: 100, windowMs: 60_000 }`
  }
  const wrongTimeout = timeoutProblem(timeoutMs)
  if (wrongTimeout) return wrongTimeout
  if (priority !== undefined && !jobPriorities.includes(priority)) {
    return `priority must be one of ${jobPriorities.join(', ')}, got ${describeValue(priority)}`
  }
  if (transaction !== undefined && typeof transaction !== 'boolean') {
    return `transaction must be true or false, got ${describeValue(transaction)}`
  }
  return scheduleFieldsProblem(draft) ?? payloadProblem('input', input, key)
}

function scheduleFieldsProblem({ schedule, timeZone, missed, overlap, input, key }: JobDraft): string | undefined {
  if (schedule === undefined) {
    const name = Object.entries({ timeZone, missed, overlap }).find(([, value]) => value !== undefined)?.[0]
    return name && `${name} needs a schedule, like schedule: '30 2 * * *'`
  }
  if (typeof schedule !== 'string')
    return `schedule must be a cron pattern like '30 2 * * *', got ${describeValue(schedule)}`
  if (input !== undefined || key !== undefined) return 'a job with a schedule cannot have input or key'
  if (missed !== undefined && !['skip', 'once', 'all'].includes(missed)) {
    return `missed must be skip, once or all, got ${describeValue(missed)}`
  }
  if (overlap !== undefined && typeof overlap !== 'boolean') {
    return `overlap must be true or false, got ${describeValue(overlap)}`
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
  'globalConcurrency',
  'rateLimit',
  'priority',
  'key',
  'transaction',
  'schedule',
  'timeZone',
  'missed',
  'overlap',
])
