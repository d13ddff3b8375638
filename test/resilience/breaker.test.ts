import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noBreaker, throttle } from '../../src/resilience/breaker.ts'
import { seededRandom } from '../../src/resilience/random.ts'

/** Makes `rate` calls a second, between two seconds, to a callee that responds or not; returns the share that was sent. */
function offered(breaker = throttle({ random: seededRandom(1) })) {
  return (rate: number, from: number, to: number, responds: boolean): number => {
    let sent = 0
    for (let n = 0; n < rate * (to - from); n++) {
      const now = from * 1000 + (n * 1000) / rate
      if (!breaker.allows(now)) continue
      sent += 1
      if (responds) breaker.succeeded(now)
      else breaker.failed(now)
    }
    return sent / (rate * (to - from))
  }
}

describe('the breaker', () => {
  it('sends all calls while few of them fail', () => {
    expect(offered()(300, 0, 30, true)).toBe(1)
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed)
        const breaker = throttle({ random })
        let rejected = 0
        for (let now = 0; now < 30_000; now += 5) {
          if (!breaker.allows(now)) rejected += 1
          else if (random() < 0.05) breaker.failed(now)
          else breaker.succeeded(now)
        }
        expect(rejected).toBe(0)
      }),
      { numRuns: 20 },
    )
  })

  it('sends at most a tenth after 10 s of an outage, and all 5 s after its end', () => {
    const load = offered()
    load(300, 0, 20, true)
    load(300, 20, 30, false)
    expect(load(300, 30, 80, false)).toBeLessThan(0.1)
    load(300, 80, 85, true)
    expect(load(300, 85, 90, true)).toBeGreaterThan(0.99)
  })

  it('sends one call per second regardless of the odds', () => {
    const breaker = throttle({ random: () => 0 }) // rejects whenever it may
    for (let n = 0; n < 100; n++) if (breaker.allows(0)) breaker.failed(0)
    expect(breaker.allows(1)).toBe(false)
    let probes = 0
    for (let now = 1; now < 9000; now += 10) if (breaker.allows(now)) probes += 1
    expect(probes).toBe(8)
  })

  it('counts calls when they start, so that hanging ones are noticed', () => {
    const breaker = throttle({ random: () => 0 })
    for (let n = 0; n < 1000; n++) expect(breaker.allows(0)).toBe(true)
    for (let n = 0; n < 6; n++) breaker.failed(100)
    expect(breaker.allows(101)).toBe(false) // 994 are still on their way, none of them is known to be good
  })

  it('does not reject a first burst of calls without responses yet', () => {
    const breaker = throttle({ random: () => 0 })
    for (let n = 0; n < 5000; n++) expect(breaker.allows(n / 100)).toBe(true)
  })

  it('does not count a call that its caller cancelled', () => {
    const breaker = throttle({ random: () => 0 })
    for (let n = 0; n < 6; n++) if (breaker.allows(0)) breaker.failed(0)
    for (let n = 0; n < 6; n++) breaker.succeeded(0)
    for (let n = 0; n < 1000; n++) {
      expect(breaker.allows(1)).toBe(true)
      breaker.forgotten(1)
    }
  })

  it('allows every call when it is switched off', () => {
    const load = offered(noBreaker)
    expect(load(100, 0, 20, false)).toBe(1)
  })
})
