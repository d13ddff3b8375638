import { describeValue } from '../schema/describeValue.ts'
import { longestTimerMs } from '../time/longestTimer.ts'

/** Returns what is wrong with the `timeoutMs` of an operation or a job. */
export function timeoutProblem(timeoutMs: number | undefined): string | undefined {
  if (timeoutMs === undefined) return undefined
  if (typeof timeoutMs !== 'number') {
    return `timeoutMs must be a positive number of milliseconds, got ${describeValue(timeoutMs)}`
  }
  if (timeoutMs > 0 && timeoutMs <= longestTimerMs) return undefined
  if (timeoutMs > longestTimerMs) {
    return `timeoutMs must be at most ${longestTimerMs} milliseconds, the longest wait of a timer, got ${timeoutMs}`
  }
  return `timeoutMs must be a positive number of milliseconds, got ${timeoutMs}`
}
