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

/** How long a handler may take to react to its signal before that is logged, in milliseconds. */
const noticeMs = 1000
/** How long a handler that ignores its signal keeps its job, in milliseconds. One that hangs must not keep it for ever. */
const overtimeMs = 600_000

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
  #abort: (reason: Error) => void = () => {}
  #stopTimer: () => void = () => {}

  constructor(job: ClaimedJob, worker: number) {
    this.job = job
    this.#worker = worker
  }

  /**
   * Runs the attempt. After `timeoutMs` it is cancelled, and ends when `run` does: meanwhile no other attempt may begin, and no
   * later job of its key. It does not wait for more than ten minutes. `onOverdue` is called when `run` ignores the cancellation.
   *
   * Rejects at once when it is aborted, even if `run` goes on.
   */
  run(
    run: (attempt: Attempt) => Promise<void>,
    timeoutMs: number,
    onOverdue: (goesOn: 'kept' | 'left') => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#abort = reject
      let late: Error | undefined
      let timer = setTimeout(() => {
        late = tooLong(timeoutMs)
        this.cancellation.end(late)
        timer = setTimeout(() => {
          onOverdue('kept')
          timer = setTimeout(() => {
            onOverdue('left')
            reject(late!)
          }, overtimeMs)
        }, noticeMs)
      }, timeoutMs)
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        if (late) reject(late)
        else settle()
      }
      run(this).then(
        () => end(resolve),
        (error: unknown) => end(() => reject(error)),
      )
      this.#stopTimer = () => clearTimeout(timer)
    })
  }

  /** Cancels the attempt, which ends at once. */
  abort(reason: Error): void {
    this.cancellation.end(reason)
    this.#stopTimer()
    this.#abort(reason)
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
