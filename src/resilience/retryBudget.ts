import { RollingSum } from './rollingSum.ts'

/** Limits the retries of all calls to a target, so that retries do not make an outage worse. */
export interface RetryBudget {
  /** Records a call's first attempt. */
  deposit(now: number): void
  /** Whether one more retry is allowed; if so, it is spent. */
  withdraw(now: number): boolean
}

/** Options of `retryBudget`. */
export interface RetryBudgetOptions {
  /** Retries per call. Default 0.1. */
  readonly share?: number
  /** Retries per second that are always allowed, for callers with few calls. Default 3. */
  readonly perSecond?: number
  /** How long unspent retries are kept, in milliseconds. Default 10,000. */
  readonly windowMs?: number
}

/**
 * Returns a budget of a tenth of the calls of the last 10 s, plus 3 retries per second.
 *
 * Source: Finagle's `RetryBudget`, https://twitter.github.io/finagle/guide/Clients.html#retries, which found that more
 * retries make an outage longer. Its share is 20 %; half of that limits the extra load of a full outage to a tenth.
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

/** Allows every retry. */
export const noRetryBudget: RetryBudget = { deposit() {}, withdraw: () => true }
