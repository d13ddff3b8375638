import type { Backoff } from '../time/backoff.ts'
import type { Attempt } from './attempt.ts'
import type { GlobalLimits } from './limits.ts'

/** What is done for the jobs of a name. */
export interface Task extends GlobalLimits {
  /** The most that run at once in this process. */
  readonly concurrency: number
  /** Whether jobs of one key run one after the other, in the order in which they were enqueued. */
  readonly isOrdered: boolean
  /** How often one that fails is run again. */
  readonly retries: number
  readonly backoff: Backoff
  /** What one of a key that has failed for the last time does to later ones: `hold` has them wait. */
  readonly onDead: 'skip' | 'hold'
  /** Milliseconds after which an attempt is canceled. */
  readonly timeoutMs: number
  /** Does it; may complete the attempt in a transaction. A rejection is a failed attempt. */
  run(attempt: Attempt): Promise<void>
  /** An attempt is over. */
  ended?(attempt: Attempt, end: AttemptEnd): void
}

/** How an attempt has ended. */
export interface AttemptEnd {
  readonly outcome: 'done' | 'failed' | 'dead' | 'lost' | 'returned'
  readonly error?: unknown
  /** Of one that failed: when it is run again. */
  readonly retryInMs?: number
}

/** Whether something bounds it over all instances. */
export function isLimited({ globalConcurrency, rateLimit }: GlobalLimits): boolean {
  return globalConcurrency !== undefined || rateLimit !== undefined
}
