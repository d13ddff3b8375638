import type { Job, JobInputOf, Jobs } from '../../contract/job.ts'
import type { Callees } from '../parts/calls.ts'
import type { WorkContext } from '../request/context.ts'

/**
 * What the handler of a job gets: its checked input, and everything that a handler of an operation has besides the request.
 *
 * @example
 * type Receipt = JobContext<typeof orderJobs.sendReceipt, { mails: typeof mailService }>
 *
 * async function sendReceipt({ input, clients, idempotencyKey }: Receipt): Promise<void> {
 *   await clients.mails.send({ body: { order_id: input.order_id } }, { idempotencyKey })
 * }
 */
export interface JobContext<One extends Job = Job, Others extends Callees = {}> extends WorkContext<Others> {
  readonly input: JobInputOf<One>
  /** The id that `db.enqueue` has given. */
  readonly id: number
  /** From 1. */
  readonly attempt: number
  /** When it was due; of one with a schedule, the time that it runs for. */
  readonly due: Date
  /** Names this job, the same at each attempt. Give it to what can do something once for a key. */
  readonly idempotencyKey: string
}

/** One function for each job. */
export type JobHandlers<JobMap extends Jobs, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof JobMap]: (context: JobContext<JobMap[Name], Others> & Own) => unknown
}
