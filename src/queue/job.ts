/** A job that this process has claimed. */
export interface ClaimedJob {
  readonly id: number
  readonly name: string
  /** JSON. */
  readonly input: string
  /** From 1. With the worker's number it is the fence: a worker that has lost the job can no longer end it. */
  readonly attempt: number
  readonly key: string | null
  /** W3C `traceparent` of the request that enqueued it. */
  readonly trace: string | null
  /** When it was enqueued and when it was due, in milliseconds since 1970. */
  readonly createdAt: number
  readonly dueAt: number
}

/** Which attempt of which job. */
export type AttemptOf = Pick<ClaimedJob, 'id' | 'attempt'>
