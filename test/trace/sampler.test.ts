import fc from 'fast-check'
import { expect, it } from 'vitest'
import { random32 } from '../../src/trace/ids.ts'
import { parentBased, ratio, rateLimit, samplerNames, samplerOf } from '../../src/trace/sampler.ts'
import { getUser, memoryTracer, selectUsers } from './fixture.ts'

it('samples the configured share', () => {
  const sampler = ratio(0.1)
  let taken = 0
  for (let i = 0; i < 100_000; i++) if (sampler.isSampled(undefined, random32(), random32(), 0)) taken++
  expect(taken).toBeGreaterThan(9500)
  expect(taken).toBeLessThan(10_500)
})

it('samples with a larger share all that it samples with a smaller one', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer(), fc.integer(), (share, id2, id3) => {
      const isTaken = ratio(share).isSampled(undefined, id2, id3, 0)
      if (isTaken) expect(ratio(Math.min(1, share * 2)).isSampled(undefined, id2, id3, 0)).toBe(true)
      expect(ratio(1).isSampled(undefined, id2, id3, 0)).toBe(true)
      expect(ratio(0).isSampled(undefined, id2, id3, 0)).toBe(false)
    }),
  )
})

it('samples the configured number per second at any load', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.array(fc.integer({ min: 0, max: 200 })), (perSecond, gaps) => {
      const sampler = rateLimit(perSecond)
      let now = 0
      let taken = 0
      for (const gap of gaps) {
        now += gap
        if (sampler.isSampled(undefined, 1, 1, now)) taken++
      }
      expect(taken).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond)
    }),
  )
})

it('samples traces again after a pause, and all of a slow trickle', () => {
  const sampler = rateLimit(2)
  const at = (now: number): boolean => sampler.isSampled(undefined, 1, 1, now)
  expect([at(0), at(0), at(0), at(400), at(500), at(1500), at(1500)]).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
    true,
  ])
  const rare = rateLimit(0.1)
  expect([0, 5000, 10_000].map((now) => rare.isSampled(undefined, 1, 1, now))).toEqual([true, false, true])
})

it('follows its parent', () => {
  const sampler = parentBased({ isSampled: () => false })
  expect(sampler.isSampled(true, 1, 1, 0)).toBe(true)
  expect(sampler.isSampled(undefined, 1, 1, 0)).toBe(false)
})

it.each(samplerNames)('supports %s', (name) => {
  const isRoot = samplerOf(name, 1).isSampled(undefined, 1, 1, 0)
  expect(isRoot).toBe(!name.endsWith('always_off'))
  expect(samplerOf(name, 1).isSampled(false, 1, 1, 0)).toBe(name.startsWith('parentbased_') ? false : isRoot)
})

it('keeps failed and slow traces, decided at their end', () => {
  const { tracer, sink } = memoryTracer({
    sampler: { isSampled: () => false },
    keep: { errors: true, slowerThanMs: 100 },
  })
  const run = (durationMs: number, fails: boolean): void => {
    const request = tracer.root(getUser, 0)
    const statement = request.child(selectUsers, 1)
    if (fails) statement.fail(new TypeError('no'))
    statement.end(2)
    expect(request.traceParent.endsWith('-02')).toBe(true)
    request.end(durationMs)
  }
  run(99, false)
  expect(sink.spans).toEqual([])
  run(100, false)
  run(1, true)
  expect(sink.spans.map(({ name, errorType }) => [name, errorType])).toEqual([
    ['SELECT users', undefined],
    ['getUser', undefined],
    ['SELECT users', 'TypeError'],
    ['getUser', undefined],
  ])
})
