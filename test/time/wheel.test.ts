import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Expiring, Wheel } from '../../src/time/wheel.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class Noted extends Expiring {
  expiredAt: number | undefined

  expire(): void {
    expect(this.expiredAt).toBeUndefined()
    this.expiredAt = performance.now()
  }
}

const aTimeout = fc.record({
  timeoutMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 30_000 })),
  addedAfter: fc.integer({ min: 0, max: 200 }),
  removedAfter: fc.option(fc.integer({ min: 1, max: 30_000 }), { nil: undefined, freq: 2 }),
})

it('has each timeout expire once, never early and hardly late, and none that was removed', async () => {
  const run = async (plan: { timeoutMs: number; addedAfter: number; removedAfter: number | undefined }[]) => {
    const wheel = new Wheel()
    const all = plan.map((one) => ({ ...one, noted: new Noted(), due: 0 }))
    for (const { noted, timeoutMs, addedAfter, removedAfter } of all) {
      setTimeout(() => wheel.add(noted, timeoutMs), addedAfter)
      if (removedAfter !== undefined) setTimeout(() => wheel.remove(noted), addedAfter + removedAfter)
    }
    const begun = performance.now()
    await vi.advanceTimersByTimeAsync(40_000)
    for (const { noted, timeoutMs, addedAfter, removedAfter = Number.POSITIVE_INFINITY } of all) {
      const due = begun + addedAfter + timeoutMs
      if (removedAfter < timeoutMs) expect(noted.expiredAt).toBeUndefined()
      else if (removedAfter > timeoutMs + 20) expect(noted.expiredAt).toBeGreaterThanOrEqual(due)
      if (noted.expiredAt !== undefined) expect(noted.expiredAt - due).toBeLessThanOrEqual(20)
    }
  }
  await fc.assert(fc.asyncProperty(fc.array(aTimeout, { minLength: 1, maxLength: 30 }), run), { numRuns: 15 })
})

it('passes over what one that expires removes', async () => {
  const wheel = new Wheel()
  const others = [new Noted(), new Noted()]
  class Removing extends Noted {
    override expire(): void {
      super.expire()
      for (const other of others) wheel.remove(other)
    }
  }
  wheel.add(others[0]!, 100)
  const removing = new Removing()
  wheel.add(others[1]!, 100)
  wheel.add(removing, 100)
  await vi.advanceTimersByTimeAsync(1000)
  expect(removing.expiredAt).toBeDefined()
  expect(others.map(({ expiredAt }) => expiredAt)).toEqual([undefined, undefined])
})

it('runs by the clock of the moment, which tests replace', async () => {
  const wheel = new Wheel()
  const [done, late] = [new Noted(), new Noted()]
  wheel.add(done, 100)
  wheel.remove(done)
  vi.useRealTimers()
  wheel.add(late, 1)
  await expect.poll(() => late.expiredAt).toBeDefined()
})
