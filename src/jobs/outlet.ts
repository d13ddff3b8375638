import { describeValue } from '../schema/describeValue.ts'
import { jobPriorities, type Enqueued, type EnqueueOptions, type Job, type Jobs } from '../contract/job.ts'
import type { QueueClock } from '../queue/clock.ts'
import { enqueue } from '../queue/enqueue.ts'
import { compileRead, type Convert } from '../schema/standard/convert.ts'
import { compileCheck, firstProblem } from '../schema/validator/check.ts'
import type { Sql } from '../sql/index.ts'
import { cancel } from '../queue/settle.ts'
import { expectedNames } from '../schema/validator/nearestName.ts'
import type { OutletTarget } from '../sql/api/outlet.ts'

/** Called for each committed job with the milliseconds until it is due. */
export type OnStored = (name: string, inMs: number) => void

/** A declared job, and what reads its input. */
interface DeclaredJob {
  readonly job: Job
  readonly read: Convert | undefined
}

/** The maximum size of a job's input, in bytes of JSON. Store larger data in a table and enqueue its id. */
const maxInputBytes = 256 * 1024

/** Stores the jobs that a service enqueues. */
export class JobOutlet {
  /** Set by the worker of this process. */
  onStored: OnStored = () => {}
  readonly clock: QueueClock = { aheadMs: 0, random: Math.random }
  readonly #service: string
  readonly #known: ReadonlyMap<string, DeclaredJob>

  constructor(service: string, jobs: Jobs) {
    this.#service = service
    const entries = Object.values(jobs).map((job): [string, DeclaredJob] => {
      const read = job.input && compileRead(job.input, compileCheck(job.input, 'only known'))
      return [job.name, { job, read }]
    })
    this.#known = new Map(entries)
  }

  async enqueue(to: OutletTarget, declared: Job, input: unknown, options: EnqueueOptions = {}): Promise<Enqueued> {
    const { job, read } = this.#find(declared)
    const { delayMs = 0, runAt, unique, priority = job.priority ?? 'normal' } = options
    checkOptions(job.name, options)
    const text = this.#inputText(job, read, input)
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
   * Returns the input of an enqueued job, which an earlier release may have stored.
   *
   * @throws {TypeError} when the input does not match the schema of this release
   */
  read(name: string, text: string): unknown {
    const { read } = this.#known.get(name)!
    if (!read) return undefined
    const input = read(JSON.parse(text))
    if (!input.problems) return input.value
    throw new TypeError(
      `${this.#service}: the stored input of job ${name} does not match its schema: ${firstProblem(input.problems)}`,
    )
  }

  #find(job: Job | undefined): DeclaredJob {
    const known = this.#known.get(job?.name ?? '')
    if (known) return known
    const names = [...this.#known.keys()]
    const expected = names.length > 0 ? `expected one of ${names.join(', ')}` : 'it declares none'
    if (typeof job?.name === 'string') throw new TypeError(`${this.#service} has no job ${job.name}: ${expected}`)
    throw new TypeError(`expected a job, like orderJobs.sendReceipt, got ${describeValue(job)}`)
  }

  #inputText({ name }: Job, read: Convert | undefined, input: unknown): string {
    if (!read) {
      if (input === undefined) return 'null'
      throw new TypeError(`job ${name}: expected no input, because the job declares none`)
    }
    const text = JSON.stringify(input)
    // The check fills in defaults. They must not change the caller's object. The input is stored as it is given.
    const { problems } = read(text === undefined ? undefined : JSON.parse(text))
    if (problems) throw new TypeError(`job ${name}: ${firstProblem(problems.map(inInput))}`)
    if (text.length * 3 < maxInputBytes || Buffer.byteLength(text) <= maxInputBytes) return text
    throw new TypeError(
      `job ${name}: its input has ${Buffer.byteLength(text)} bytes, expected at most ${maxInputBytes}: store it in a table and enqueue its id`,
    )
  }
}

function inInput<Problem extends { readonly path: string }>(problem: Problem): Problem {
  return { ...problem, path: problem.path === '' ? 'input' : `input.${problem.path}` }
}

/** @throws {TypeError} when an option is invalid */
function checkOptions(name: string, options: EnqueueOptions): void {
  const { delayMs, runAt, unique, priority } = options
  for (const option in options) {
    if (optionNames.has(option)) continue
    const names = [...optionNames]
    throw new TypeError(`job ${name}: unknown option "${option}"${expectedNames(option, names)}`)
  }
  if (delayMs !== undefined && !(Number.isFinite(delayMs) && delayMs >= 0)) {
    throw new TypeError(`job ${name}: delayMs must be a number of milliseconds from 0, got ${describeValue(delayMs)}`)
  }
  if (runAt !== undefined && !(runAt instanceof Date && !Number.isNaN(runAt.getTime()))) {
    throw new TypeError(`job ${name}: runAt must be a valid Date, got ${String(runAt)}`)
  }
  if (runAt !== undefined && delayMs !== undefined) {
    throw new TypeError(`job ${name}: set delayMs or runAt, not both`)
  }
  if (unique !== undefined && !(typeof unique === 'string' && unique.length >= 1 && unique.length <= 255)) {
    throw new TypeError(`job ${name}: unique must be a string of 1 to 255 characters`)
  }
  if (priority !== undefined && !jobPriorities.includes(priority)) {
    throw new TypeError(
      `job ${name}: priority must be one of ${jobPriorities.join(', ')}, got ${describeValue(priority)}`,
    )
  }
}

const optionNames: ReadonlySet<string> = new Set<keyof EnqueueOptions>(['delayMs', 'runAt', 'unique', 'priority'])

function keyOf({ name, key }: Job, input: unknown): string | null {
  if (key === undefined) return null
  const value = (input as Readonly<Record<string, unknown>>)[key]
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text === undefined) return null
  if (text.length <= 255) return text
  throw new TypeError(`job ${name}: its key input.${key} has ${text.length} characters, expected at most 255`)
}
