import type { ContractEvent } from '../../contract/event.ts'
import type { Enqueued, EnqueueOptions, Job } from '../../contract/job.ts'
import type { Sql } from './statements.ts'

/** Stores the jobs and events of a service in its database. */
export interface Outlet {
  enqueue(to: OutletTarget, job: Job, input: unknown, options: EnqueueOptions | undefined): Promise<Enqueued>
  publish(to: OutletTarget, event: ContractEvent, payload: unknown): Promise<void>
  cancelJob(sql: Sql, id: number): Promise<boolean>
}

/** A transaction, or a database whose statements commit one by one. */
export interface OutletTarget {
  readonly sql: Sql
  /** W3C `traceparent` of the request that enqueues. */
  readonly trace: string | null
  /** Calls `fn` once the stored jobs and events are committed. */
  afterCommit(fn: () => void): void
}
