import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fullJitter, noBackoff } from '../../src/time/backoff.ts'
import { hedgeAfter, noHedge } from '../../src/resilience/hedge.ts'
import { latencies, noLatencies } from '../../src/resilience/latencies.ts'
import { neverRetry, retryWhenSafe } from '../../src/resilience/retry.ts'
import { noRetryBudget, retryBudget } from '../../src/resilience/retryBudget.ts'
import { RollingSum } from '../../src/resilience/rollingSum.ts'

describe('the retry budget', () => {
  it('is a tenth of the calls plus 3 per second under any load', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 5 }), (rate, wanted) => {
        const budget = retryBudget()
        let retries = 0
        for (let n = 0; n < rate * 60; n++) {
          const now = (n * 1000) / rate
          budget.deposit(now)
          for (let i = 0; i < wanted; i++) if (budget.withdraw(now)) retries += 1
        }
        // 60 s, and what may be saved up for 10 s before.
        expect(retries).toBeLessThanOrEqual((rate * 0.1 + 3) * 70)
        expect(retries).toBeGreaterThanOrEqual(Math.min(rate * 60, (rate * 0.1 + 3) * 45))
      }),
      { numRuns: 30 },
    )
  })

  it('keeps nothing for longer than its window', () => {
    const budget = retryBudget({ share: 1, perSecond: 0 })
    for (let n = 0; n < 100; n++) budget.deposit(0)
    expect(budget.withdraw(9000)).toBe(true)
    expect(budget.withdraw(10_000)).toBe(false)
  })

  it('is unlimited when it is switched off', () => {
    expect(noRetryBudget.withdraw(0)).toBe(true)
  })
})

describe('a retry', () => {
  it.each([
    ['not sent', true, true],
    ['unavailable, not run', true, true],
    ['broken', true, false],
    ['unavailable', true, false],
    ['final', false, false],
  ] as const)('after "%s": %s when idempotent, %s when not', (failure, whenIdempotent, otherwise) => {
    expect([retryWhenSafe(failure, 'idempotent'), retryWhenSafe(failure, 'unsafe')]).toEqual([
      whenIdempotent,
      otherwise,
    ])
    expect(neverRetry(failure, 'idempotent')).toBe(false)
  })

  it('waits a random time up to a bound that doubles', () => {
    const longest = fullJitter({ random: () => 1 })
    expect([1, 2, 3, 4, 5, 6].map(longest)).toEqual([25, 50, 100, 200, 250, 250])
    expect(fullJitter({ random: () => 0 })(3)).toBe(0)
    expect(noBackoff(3)).toBe(0)
  })
})

describe('a hedge', () => {
  it('waits for the percentile of recent latencies within 9 %', () => {
    const known = latencies()
    const hedge = hedgeAfter(95, known)
    expect(hedge(0)).toBeUndefined()
    for (let ms = 1; ms <= 1000; ms++) known.observe(0, ms)
    expect(hedge(1)).toBeGreaterThan(950 / 1.09)
    expect(hedge(1)).toBeLessThan(950 * 1.09)
    for (let n = 0; n < 1000; n++) known.observe(15_000, 10)
    for (let n = 0; n < 1000; n++) known.observe(25_000, 10)
    expect(hedge(25_000)).toBeCloseTo(10, -0.5) // what was 20 s ago is forgotten
    expect(hedgeAfter(undefined, known)(25_000)).toBeUndefined()
    expect(hedgeAfter(undefined, known)(25_000, 50)).toBeCloseTo(10, -0.5)
    expect(hedge(60_000)).toBeUndefined()
    expect([noHedge(0), noLatencies.percentile(0, 50)]).toEqual([undefined, undefined])
  })
})

describe('a rolling sum', () => {
  it('sums the values within its window, to a bucket', () => {
    const events = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 3000 }), amount: fc.integer({ min: -5, max: 9 }) }),
    )
    fc.assert(
      fc.property(events, (events) => {
        const rolling = new RollingSum({ windowMs: 10_000, buckets: 40 })
        const seen: { tick: number; amount: number }[] = []
        let now = 0
        for (const { afterMs, amount } of events) {
          now += afterMs
          rolling.add(now, amount)
          seen.push({ tick: Math.floor(now / 250), amount })
          const oldest = Math.floor(now / 250) - 40
          const expected = seen.filter(({ tick }) => tick > oldest).reduce((sum, { amount }) => sum + amount, 0)
          expect(rolling.sum(now)).toBe(expected)
          expect(Array.from({ length: 40 }, (_, age) => rolling.bucket(now, age)).reduce((a, b) => a + b)).toBe(
            expected,
          )
        }
      }),
    )
  })
})
