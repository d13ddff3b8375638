/** A job that this process has claimed. */
export interface ClaimedJob {
  readonly id: number
  readonly name: string
  /** JSON. */
  readonly input: string
  /** Counts from 1. Together with the worker's number it fences off workers that have lost the job. */
  readonly attempt: number
  readonly key: string | null
  /** W3C `traceparent` of the request that enqueued it. */
  readonly trace: string | null
  /** When the job was enqueued and when it was due, in milliseconds since 1970. */
  readonly createdAt: number
  readonly dueAt: number
}

/** Identifies an attempt. */
export type AttemptOf = Pick<ClaimedJob, 'id' | 'attempt'>
