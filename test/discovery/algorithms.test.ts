import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Belief, type Kind } from '../../src/discovery/belief.ts'
import { BlockingIndex } from '../../src/discovery/consul/blockingIndex.ts'
import { Pace, retryDelayMs } from '../../src/time/pace.ts'

describe('Pace', () => {
  it('lets no more than n + burst turns into n periods, whenever they are asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 5 }),
        (gaps, burst, periods) => {
          const pace = new Pace({ periodMs: 15_000, burst })
          let now = 0
          const turns = gaps.map((gap) => {
            now += gap
            return (now += pace.next(now)) // as a loop does: the next is asked for after this one was had
          })
          for (const from of turns) {
            const inWindow = turns.filter((turn) => turn >= from && turn < from + periods * 15_000)
            expect(inWindow.length).toBeLessThanOrEqual(periods - 1 + burst)
          }
        },
      ),
    )
  })

  it('makes nobody wait who comes rarely', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 15_000, max: 100_000 })), (gaps) => {
        const pace = new Pace()
        let now = 0
        for (const gap of gaps) expect(pace.next((now += gap))).toBe(0)
      }),
    )
  })
})

it('waits longer after each failure, up to 20 s', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const waitMs = retryDelayMs(failures, () => random)
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(15_000, 500 * 2 ** (failures - 1)))
      expect(waitMs).toBeLessThanOrEqual(20_000)
    }),
  )
})

it('an index is only ever waited on when it is above 0 and follows on the one before', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: -3, max: 9 }), fc.constantFrom(NaN, 0.5, Infinity))), (indices) => {
      const index = new BlockingIndex()
      let before = 0
      for (const received of indices) {
        const restarted = index.advance(received)
        const follows = Number.isInteger(received) && received > 0 && received >= before
        expect(restarted).toBe(!follows)
        expect(index.value).toBe(follows ? received : undefined)
        before = follows ? received : 0
      }
    }),
  )
})

describe('Belief', () => {
  const sets: Kind<readonly number[]> = {
    isEmpty: (set) => set.length === 0,
    equals: (a, b) => a.join() === b.join(),
    merge: (known, told) => [...new Set([...told, ...known])].sort((a, b) => a - b),
  }
  const doubtMs = 15_000
  const anySet = fc.uniqueArray(fc.integer({ min: 1, max: 5 })).map((set) => set.sort((a, b) => a - b))
  const anySteps = fc.array(
    fc.record({
      gap: fc.integer({ min: 0, max: 20_000 }),
      told: fc.option(anySet, { nil: undefined, freq: 3 }),
      restarted: fc.boolean(),
    }),
  )

  it('keeps what it held through failures; never loses the last one to a single answer; adds what is new at once', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const belief = new Belief(sets, doubtMs)
        let now = 0
        let lookedSince: number | undefined // since when nothing but answers came
        for (const { gap, told, restarted } of steps) {
          now += gap
          const held = belief.value
          if (!told) {
            belief.fail()
            lookedSince = undefined
            expect(belief.value).toBe(held)
            continue
          }
          const isFirst = lookedSince === undefined
          lookedSince ??= now
          const changed = belief.answer(told, now, { restarted })
          expect(belief.value).toEqual(expect.arrayContaining(told))
          expect(changed).toBe(held === undefined || held.join() !== belief.value!.join())
          const lost = (held ?? []).filter((item) => !belief.value!.includes(item))
          if (held?.length && (isFirst || told.length === 0) && now < lookedSince + doubtMs) expect(lost).toEqual([])
        }
      }),
    )
  })

  it('believes what it is told for long enough, whatever came before', () => {
    fc.assert(
      fc.property(anySteps, anySet, fc.boolean(), (steps, told, restarted) => {
        const belief = new Belief(sets, doubtMs)
        let now = 0
        for (const step of steps) {
          now += step.gap
          if (step.told) belief.answer(step.told, now, step)
          else belief.fail()
        }
        belief.answer(told, now, { restarted })
        now += belief.doubtLeftMs(now) ?? 0
        belief.answer(told, now, { restarted })
        expect(belief.value).toEqual(told)
      }),
    )
  })

  it('believes an answer at once when nothing speaks against it', () => {
    const belief = new Belief(sets, doubtMs)
    expect(belief.answer([], 0)).toBe(true)
    expect(belief.answer([1, 2], 1)).toBe(true)
    expect(belief.answer([2], 2)).toBe(true)
    expect(belief.value).toEqual([2])
    expect(belief.answer([], 3)).toBe(false)
    expect(belief.doubtLeftMs(4)).toBe(doubtMs - 1)
    expect(belief.answer([3], 5)).toBe(true)
    expect(belief.value).toEqual([2, 3]) // it begins to know again, perhaps not all of them yet
    expect(belief.answer([3], 3 + doubtMs)).toBe(true)
    expect(belief.value).toEqual([3])
    expect(belief.doubtLeftMs(3 + doubtMs)).toBeUndefined()
  })
})
