import type { ContractEvent, PublishedOf } from '../../contract/event.ts'
import type { EnqueueArguments, Enqueued, Job } from '../../contract/job.ts'

/** Enqueues jobs and publishes events in a database. */
export interface Enqueuing {
  /**
   * Enqueues a job; in a transaction it runs only after the commit. Resolves to its ID and whether it is new.
   *
   * @throws {TypeError} naming the field of the input that breaks its schema; nothing is stored then
   *
   * @example await tx.enqueue(orderJobs.sendReceipt, { order_id: 7 }, { delayMs: 5_000, unique: 'receipt-7' })
   */
  enqueue<One extends Job>(job: One, ...rest: EnqueueArguments<One>): Promise<Enqueued>
  /**
   * Publishes an event to other services; in a transaction only after the commit.
   *
   * @throws {TypeError} naming the field of the payload that breaks its schema; nothing is stored then
   *
   * @example await tx.publish(orderService.events.orderPlaced, { order_id: 7 })
   */
  publish<Event extends ContractEvent>(event: Event, payload: PublishedOf<Event>): Promise<void>
  /**
   * Cancels a job. If it is running, its signal aborts and its changes in the database are rolled back. Resolves to false
   * if no such job waits or runs.
   */
  cancelJob(id: number): Promise<boolean>
}
