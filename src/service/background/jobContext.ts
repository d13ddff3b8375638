import type { Job, JobInputOf, Jobs } from '../../contract/job.ts'
import type { Callees } from '../parts/calls.ts'
import type { WorkContext } from '../request/context.ts'

/**
 * The context of a job handler: the checked input, and all that the context of an operation has except the request.
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
  /** The ID that `db.enqueue` returned. */
  readonly id: number
  /** From 1. */
  readonly attempt: number
  /** When the job was due. For a scheduled job: the time of the schedule. */
  readonly due: Date
  /** Key of this job, the same at each attempt. Pass it to calls that are idempotent by key. */
  readonly idempotencyKey: string
}

/** One function for each job. */
export type JobHandlers<JobMap extends Jobs, Others extends Callees, Own = unknown> = {
  readonly [Name in keyof JobMap]: (context: JobContext<JobMap[Name], Others> & Own) => unknown
}
