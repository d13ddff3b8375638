import { jobPriorities, type Enqueued, type EnqueueOptions, type Job, type Jobs } from '../contract/job.ts'
import type { QueueClock } from '../queue/clock.ts'
import { enqueue } from '../queue/enqueue.ts'
import { compileCheck, firstProblem, type Check } from '../schema/validator/check.ts'
import type { Sql } from '../sql/index.ts'
import { cancel } from '../queue/settle.ts'
import type { OutletTarget } from '../sql/api/outlet.ts'

/** Is told of a job that has been committed, and is due in so many milliseconds. */
export type OnStored = (name: string, inMs: number) => void

/** A job with the check of its input. */
interface Known {
  readonly job: Job
  readonly check: Check | undefined
}

/** Largest input of a job, in bytes of JSON. What is larger belongs into a table, and its id into the job. */
const inputLimit = 256 * 1024

/** Stores the jobs that a service enqueues. */
export class JobOutlet {
  /** Is told of what has been committed; the worker of this process sets it. */
  onStored: OnStored = () => {}
  readonly clock: QueueClock = { aheadMs: 0, random: Math.random }
  readonly #service: string
  readonly #known: ReadonlyMap<string, Known>

  constructor(service: string, jobs: Jobs) {
    this.#service = service
    const entries = Object.values(jobs).map((job): [string, Known] => {
      const check = job.input && compileCheck(job.input, 'only known')
      return [job.name, { job, check }]
    })
    this.#known = new Map(entries)
  }

  async enqueue(to: OutletTarget, given: Job, input: unknown, options: EnqueueOptions = {}): Promise<Enqueued> {
    const { job, check } = this.#find(given)
    const { delayMs = 0, runAt, unique, priority = job.priority ?? 'normal' } = options
    checkOptions(job.name, options)
    const text = this.#inputText(job, check, input)
    const enqueued = await enqueue(to.sql, {
      name: job.name,
      input: text,
      priority: jobPriorities.indexOf(priority),
      delayMs: delayMs + this.clock.aheadMs,
      runAt,
      key: keyOf(job, input),
      unique,
      trace: to.trace,
    })
    const inMs = runAt ? runAt.getTime() - Date.now() : delayMs
    if (enqueued.created) to.afterCommit(() => this.onStored(job.name, inMs))
    return enqueued
  }

  cancelJob(sql: Sql, id: number): Promise<boolean> {
    return cancel(sql, id)
  }

  /**
   * The input of a job that was enqueued, perhaps by an earlier release.
   *
   * @throws {TypeError} when it breaks the schema of this one
   */
  read(name: string, text: string): unknown {
    const { check } = this.#known.get(name)!
    const input = check ? (JSON.parse(text) as unknown) : undefined
    const problems = check?.(input)
    if (problems)
      throw new TypeError(
        `${this.#service}: the input of job ${name} is not what its schema says: ${firstProblem(problems)}`,
      )
    return input
  }

  #find({ name }: Job): Known {
    const known = this.#known.get(name)
    if (known) return known
    const names = [...this.#known.keys()].join(', ')
    throw new TypeError(`${this.#service} has no job ${name}: expected one of ${names}`)
  }

  #inputText({ name }: Job, check: Check | undefined, input: unknown): string {
    if (!check) {
      if (input === undefined) return 'null'
      throw new TypeError(`job ${name}: expected no input, for the job declares none`)
    }
    const text = JSON.stringify(input)
    // The check fills in defaults, which are not to appear in what the caller goes on using.
    const problems = check(text === undefined ? undefined : JSON.parse(text))
    if (problems) throw new TypeError(`job ${name}: ${firstProblem(problems.map(inInput))}`)
    if (text.length * 3 < inputLimit || Buffer.byteLength(text) <= inputLimit) return text
    throw new TypeError(
      `job ${name}: its input has ${Buffer.byteLength(text)} bytes, expected at most ${inputLimit}: store it in a table and enqueue its id`,
    )
  }
}

function inInput<Problem extends { readonly path: string }>(problem: Problem): Problem {
  return { ...problem, path: problem.path === '' ? 'input' : `input.${problem.path}` }
}

/** @throws {TypeError} at an option that means nothing */
function checkOptions(name: string, { delayMs, runAt, unique, priority }: EnqueueOptions): void {
  if (delayMs !== undefined && !(Number.isFinite(delayMs) && delayMs >= 0)) {
    throw new TypeError(`job ${name}: delayMs is a number of milliseconds from 0, not ${delayMs}`)
  }
  if (runAt !== undefined && !(runAt instanceof Date && !Number.isNaN(runAt.getTime()))) {
    throw new TypeError(`job ${name}: runAt is a Date, not ${String(runAt)}`)
  }
  if (runAt !== undefined && delayMs !== undefined) {
    throw new TypeError(`job ${name}: set delayMs or runAt, not both`)
  }
  if (unique !== undefined && !(typeof unique === 'string' && unique.length >= 1 && unique.length <= 255)) {
    throw new TypeError(`job ${name}: unique is a text of 1 to 255 characters`)
  }
  if (priority !== undefined && !jobPriorities.includes(priority)) {
    throw new TypeError(`job ${name}: priority is one of ${jobPriorities.join(', ')}, not ${priority as string}`)
  }
}

function keyOf({ name, key }: Job, input: unknown): string | null {
  if (key === undefined) return null
  const value = (input as Readonly<Record<string, unknown>>)[key]
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === undefined) return null
  if (text.length <= 255) return text
  throw new TypeError(`job ${name}: its key input.${key} has ${text.length} characters, expected at most 255`)
}
