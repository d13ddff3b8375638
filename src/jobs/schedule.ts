import { Cron } from 'croner'
import type { Job } from '../contract/job.ts'
import { nearestName } from '../schema/validator/nearestName.ts'

/** The times at which a job runs. */
export interface Schedule {
  /** Returns the next time after this one, or undefined if there is none. The precision is one second of the local time. */
  next(after: Date): Date | undefined
}

/** The time zone of a schedule that names none. */
const usualZone = 'UTC'

/** Returns the schedule of a job as it is stored: the pattern and the time zone. */
export function patternOf({ schedule, timeZone = usualZone }: Job): string {
  return `${schedule} ${timeZone}`
}

/** Returns the next runs of a stored pattern; none when another release has stored what this one cannot read. */
export function runsOf(pattern: string, after: Date, count: number): Date[] {
  const [schedule, timezone] = [pattern.slice(0, pattern.lastIndexOf(' ')), pattern.slice(pattern.lastIndexOf(' ') + 1)]
  try {
    return new Cron(schedule, { timezone, paused: true }).nextRuns(count, after)
  } catch {
    return []
  }
}

/** Parses the schedule of a job: a cron pattern of five fields, or six with seconds. */
export function scheduleOf({ schedule, timeZone = usualZone }: Job): Schedule {
  const cron = new Cron(schedule!, { timezone: timeZone, paused: true })
  return { next: (after) => cron.nextRun(after) ?? undefined }
}

/** Returns what is wrong with the schedule of a job and what is expected; undefined when it is valid. */
export function scheduleProblem(job: Job): string | undefined {
  const { schedule, timeZone } = job
  if (schedule === undefined) return undefined
  if (timeZone !== undefined && !isZone(timeZone)) {
    const nearest = nearestName(timeZone, Intl.supportedValuesOf('timeZone'))
    return `timeZone "${timeZone}" is unknown, expected one like ${nearest ?? 'Europe/Berlin'}`
  }
  try {
    return scheduleOf(job).next(new Date())
      ? undefined
      : `schedule "${schedule}" never comes, expected one like "30 2 * * *"`
  } catch (error) {
    const { message } = error as Error
    const reason = / parts/.test(message)
      ? 'it has five fields, or six with seconds'
      : message.replace(/^CronPattern: /, '')
    return `schedule "${schedule}" is not a cron pattern, expected minute, hour, day, month and weekday like "30 2 * * *": ${reason}`
  }
}

function isZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone }).format(0)
    return true
  } catch {
    return false
  }
}
