import type { HrTime, TimeInput } from '@opentelemetry/api'

/** A moment as the API tells it (epoch, `performance.now()`, seconds and nanoseconds) as `performance.now()` counts. */
export function monotonic(time: TimeInput | undefined): number {
  if (time === undefined) return performance.now()
  if (Array.isArray(time)) return time[0] * 1000 + time[1] / 1e6 - performance.timeOrigin
  const ms = Number(time)
  // What is less than the start of the process in epoch milliseconds can only be counted from that start.
  return ms < performance.timeOrigin ? ms : ms - performance.timeOrigin
}

/** A moment as `performance.now()` counts, in seconds and nanoseconds since 1970. */
export function hrTime(at: number): HrTime {
  const ms = at + performance.timeOrigin
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)]
}
