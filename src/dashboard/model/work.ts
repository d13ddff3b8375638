/** What services do besides requests: jobs, subscriptions, schedules and events. */

/** The work of a service. */
export interface ServiceWork {
  readonly service: string
  /** Why its database cannot be read. */
  readonly problem?: string
  readonly queues: readonly QueueRow[]
  readonly subscriptions: readonly SubscriptionRow[]
  readonly schedules: readonly ScheduleRow[]
}

/** The jobs of a name. */
export interface QueueRow {
  readonly name: string
  readonly waiting: number
  readonly running: number
  readonly dead: number
  /** Seconds since the oldest waiting job was due; null when none is. */
  readonly oldestSeconds: number | null
}

/** A subscription and how far it is. */
export interface SubscriptionRow {
  readonly name: string
  /** What it subscribes to; undefined when the service no longer declares it. */
  readonly publisher?: string
  readonly event?: string
  /** Its position in the log of its publisher; empty before it has begun. */
  readonly position: string
  readonly hasBegun: boolean
  /** When it last took events, or moved on without any. */
  readonly readAt: string
  /** The process that reads for it. */
  readonly reader: string | null
  /** Events that it has not read, and the age of the oldest in milliseconds; undefined when that is not known. */
  readonly lag?: { readonly events: number; readonly ageMs: number | null }
}

/** A job with a schedule. */
export interface ScheduleRow {
  readonly name: string
  /** The cron pattern and the time zone. */
  readonly pattern: string
  /** The next runs, in milliseconds since 1970. */
  readonly next: readonly number[]
}

/** The state of a job. */
export type JobState = 'waiting' | 'running' | 'dead'
export const jobStates: readonly JobState[] = ['waiting', 'running', 'dead']

/** A job. */
export interface JobRow {
  readonly service: string
  readonly id: number
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  /** When it is due or, if it is dead, when it died. */
  readonly at: string
  /** JSON. */
  readonly input: string
  readonly key: string | null
  readonly createdAt: string
  /** The trace of the request that enqueued it. */
  readonly traceId?: string
  /** The error of the last attempt. */
  readonly error?: { readonly name: string; readonly message: string; readonly stack?: string }
}

/** A published event. */
export interface EventRow {
  readonly service: string
  readonly id: number
  readonly name: string
  readonly key: string | null
  readonly publishedAt: string
  /** JSON. */
  readonly payload: string
  readonly traceId?: string
}
