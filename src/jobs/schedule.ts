import { Cron } from 'croner'
import type { Job } from '../contract/job.ts'
import { nearestName } from '../schema/validator/nearestName.ts'

/** When a job runs by itself. */
export interface Schedule {
  /** The first time after this one; undefined: there is none. Both are whole seconds of the time zone's wall clock. */
  next(after: Date): Date | undefined
}

/** Reads the schedule of a job: a cron pattern of five fields, or six with seconds. */
export function scheduleOf({ schedule, timeZone = 'UTC' }: Job): Schedule {
  const cron = new Cron(schedule!, { timezone: timeZone, paused: true })
  return { next: (after) => cron.nextRun(after) ?? undefined }
}

/** What is wrong with the schedule of a job, and what would be right; undefined when nothing is. */
export function scheduleProblem(job: Job): string | undefined {
  const { schedule, timeZone } = job
  if (schedule === undefined) return undefined
  if (timeZone !== undefined && !isZone(timeZone)) {
    const nearest = nearestName(timeZone, Intl.supportedValuesOf('timeZone'))
    return `timeZone "${timeZone}" is not known, expected one like ${nearest ?? 'Europe/Berlin'}`
  }
  try {
    return scheduleOf(job).next(new Date())
      ? undefined
      : `schedule "${schedule}" never comes, expected one like "30 2 * * *"`
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '')
    return `schedule "${schedule}" is no cron pattern, expected minute, hour, day, month and weekday like "30 2 * * *": ${reason}`
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
