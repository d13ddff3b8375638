import type { ClaimedJob } from './job.ts'
import { isLimited, type Task } from './task.ts'

/** Claims so much that it lasts for about this long, in milliseconds: several times what a claim takes. */
const supplyMs = 20
/** And never more than this above what can run: others want some too. */
const mostSupply = 100
/** Weight of the newest duration in the average. */
const newest = 0.1

/** The jobs of one task in this process: those that run, and those that have been claimed and not begun. */
export class Slots {
  readonly task: Task
  readonly waiting: ClaimedJob[] = []
  running = 0
  #averageMs = Number.POSITIVE_INFINITY

  constructor(task: Task) {
    this.task = task
  }

  /** Whether one can begin. */
  get canBegin(): boolean {
    return this.waiting.length > 0 && this.running < this.task.concurrency
  }

  /** How many to claim: what can begin, and for tasks that take less time than a claim some more. */
  get wanted(): number {
    const { concurrency } = this.task
    const { supply } = this
    if (this.waiting.length > supply / 2) return 0
    return Math.max(0, concurrency + supply - this.running - this.waiting.length)
  }

  /** An attempt has taken this long. */
  took(ms: number): void {
    this.#averageMs =
      this.#averageMs === Number.POSITIVE_INFINITY ? ms : this.#averageMs + newest * (ms - this.#averageMs)
  }

  /** How many to have in store beyond what can run at once. */
  get supply(): number {
    if (isLimited(this.task)) return 0 // a claimed job counts as one that runs
    return Math.min(mostSupply, Math.floor((this.task.concurrency * supplyMs) / Math.max(this.#averageMs, 0.01)))
  }
}
