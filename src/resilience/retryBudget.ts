import { RollingSum } from './rollingSum.ts'

/** Bounds the retries of all calls to one target together, so that retries cannot keep down what is down. */
export interface RetryBudget {
  /** A call was made for the first time. */
  deposit(now: number): void
  /** Whether one may be made again; if so it is paid for. */
  withdraw(now: number): boolean
}

/** Numbers of the budget, with their defaults. */
export interface RetryBudgetOptions {
  /** Retries for each call. Default 0.1. */
  readonly share?: number
  /** Retries a second that are always there, for callers with few calls. Default 3. */
  readonly perSecond?: number
  /** How long what was not spent is kept, in milliseconds. Default 10,000. */
  readonly windowMs?: number
}

/**
 * At most a tenth of the calls of the last 10 s, and 3 a second, are made again.
 *
 * Source: Finagle's `RetryBudget`, https://twitter.github.io/finagle/guide/Clients.html#retries, which found that more
 * makes an outage longer. Its share is 20 %; half of that keeps the extra load of a full outage at a tenth.
 */
export function retryBudget({ share = 0.1, perSecond = 3, windowMs = 10_000 }: RetryBudgetOptions = {}): RetryBudget {
  const calls = new RollingSum({ windowMs, buckets: 10 })
  const retries = new RollingSum({ windowMs, buckets: 10 })
  const reserve = (perSecond * windowMs) / 1000
  return {
    deposit: (now) => calls.add(now, 1),
    withdraw(now) {
      if (retries.sum(now) + 1 > calls.sum(now) * share + reserve) return false
      retries.add(now, 1)
      return true
    },
  }
}

/** Lets every retry be made. */
export const noRetryBudget: RetryBudget = { deposit() {}, withdraw: () => true }
