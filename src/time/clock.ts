import { setTimeout as timeout } from 'node:timers/promises'

/** The time, and waiting for it: the machine's, or a test's. */
export interface Clock {
  /** Milliseconds, which only ever grow. */
  now(): number
  /** Resolves after this many milliseconds, or as soon as the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => timeout(ms, undefined, signal && { signal }).catch(() => {}),
}

/**
 * Runs something that is given up after `timeoutMs` milliseconds, or when `outer` aborts: its signal aborts then.
 *
 * Rejects when the time is over, whether or not the work minds its signal.
 */
export async function within<T>(
  clock: Clock,
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
  outer?: AbortSignal,
): Promise<T> {
  const work = new AbortController()
  const timer = new AbortController()
  const giveUp = (): void => work.abort(outer?.reason)
  if (outer?.aborted) giveUp()
  outer?.addEventListener('abort', giveUp, { once: true })
  void clock.wait(timeoutMs, timer.signal).then(() => {
    if (!timer.signal.aborted) work.abort(new Error(`no answer within ${Math.round(timeoutMs)} ms`))
  })
  try {
    return await Promise.race([run(work.signal), aborted(work.signal)])
  } finally {
    timer.abort()
    outer?.removeEventListener('abort', giveUp)
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void => reject(signal.reason as Error)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}
