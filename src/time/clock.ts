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
