import type { Backoff } from '../time/backoff.ts'
import type { Attempt } from './attempt.ts'
import type { GlobalLimits } from './limits.ts'

/** Runs the jobs of a name. */
export interface Task extends GlobalLimits {
  /** The maximum number of these jobs that run at once in this process. */
  readonly concurrency: number
  /** Whether jobs of one key run one after the other, in the order in which they were enqueued. */
  readonly isOrdered: boolean
  /** How often a failed job is retried. */
  readonly retries: number
  readonly backoff: Backoff
  /** Whether a dead job makes later jobs of its key wait (`hold`) or not (`skip`). */
  readonly onDead: 'skip' | 'hold'
  /** Milliseconds after which an attempt is cancelled. */
  readonly timeoutMs: number
  /** Runs an attempt. It may delete the job in its own transaction. A rejection is a failed attempt. */
  run(attempt: Attempt): Promise<void>
  /** Called when an attempt ignores its timeout: it keeps its job until it ends or, in the end, goes on without it. */
  overdue?(attempt: Attempt, goesOn: 'kept' | 'left'): void
  /** Called when an attempt has ended and its outcome is stored. */
  ended?(attempt: Attempt, end: AttemptEnd): void
}

/** The outcome of an attempt. */
export interface AttemptEnd {
  readonly outcome: 'done' | 'failed' | 'dead' | 'lost' | 'returned'
  readonly error?: unknown
  /** Milliseconds until a failed job is retried. */
  readonly retryInMs?: number
}

/** Whether the task has limits over all instances. */
export function isLimited({ globalConcurrency, rateLimit }: GlobalLimits): boolean {
  return globalConcurrency !== undefined || rateLimit !== undefined
}
