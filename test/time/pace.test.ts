import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Pace } from '../../src/time/pace.ts'

it('allows at most n + burst turns in n periods', () => {
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
          return (now += pace.next(now)) // like a loop: it takes the next turn after this one
        })
        for (const from of turns) {
          const inWindow = turns.filter((turn) => turn >= from && turn < from + periods * 15_000)
          expect(inWindow.length).toBeLessThanOrEqual(periods - 1 + burst)
        }
      },
    ),
  )
})

it('does not delay a rare turn', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 15_000, max: 100_000 })), (gaps) => {
      const pace = new Pace()
      let now = 0
      for (const gap of gaps) expect(pace.next((now += gap))).toBe(0)
    }),
  )
})
