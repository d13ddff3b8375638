import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ArrivalTimes } from '../../src/resilience/arrivalTimes.ts'
import { quotaOf, type Quota } from '../../src/resilience/gcra.ts'
import { seededRandom } from '../../src/resilience/random.ts'

const quotas = fc.record({ limit: fc.integer({ min: 1, max: 50 }), windowMs: fc.integer({ min: 1, max: 100_000 }) })
/** Pauses between requests, in windows: bursts, the steady rate, rests. */
const pauses = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.2, noNaN: true }), fc.constantFrom(1, 2)), {
  minLength: 1,
  maxLength: 300,
})

/** A limiter on a clock of its own. */
function limiter(options: { maxKeys?: number; seed?: number } = {}) {
  const clock = { nowUs: 1_000_000 }
  const { maxKeys, seed = 1 } = options
  const times = new ArrivalTimes({
    nowUs: () => clock.nowUs,
    random: seededRandom(seed),
    ...(maxKeys !== undefined && { maxKeys }),
  })
  const passes = (key: string, quota: Quota): boolean => times.take(key, quota) <= quota.burstUs
  return { clock, times, passes }
}

/** When the requests of one key that pass are sent, in microseconds. */
function arrivals(quota: Quota, windowMs: number, waits: readonly number[]): number[] {
  const { clock, passes } = limiter()
  const passed: number[] = []
  for (const wait of waits) {
    clock.nowUs += Math.floor(wait * windowMs * 1000)
    if (passes('a', quota)) passed.push(clock.nowUs)
  }
  return passed
}

describe('a rate limit', () => {
  it('never passes more than the burst plus what is refilled meanwhile', () => {
    fc.assert(
      fc.property(quotas, pauses, ({ limit, windowMs }, waits) => {
        const quota = quotaOf({ limit, windowMs })
        const passed = arrivals(quota, windowMs, waits)
        for (const [first, from] of passed.entries()) {
          for (let last = first; last < passed.length; last++) {
            const spanMs = (passed[last]! - from) / 1000
            expect(last - first + 1).toBeLessThanOrEqual(limit + (limit * spanMs) / windowMs)
          }
        }
      }),
    )
  })

  it('passes the full burst after a rest, then one request per interval', () => {
    fc.assert(
      fc.property(quotas, ({ limit, windowMs }) => {
        const quota = quotaOf({ limit, windowMs })
        const { clock, passes } = limiter()
        for (let n = 0; n < limit; n++) expect(passes('a', quota)).toBe(true)
        expect(passes('a', quota)).toBe(false)
        for (let n = 0; n < 3 * limit; n++) {
          clock.nowUs += quota.intervalUs - 1
          expect(passes('a', quota)).toBe(false)
          clock.nowUs += 1
          expect(passes('a', quota)).toBe(true)
        }
      }),
    )
  })

  it('passes the same number whenever a caller starts', () => {
    fc.assert(
      fc.property(quotas, pauses, fc.nat(1_000_000_000), ({ limit, windowMs }, waits, shift) => {
        const quota = quotaOf({ limit, windowMs })
        const shifted = arrivals(quota, windowMs, [shift / windowMs, ...waits])
        const first = arrivals(quota, windowMs, [0, ...waits])
        expect(shifted.map((at) => at - shifted[0]!)).toEqual(first.map((at) => at - first[0]!))
      }),
    )
  })

  it('reports exactly when the next request will pass', () => {
    fc.assert(
      fc.property(quotas, pauses, ({ limit, windowMs }, waits) => {
        const quota = quotaOf({ limit, windowMs })
        const { clock, times, passes } = limiter()
        for (const wait of waits) {
          clock.nowUs += Math.floor(wait * windowMs * 1000)
          const overUs = times.take('a', quota) - quota.burstUs
          if (overUs <= 0) continue
          clock.nowUs += overUs - 1
          expect(passes('a', quota)).toBe(false)
          clock.nowUs += 1
          expect(passes('a', quota)).toBe(true)
        }
      }),
    )
  })

  it('takes nothing for a rejected request, and counts each key alone', () => {
    const quota = quotaOf({ limit: 2, windowMs: 1000 })
    const { clock, passes } = limiter()
    expect([passes('a', quota), passes('a', quota), passes('b', quota)]).toEqual([true, true, true])
    for (let n = 0; n < 100; n++) expect(passes('a', quota)).toBe(false)
    clock.nowUs += 500_000
    expect([passes('a', quota), passes('a', quota), passes('b', quota), passes('b', quota)]).toEqual([
      true,
      false,
      true,
      true,
    ])
  })
})

describe('the keys in memory', () => {
  const quota = quotaOf({ limit: 10, windowMs: 1000 })

  it('are bounded, and reuse free slots before growing', () => {
    const { times } = limiter({ maxKeys: 1000 })
    for (let n = 0; n < 5000; n++) times.take(`key ${n}`, quota)
    expect(times.size).toBe(1000)

    const few = limiter({ maxKeys: 1_000_000 })
    for (let n = 0; n < 50_000; n++) {
      few.clock.nowUs += 1000 // a request leaves nothing outstanding after 100 of them
      few.times.take(`key ${n}`, quota)
    }
    expect(few.times.size).toBeLessThan(300)
  })

  it.each([1, 2, 3])(
    'a key at its limit is not forgotten under a flood of a hundred times as many (seed %i)',
    (seed) => {
      const { times, passes } = limiter({ maxKeys: 1000, seed })
      for (let n = 0; n < quota.limit; n++) times.take('victim', quota)
      for (let n = 0; n < 100_000; n++) times.take(`key ${n}`, quota)
      expect(passes('victim', quota)).toBe(false)
    },
  )
})
