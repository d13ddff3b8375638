import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noLimiter, turnLimiter, type Limiter, type LimiterOptions } from '../../src/resilience/limiter.ts'
import { Paced } from '../../src/resilience/paced.ts'
import { simulateLoop, summary, type Stream } from './simulateLoop.ts'

/** Of a process that has run for a while. */
const warm = (options: LimiterOptions = {}) => turnLimiter({ coldMs: 0, ...options })

type Work = Pick<Stream, 'workMs' | 'waitMs' | 'thenMs' | 'atATime'>

/** What a handler does: computes; asks a database and encodes; waits for another service. */
const kinds: Record<string, Work> = {
  computes: { workMs: 2 },
  'asks a database': { workMs: 0.2, waitMs: 2, thenMs: 0.3 },
  'computes after a call': { workMs: 0.1, waitMs: 2, thenMs: 2 },
  'goes on when its lane is read': { workMs: 0.1, waitMs: 2, thenMs: 0.3, atATime: 30 },
  'waits for another service': { workMs: 1, waitMs: 100, thenMs: 1 },
}
const each = Object.entries(kinds)

/** The requests that a loop can serve in a second. */
const capacityOf = ({ workMs, thenMs = 0 }: Work): number => 1000 / (workMs + thenMs)

/** The cost of a rejection, in milliseconds. */
const shedMs = 0.02

/** 2 s at capacity, 8 s at so many times that, of which the last `heldMs` count, 10 s at 70 %. */
function overload(work: Work, factor: number, { limiter = warm(), seed = 1, heldMs = 7500 } = {}) {
  const capacity = capacityOf(work)
  const stream = (share: number, from: number, to: number) => ({ ...work, rate: share * capacity, from, to })
  const streams = [stream(1, 0, 2000), stream(factor, 2000, 10_000), stream(0.7, 10_000, 20_000)]
  const outcomes = simulateLoop(streams, limiter, { shedMs, seed })
  const over = summary(outcomes, 10_000 - heldMs, 10_000)
  const possible = (1 - (factor * shedMs * capacity) / 1000) / (1 - (shedMs * capacity) / 1000) // after the cost of rejections
  return { goodput: over.goodput / capacity, possible, p99: over.p99, after: summary(outcomes, 12_000, 20_000) }
}

describe('the limiter at three times the capacity of the loop', () => {
  it.each(each)('keeps goodput and latency of a handler that %s, and recovers', (_name, work) => {
    const { goodput, p99, after } = overload(work, 3)
    expect(goodput).toBeGreaterThan(0.8)
    expect(p99).toBeLessThan(200 + (work.waitMs ?? 0))
    expect(after.shed).toBeLessThan(0.05)
  })

  it('is needed: without it almost no response is in time', () => {
    expect(overload(kinds['computes']!, 3, { limiter: noLimiter }).p99).toBeGreaterThan(10_000)
  })

  it('works for any work and any overload', () => {
    const work = fc.record({
      workMs: fc.double({ min: 0.5, max: 8, noNaN: true }),
      waitMs: fc.double({ min: 0, max: 50, noNaN: true }),
      thenMs: fc.double({ min: 0, max: 8, noNaN: true }),
    })
    fc.assert(
      fc.property(work, fc.double({ min: 1.3, max: 5, noNaN: true }), fc.integer(), (work, factor, seed) => {
        // from three seconds on: an overload whose first turn still had an idle moment is seen after two, if turns are that long
        const { goodput, possible, p99, after } = overload(work, factor, { seed, heldMs: 5000 })
        // the least of 4,000 seeds of the worst work, 0.5 ms and then 8 ms at 4 to 5 times: 0.88
        expect(goodput).toBeGreaterThan(0.85 * possible)
        expect(p99).toBeLessThan(1000)
        expect(after.shed).toBeLessThan(0.05)
      }),
      { numRuns: 10 },
    )
  })
})

describe('the limiter while the loop has time', () => {
  const shedOf = (...streams: Stream[]): number => summary(simulateLoop(streams, warm()), 0, Infinity).shed

  it.each(each)('rejects nothing of a handler that %s, up to four fifths of its capacity', (_name, work) => {
    expect(shedOf({ ...work, rate: 0.8 * capacityOf(work), from: 0, to: 20_000 })).toBe(0)
  })

  it('rejects nothing of a slow handler: 500 requests wait 2 s for I/O', () => {
    expect(shedOf({ workMs: 0.5, waitMs: 2000, thenMs: 0.5, rate: 250, from: 0, to: 20_000 })).toBe(0)
  })

  it('rejects no burst of 400 ms of work, at the start or under half load', () => {
    const burst = (from: number): Stream => ({ workMs: 2, rate: 0, from, to: from, atOnce: 200 })
    expect(shedOf(burst(0))).toBe(0)
    expect(shedOf({ workMs: 2, rate: 200, from: 0, to: 10_000 }, burst(5000))).toBe(0)
  })

  it('rejects nothing at two thirds utilisation by any work', () => {
    const work = fc.record({
      workMs: fc.double({ min: 0.1, max: 10, noNaN: true }),
      waitMs: fc.double({ min: 0, max: 2000, noNaN: true }),
      thenMs: fc.double({ min: 0, max: 10, noNaN: true }),
    })
    fc.assert(
      fc.property(work, fc.double({ min: 0.1, max: 0.66, noNaN: true }), (work, share) => {
        expect(shedOf({ ...work, rate: share * capacityOf(work), from: 0, to: 5000 })).toBe(0)
      }),
      { numRuns: 30 },
    )
  })
})

describe('priorities', () => {
  /** Sends each rank at a factor of the capacity, 2 ms of work each; returns the share of each that was served. */
  function served(...factors: number[]): number[] {
    const streams = factors.map((factor, rank) => ({
      name: String(rank),
      rank,
      workMs: 2,
      rate: factor * 500,
      from: 0,
      to: 15_000,
    }))
    const outcomes = simulateLoop(streams, warm({ shares: [1.5, 1, 0.5] }), { shedMs: 0.1 })
    return factors.map((_, rank) => {
      const own = outcomes.filter(({ name }) => name === String(rank))
      return 1 - summary(own, 5000, 15_000).shed
    })
  }

  it('reject the least important requests first', () => {
    const [critical, normal, sheddable] = served(0.4, 0.4, 2)
    expect(critical).toBeGreaterThan(0.95)
    expect(normal).toBeGreaterThan(0.9)
    expect(sheddable).toBeLessThan(0.2)
  })

  it('keep critical requests in any overload', () => {
    const [critical, normal, sheddable] = served(0.6, 1.5, 1.5)
    expect(critical).toBeGreaterThan(0.9)
    expect(normal).toBeLessThan(0.4)
    expect(sheddable).toBeLessThan(0.05)
  })

  it('accept the least important requests when there are no others', () => {
    const [, , sheddable] = served(0, 0, 3)
    expect(sheddable! * 3).toBeGreaterThan(0.8)
  })
})

describe('many small requests', () => {
  /** Connections send again as soon as they are rejected; returns the share of time for rejections, the longest turn and wait. */
  function closedLoop(connections: number, responseMs: number, rejectMs: number) {
    const limiter = warm()
    limiter.observe(5000, 5000)
    let [now, responding, asking, longestTurnMs, longestWaitMs] = [0, 0, connections, 0, 0]
    const rejected = new Paced<void>(
      () => {
        now += rejectMs / 2
        asking += 1
      },
      () => now,
    )
    while (now < 20_000) {
      const beganAt = now
      let responses = 0
      for (let n = 0; n < asking; n++) {
        if (limiter.admits(0, now - beganAt, 0)) {
          now += responseMs
          responses += 1
        } else {
          now += rejectMs / 2
          rejected.add()
        }
      }
      asking = responses
      const rejectionMs = limiter.endTurn(now - beganAt, rejected.waitedMs)
      if (beganAt > 10_000) {
        responding += responses * responseMs
        longestTurnMs = Math.max(longestTurnMs, now - beganAt)
        longestWaitMs = Math.max(longestWaitMs, rejected.waitedMs)
      }
      rejected.run(rejectionMs)
    }
    return { share: responding / (now - 10_000), longestTurnMs, longestWaitMs }
  }

  it('get most of the time, however cheap they are beside a rejection', () => {
    expect(closedLoop(1500, 0.18, 0.055).share).toBeGreaterThan(0.85)
    expect(closedLoop(1500, 0.04, 0.02).share).toBeGreaterThan(0.85)
    expect(closedLoop(1500, 2, 0.02).share).toBeGreaterThan(0.85)
  })

  it('are rejected soon, while accepted ones wait longer for their response', () => {
    expect(closedLoop(1500, 0.18, 0.055).longestWaitMs).toBeLessThan(600)
    expect(closedLoop(1500, 0.04, 0.02).longestWaitMs).toBeLessThan(600)
  })

  it('do not raise the target without bound', () => {
    expect(closedLoop(20_000, 0.1, 0.05).longestTurnMs).toBeLessThan(250)
  })
})

describe('a sudden overload', () => {
  it('is noticed while its first requests wait; a burst is not', () => {
    const outcomes = simulateLoop([{ workMs: 2, rate: 1500, from: 1000, to: 5000 }], warm(), { shedMs })
    expect(summary(outcomes, 0, 5000).p99).toBeLessThan(400)
  })
})

describe('the budget of a turn', () => {
  const pressed = () => {
    const limiter = warm({ targetDelayMs: 50, shares: [1, 1] })
    limiter.observe(5000, 5000)
    return limiter
  }

  it('applies once the loop has been saturated for about a second', () => {
    const limiter = warm()
    let [busyMs, now] = [0, 0]
    for (; !limiter.isPressed; now += 50) {
      limiter.observe(50, 50)
      busyMs += 50
    }
    expect(busyMs).toBeGreaterThan(700)
    expect(busyMs).toBeLessThan(1500)
    limiter.observe(25, 50)
    expect(limiter.isPressed).toBe(false)
  })

  it('is five times as long until the process has worked for five seconds', () => {
    const cold = turnLimiter()
    for (let n = 0; n < 100; n++) cold.observe(100, 100, 50)
    expect([cold.admits(0, 190, 0), cold.admits(0, 210, 0)]).toEqual([true, false])
    cold.observe(100, 100, 50)
    for (let turn = 0; turn < 100; turn++) cold.endTurn(20)
    expect([cold.admits(0, 38, 0), cold.admits(0, 42, 0)]).toEqual([true, false])
  })

  it('counts CPU time: a process with half of the CPU takes twice as long', () => {
    const half = warm({ targetDelayMs: 50 })
    half.observe(5000, 5000, 2500)
    expect([half.admits(0, 99, 0), half.admits(0, 101, 0)]).toEqual([true, false])
    for (let turn = 0; turn < 100; turn++) half.endTurn(200)
    expect(half.admits(0, 99, 0)).toBe(true)
  })

  it('of a lower rank is cut while a higher one is rejected', () => {
    const limiter = pressed()
    for (let turn = 0; turn < 10; turn++) {
      expect(limiter.admits(0, 60, 0)).toBe(false)
      limiter.endTurn(60)
    }
    expect([limiter.admits(0, 49, 0), limiter.admits(1, 0, 0)]).toEqual([true, false])
    for (let turn = 0; turn < 20; turn++) limiter.endTurn(60)
    expect(limiter.admits(1, 49, 0)).toBe(true)
  })
})

describe('the number in flight', () => {
  /** A second of a busy loop, in which so many ended that took so long. */
  function busy(limiter: Limiter, endings: number, tookMs: number | undefined): void {
    for (let look = 0; look < 60; look++) {
      for (let n = 0; n < endings; n++) limiter.ended('op', tookMs)
      limiter.observe(50, 50)
    }
  }
  const most = (limiter: Limiter): number => {
    let n = 0
    while (limiter.admits(0, 0, n)) n++
    return n
  }

  it('is what ends within the usual time plus two turns', () => {
    const limiter = warm()
    for (let n = 0; n < 50; n++) limiter.ended('op', 60)
    limiter.observe(25, 50)
    busy(limiter, 50, 400) // 1,000 a second
    expect(limiter.isPressed).toBe(true)
    expect(most(limiter)).toBe(100)
  })

  it('covers only the wait while the usual time is unknown', () => {
    const limiter = warm()
    busy(limiter, 200, 400) // 4,000 a second
    expect(most(limiter)).toBe(160)
  })

  it('is at least 50, because other work may keep the loop busy', () => {
    const limiter = warm()
    busy(limiter, 0, 0)
    expect(most(limiter)).toBe(50)
  })

  it('counts requests of callers that hang up, but learns nothing from them', () => {
    const limiter = warm()
    for (let n = 0; n < 50; n++) limiter.ended('op', 60)
    limiter.observe(25, 50)
    for (let n = 0; n < 50; n++) limiter.ended('op', undefined)
    limiter.observe(25, 50)
    busy(limiter, 50, undefined)
    expect(most(limiter)).toBe(100)
  })

  it('learns the usual time of each operation', () => {
    const limiter = warm()
    for (let n = 0; n < 50; n++) {
      limiter.ended('op', 60)
      limiter.ended('slow', 2000)
    }
    limiter.observe(25, 50)
    busy(limiter, 50, 400)
    expect(Math.abs(most(limiter) - 100)).toBeLessThan(3)
  })
})
