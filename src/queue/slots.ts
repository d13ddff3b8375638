import type { ClaimedJob } from './job.ts'
import { isLimited, type Task } from './task.ts'

/** How long claimed jobs should last, in milliseconds: several times the duration of a claim. */
const supplyMs = 20
/** The maximum number of jobs in store. The rest is left to other workers. */
const maxSupply = 100
/** The weight of the newest duration in the average. */
const newest = 0.1

/** The jobs of one task in this process: running, or claimed and not started. */
export class Slots {
  readonly task: Task
  readonly waiting: ClaimedJob[] = []
  running = 0
  #averageMs = Number.POSITIVE_INFINITY

  constructor(task: Task) {
    this.task = task
  }

  /** Whether a job can start. */
  get canBegin(): boolean {
    return this.waiting.length > 0 && this.running < this.task.concurrency
  }

  /** How many jobs to claim: those that can start, and a store for tasks that are faster than a claim. */
  get wanted(): number {
    const { concurrency } = this.task
    const { supply } = this
    if (this.waiting.length > supply / 2) return 0
    return Math.max(0, concurrency + supply - this.running - this.waiting.length)
  }

  /** Records the duration of an attempt. */
  took(ms: number): void {
    this.#averageMs =
      this.#averageMs === Number.POSITIVE_INFINITY ? ms : this.#averageMs + newest * (ms - this.#averageMs)
  }

  /** How many jobs to keep in store beyond those that can run at once. */
  get supply(): number {
    if (isLimited(this.task)) return 0 // a claimed job counts as one that runs
    return Math.min(maxSupply, Math.floor((this.task.concurrency * supplyMs) / Math.max(this.#averageMs, 0.01)))
  }
}
