import { setTimeout as timeout } from 'node:timers/promises'

/** A clock that tells the time and waits: the system's or a test's. */
export interface Clock {
  /** Returns monotonic milliseconds. */
  now(): number
  /** Resolves after this many milliseconds, or as soon as the signal aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
}

/** The system clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => timeout(ms, undefined, signal && { signal }).catch(() => {}),
}
