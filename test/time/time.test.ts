import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addedJitter, equalJitter, fullJitter } from '../../src/time/backoff.ts'
import { inTime, isDoneWithin, readInTime } from '../../src/time/timeout.ts'
import { withResolvers } from '../withResolvers.ts'

it.each([
  ['full jitter', fullJitter, 0, 1],
  ['equal jitter', equalJitter, 0.5, 1],
  ['added jitter', addedJitter, 1, 4 / 3],
])('%s waits between its bounds, which double up to the cap', (_, backoff, least, most) => {
  const whole = fc.integer({ min: 1, max: 10_000 })
  fc.assert(
    fc.property(
      whole,
      whole,
      fc.integer({ min: 1, max: 2000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (...values) => {
        const [baseMs, capMs, retry, random] = values
        const bound = Math.min(capMs, baseMs * 2 ** (retry - 1))
        const waitMs = backoff({ baseMs, capMs, random: () => random })(retry)
        expect(waitMs).toBeGreaterThanOrEqual(bound * least)
        expect(waitMs).toBeLessThanOrEqual(bound * most + 1e-9)
      },
    ),
  )
})

describe('a timeout', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('reports whether a promise settles in time, and leaves no timer behind', async () => {
    expect(await isDoneWithin(10, Promise.resolve())).toBe(true)
    await expect(isDoneWithin(10, Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    const never = isDoneWithin(10, new Promise(() => {}))
    await vi.advanceTimersByTimeAsync(10)
    expect(await never).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('drops a late result', async () => {
    const late = vi.fn((input: string) => new Error(`${input} is late`))
    const { promise, resolve } = withResolvers()
    const slow = Promise.resolve(inTime(10, () => promise, 'order 7', late))
    const [outcome] = await Promise.all([slow.catch((error: Error) => error.message), vi.advanceTimersByTimeAsync(20)])
    expect(outcome).toBe('order 7 is late')
    resolve()
    await expect(slow).rejects.toThrow('order 7 is late')
    expect(late).toHaveBeenCalledTimes(1)
  })

  it('returns a result in time, also a synchronous one, without creating the error', async () => {
    const late = vi.fn(() => new Error('late'))
    expect(await inTime(10, (n: number) => n + 1, 1, late)).toBe(2)
    const throwing = (): never => {
      throw new Error('thrown at once')
    }
    await expect(inTime(10, throwing, undefined, late)).rejects.toThrow('thrown at once')
    await vi.advanceTimersByTimeAsync(20)
    expect(late).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('accepts a response that arrived while the process was busy', async () => {
  const response = new Promise<number>((resolve) => setImmediate(resolve, 7)) // as from a socket: after the timers
  const end = performance.now() + 30
  const read = readInTime(10, response)
  while (performance.now() < end); // busy
  expect(await read).toBe(7)
  await expect(readInTime(1, new Promise(() => {}))).rejects.toThrow('no response within 1 ms')
})
