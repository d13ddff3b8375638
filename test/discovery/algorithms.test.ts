import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LastKnown, type ValueOperations } from '../../src/discovery/lastKnown.ts'
import { BlockingIndex } from '../../src/discovery/consul/blockingIndex.ts'
import { registryBackoff } from '../../src/discovery/backoff.ts'

it('waits longer after each failure, up to 20 s', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const waitMs = registryBackoff(() => random)(failures)
      expect(waitMs).toBeGreaterThanOrEqual(Math.min(15_000, 500 * 2 ** (failures - 1)))
      expect(waitMs).toBeLessThanOrEqual(20_000)
    }),
  )
})

it('waits only on an index that is above 0 and not before the last one', () => {
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

describe('LastKnown', () => {
  const sets: ValueOperations<readonly number[]> = {
    isEmpty: (set) => set.length === 0,
    equals: (a, b) => a.join() === b.join(),
    merge: (known, reported) => [...new Set([...reported, ...known])].sort((a, b) => a - b),
  }
  const graceMs = 15_000
  const anySet = fc.uniqueArray(fc.integer({ min: 1, max: 5 })).map((set) => set.sort((a, b) => a - b))
  const anyEvents = fc.array(
    fc.record({
      gap: fc.integer({ min: 0, max: 20_000 }),
      reported: fc.option(anySet, { nil: undefined, freq: 3 }),
      restarted: fc.boolean(),
    }),
  )

  it('keeps its value through failures and a single empty response, and adds new items at once', () => {
    fc.assert(
      fc.property(anyEvents, (events) => {
        const lastKnown = new LastKnown(sets, graceMs)
        let now = 0
        let respondingSince: number | undefined // since when every request has had a response
        for (const { gap, reported, restarted } of events) {
          now += gap
          const held = lastKnown.value
          if (!reported) {
            lastKnown.fail()
            respondingSince = undefined
            expect(lastKnown.value).toBe(held)
            continue
          }
          const isFirst = respondingSince === undefined
          respondingSince ??= now
          const changed = lastKnown.update(reported, now, { restarted })
          expect(lastKnown.value).toEqual(expect.arrayContaining(reported))
          expect(changed).toBe(held === undefined || held.join() !== lastKnown.value!.join())
          const lost = (held ?? []).filter((item) => !lastKnown.value!.includes(item))
          if (held?.length && (isFirst || reported.length === 0) && now < respondingSince + graceMs)
            expect(lost).toEqual([])
        }
      }),
    )
  })

  it('accepts what is reported once the grace period is over', () => {
    fc.assert(
      fc.property(anyEvents, anySet, fc.boolean(), (events, reported, restarted) => {
        const lastKnown = new LastKnown(sets, graceMs)
        let now = 0
        for (const event of events) {
          now += event.gap
          if (event.reported) lastKnown.update(event.reported, now, event)
          else lastKnown.fail()
        }
        lastKnown.update(reported, now, { restarted })
        now += lastKnown.graceLeftMs(now) ?? 0
        lastKnown.update(reported, now, { restarted })
        expect(lastKnown.value).toEqual(reported)
      }),
    )
  })

  it('accepts a response at once without a reason for doubt', () => {
    const lastKnown = new LastKnown(sets, graceMs)
    expect(lastKnown.update([], 0)).toBe(true)
    expect(lastKnown.update([1, 2], 1)).toBe(true)
    expect(lastKnown.update([2], 2)).toBe(true)
    expect(lastKnown.value).toEqual([2])
    expect(lastKnown.update([], 3)).toBe(false)
    expect(lastKnown.graceLeftMs(4)).toBe(graceMs - 1)
    expect(lastKnown.update([3], 5)).toBe(true)
    expect(lastKnown.value).toEqual([2, 3]) // it starts over, perhaps not with all of them yet
    expect(lastKnown.update([3], 3 + graceMs)).toBe(true)
    expect(lastKnown.value).toEqual([3])
    expect(lastKnown.graceLeftMs(3 + graceMs)).toBeUndefined()
  })
})
