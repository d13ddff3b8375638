import type { ContractEvent } from '../../contract/event.ts'
import type { Enqueued, EnqueueOptions, Job } from '../../contract/job.ts'
import type { Sql } from './statements.ts'

/** Stores what a service enqueues in its database. */
export interface Outlet {
  enqueue(to: OutletTarget, job: Job, input: unknown, options: EnqueueOptions | undefined): Promise<Enqueued>
  publish(to: OutletTarget, event: ContractEvent, payload: unknown): Promise<void>
  cancelJob(sql: Sql, id: number): Promise<boolean>
}

/** A transaction, or a database whose statements each commit at once. */
export interface OutletTarget {
  readonly sql: Sql
  /** W3C `traceparent` of what it is done for. */
  readonly trace: string | null
  /** Calls `fn` when what was stored is committed. */
  afterCommit(fn: () => void): void
}
