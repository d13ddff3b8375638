import fc from 'fast-check'
import { expect, it } from 'vitest'
import { EpochOffset, microseconds } from '../../src/time/epochOffset.ts'

it('keeps the precision of the monotonic clock and follows the wall clock', () => {
  let monotonic = 0
  let wall = 1_000_000
  const offset = new EpochOffset({ monotonic: () => monotonic, wall: () => Math.floor(wall), first: 1_000_000.25 })
  expect(offset.now()).toBe(1_000_000.25)
  monotonic += 5000.5
  wall += 5000.5
  expect(offset.now()).toBe(1_000_000.25)
  wall += 3_600_000
  expect(offset.now() + monotonic - wall).toBeGreaterThan(-1)
  expect(offset.now() + monotonic - wall).toBeLessThanOrEqual(1)
})

it('keeps a nested span inside its parent when both are rounded', () => {
  const ms = fc.double({ min: 0, max: 1e7, noNaN: true })
  fc.assert(
    fc.property(ms, ms, ms, ms, (offset, ...times) => {
      const rounded = times.toSorted((a, b) => a - b).map((time) => microseconds(time, 1.7e12 + offset))
      expect(rounded).toEqual(rounded.toSorted((a, b) => a - b))
      for (const value of rounded) expect(value).toSatisfy(Number.isSafeInteger)
    }),
  )
})
