import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { addedJitter, equalJitter, fullJitter } from '../../src/time/backoff.ts'
import { systemClock } from '../../src/time/clock.ts'
import { Deadline, shorter } from '../../src/time/deadline.ts'
import { inTime, isDoneWithin, readInTime, within } from '../../src/time/timeout.ts'
import { VirtualClock } from '../discovery/virtualClock.ts'
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

  // Another file of this worker may leave work that sets a timer: it cannot run as long as a test awaits nothing but promises.
  const timersAfter = (ms: number): number => {
    vi.advanceTimersByTime(ms)
    return vi.getTimerCount()
  }

  it('reports whether a promise settles in time, and leaves no timer behind', async () => {
    vi.clearAllTimers()
    expect(await isDoneWithin(10, Promise.resolve())).toBe(true)
    await expect(isDoneWithin(10, Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    const never = isDoneWithin(10, new Promise(() => {}))
    expect(timersAfter(10)).toBe(0)
    expect(await never).toBe(false)
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
    vi.clearAllTimers()
    const late = vi.fn(() => new Error('late'))
    expect(await inTime(10, (n: number) => n + 1, 1, late)).toBe(2)
    const throwing = (): never => {
      throw new Error('thrown at once')
    }
    await expect(inTime(10, throwing, undefined, late)).rejects.toThrow('thrown at once')
    expect(timersAfter(20)).toBe(0)
    expect(late).not.toHaveBeenCalled()
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

describe('work within a time', () => {
  const ignoring = (): Promise<never> => new Promise(() => {})
  const obeying = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))

  it('ends by its result: its signal does not abort later, and nothing waits on', async () => {
    const clock = new VirtualClock()
    let given: AbortSignal | undefined
    const run = (signal: AbortSignal): Promise<number> => {
      given = signal
      return Promise.resolve(7)
    }
    expect(await within(clock, 5, run)).toBe(7)
    expect(clock.waiting).toBe(0)
    await clock.advance(10)
    expect(given?.aborted).toBe(false)
  })

  it.each([
    ['obeys', obeying],
    ['ignores', ignoring],
  ])('ends after its time or with its caller, also when it %s its signal', async (_, run) => {
    const clock = new VirtualClock()
    const late = within(clock, 1.4, run)
    await Promise.all([expect(late).rejects.toThrow('no response within 1 ms'), clock.advance(1.4)])
    const caller = new AbortController()
    const left = within(clock, 60_000, run, caller.signal)
    caller.abort(new Error('the caller left'))
    await expect(left).rejects.toThrow('the caller left')
    await expect(within(clock, 60_000, run, caller.signal)).rejects.toThrow('the caller left')
    expect(clock.waiting).toBe(0)
  })

  it('runs by the system clock', async () => {
    await expect(within(systemClock, 1, ignoring)).rejects.toThrow('no response within 1 ms')
    expect(await within(systemClock, 60_000, () => Promise.resolve(7))).toBe(7)
  })
})

it('knows what is left until a deadline', () => {
  const deadline = Deadline.in(100, 1000)
  expect([1000, 1099, 1100, 1200].map((now) => deadline.remainingMs(now))).toEqual([100, 1, 0, 0])
  expect([1099, 1100].map((now) => deadline.isPast(now))).toEqual([false, true])
  expect([shorter(undefined, 3), shorter(2, undefined), shorter(2, 3), shorter(undefined, undefined)]).toEqual([
    3,
    2,
    2,
    undefined,
  ])
})
