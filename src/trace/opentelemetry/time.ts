import type { HrTime, TimeInput } from '@opentelemetry/api'

/** Converts a time of the API (epoch, `performance.now()`, seconds and nanoseconds) to `performance.now()`'s clock. */
export function monotonic(time: TimeInput | undefined): number {
  if (time === undefined) return performance.now()
  if (Array.isArray(time)) return time[0] * 1000 + time[1] / 1e6 - performance.timeOrigin
  const ms = Number(time)
  // A number below the start of the process in epoch milliseconds can only be relative to that start.
  return ms < performance.timeOrigin ? ms : ms - performance.timeOrigin
}

/** Converts a time of `performance.now()` to seconds and nanoseconds since 1970. */
export function hrTime(at: number): HrTime {
  const ms = at + performance.timeOrigin
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
