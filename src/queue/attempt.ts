import { Cancellation } from '../resilience/cancellation.ts'
import { DatabaseError, type Sql } from '../sql/index.ts'
import type { ClaimedJob } from './job.ts'
import { completeIn, notOurs } from './settle.ts'

/** The job belongs to another worker. The transaction of this attempt is not committed. */
export class LeaseLost extends Error {
  static override readonly name: string = 'LeaseLost'
}

/** The service stops. Another instance runs the job. */
export class Returned extends Error {
  static override readonly name: string = 'Returned'
}

/** One run of a job. */
export class Attempt {
  readonly job: ClaimedJob
  /** On the clock of `performance.now()`. `startedDate` is in milliseconds since 1970. */
  readonly startedAt: number = performance.now()
  readonly startedDate: number = Date.now()
  endedAt = 0
  /** Cancels the statements and calls of the attempt. */
  readonly cancellation: Cancellation = new Cancellation()
  /** Whether the job was deleted in the handler's transaction, which may still fail to commit. */
  isCompleted = false
  readonly #worker: number
  #deleted: Promise<void> | undefined

  constructor(job: ClaimedJob, worker: number) {
    this.job = job
    this.#worker = worker
  }

  /** Runs the attempt for at most `timeoutMs`. Rejects at once when it is cancelled, even if `run` goes on. */
  run(run: (attempt: Attempt) => Promise<void>, timeoutMs: number): Promise<void> {
    const { cancellation } = this
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => cancellation.end(tooLong(timeoutMs)), timeoutMs)
      cancellation.add({ cancel: () => reject(cancellation.reason!) })
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        settle()
      }
      run(this).then(
        () => end(resolve),
        (error: unknown) => end(() => reject(error)),
      )
    })
  }

  /** Whether the attempt has ended. Its outcome may not be stored yet. */
  get hasEnded(): boolean {
    return this.endedAt > 0
  }

  /**
   * Deletes the job in the handler's transaction. It does not wait for the response, so that COMMIT is sent with it. A failure
   * shows at the commit, and `fence` says whether another worker has the job.
   */
  completeIn(tx: Pick<Sql, 'execute'>): void {
    if (this.cancellation.isOver) throw this.cancellation.reason!
    this.isCompleted = true
    this.#deleted = completeIn(tx, this.#worker, this.job)
    this.#deleted.catch(() => {}) // `fence` reports it
  }

  /** @throws {LeaseLost} when the job belongs to another worker, so that the transaction was rolled back */
  async fence(): Promise<void> {
    try {
      await this.#deleted
    } catch (error) {
      if (error instanceof DatabaseError && error.sqlstate === notOurs)
        throw new LeaseLost('another instance runs this job')
    }
  }
}

function tooLong(timeoutMs: number): Error {
  const error = new Error(`the job took longer than ${timeoutMs} ms`)
  error.name = 'TimeoutError'
  return error
}
