import type { Random } from './random.ts'
import { RollingSum } from './rollingSum.ts'

/** Decides whether a call is worth sending. Every call that is allowed is told of once more, when it ends. */
export interface Breaker {
  /** Whether to send one now, in milliseconds; counts it as begun. */
  allows(now: number): boolean
  /** One was answered. */
  succeeded(now: number): void
  /** One was not answered, or with a fault of the callee's. */
  failed(now: number): void
  /** One was given up by its caller: it says nothing of the callee. */
  forgotten(now: number): void
}

/** Numbers of the breaker, with their defaults. */
export interface ThrottleOptions {
  readonly random?: Random
  /** How far it looks back, in milliseconds. Default 10,000. */
  readonly windowMs?: number
  /** Failures that never count. Default 5. */
  readonly protection?: number
  /** Milliseconds after which one call is let through whatever the odds. Default 1000. */
  readonly probeMs?: number
}

const buckets = 40
const [mildest, strictest] = [1.5, 1.1] as const

/**
 * Client-side throttling: there is no open state; calls are refused with the probability
 * `(total − 5 − w × accepts) / (total + 1)`, with w falling from 1.5 to 1.1 the longer nothing succeeds.
 *
 * Calls count in `total` when they begin, so that a callee that hangs is seen before its calls time out; but only once
 * more than `protection` have failed, or a burst of first calls would be refused for not being answered yet. Refused ones
 * are not in `total`: the window then heals in seconds instead of a minute.
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
      if (failures.sum(now) > protection && now - lastAllowed < probeMs && random() < refusal(now)) return false
      lastAllowed = now
      total.add(now, 1)
      return true
    },
    succeeded: (now) => accepts.add(now, 1),
    failed: (now) => failures.add(now, 1),
    forgotten: (now) => total.add(now, -1),
  }

  function refusal(now: number): number {
    const weight = Math.max(strictest, mildest - ((mildest - strictest) * failingBuckets(now)) / buckets)
    const begun = total.sum(now)
    return (begun - protection - weight * accepts.sum(now)) / (begun + 1)
  }

  /** The newest buckets in a row in which something failed and nothing succeeded. */
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
