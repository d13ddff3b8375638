import type { Random } from './random.ts'
import { RollingSum } from './rollingSum.ts'

/** Decides whether a call is sent. After each allowed call, call exactly one of the other methods. */
export interface Breaker {
  /** Whether to send a call now, in milliseconds; counts it as started. */
  allows(now: number): boolean
  /** Records a response. */
  succeeded(now: number): void
  /** Records a call without a response, or with a fault of the callee. */
  failed(now: number): void
  /** Records a call that its caller cancelled, which says nothing about the callee. */
  forgotten(now: number): void
}

/** Options of `throttle`. */
export interface ThrottleOptions {
  readonly random?: Random
  /** The length of its window, in milliseconds. Default 10,000. */
  readonly windowMs?: number
  /** The number of failures that never count. Default 5. */
  readonly protection?: number
  /** The interval in milliseconds after which one call passes regardless of the odds. Default 1000. */
  readonly probeMs?: number
}

const buckets = 40
const [mildest, strictest] = [1.5, 1.1] as const

/**
 * Returns a breaker by client-side throttling. There is no open state: calls are rejected with the probability
 * `(total − 5 − w × accepts) / (total + 1)`, where w falls from 1.5 to 1.1 the longer nothing succeeds.
 *
 * Calls count in `total` when they start, so a callee that hangs is noticed before its calls time out. That needs more
 * than `protection` failures, because a first burst of calls would be rejected otherwise. Rejected calls are not in
 * `total`, so the window recovers in seconds instead of a minute.
 *
 * Sources: https://sre.google/sre-book/handling-overload/#eq2101, go-zero's `googlebreaker.go` for protection, w, probes
 * and the window, go-zero#5011 for counting at the start.
 */
export function throttle(options: ThrottleOptions = {}): Breaker {
  const { random = Math.random, windowMs = 10_000, protection = 5, probeMs = 1000 } = options
  const total = new RollingSum({ windowMs, buckets })
  const accepts = new RollingSum({ windowMs, buckets })
  const failures = new RollingSum({ windowMs, buckets })
  let lastAllowed = Number.NEGATIVE_INFINITY

  return {
    allows(now) {
      if (failures.sum(now) > protection && now - lastAllowed < probeMs && random() < rejectionProbability(now))
        return false
      lastAllowed = now
      total.add(now, 1)
      return true
    },
    succeeded: (now) => accepts.add(now, 1),
    failed: (now) => failures.add(now, 1),
    forgotten: (now) => total.add(now, -1),
  }

  function rejectionProbability(now: number): number {
    const weight = Math.max(strictest, mildest - ((mildest - strictest) * failingBuckets(now)) / buckets)
    const begun = total.sum(now)
    return (begun - protection - weight * accepts.sum(now)) / (begun + 1)
  }

  /** The number of most recent consecutive buckets with failures and no success. */
  function failingBuckets(now: number): number {
    let count = 0
    for (let age = 0; age < buckets && accepts.bucket(now, age) === 0; age++) {
      if (failures.bucket(now, age) > 0) count += 1
    }
    return count
  }
}

/** Allows every call. */
export const noBreaker: Breaker = { allows: () => true, succeeded() {}, failed() {}, forgotten() {} }
