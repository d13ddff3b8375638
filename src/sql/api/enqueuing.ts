import type { ContractEvent, PayloadOf } from '../../contract/event.ts'
import type { EnqueueArguments, Enqueued, Job } from '../../contract/job.ts'

/** What puts jobs and events into a database. */
export interface Enqueuing {
  /**
   * Has a job run: in a transaction, once that commits. Resolves to its id, and to whether it was new.
   *
   * @throws {TypeError} when the input breaks its schema, naming the field; nothing is stored then
   *
   * @example await tx.enqueue(orderJobs.sendReceipt, { order_id: 7 }, { delayMs: 5_000, unique: 'receipt-7' })
   */
  enqueue<One extends Job>(job: One, ...rest: EnqueueArguments<One>): Promise<Enqueued>
  /**
   * Tells other services that something has happened: in a transaction, once that commits.
   *
   * @throws {TypeError} when the payload breaks its schema, naming the field; nothing is stored then
   *
   * @example await tx.publish(orderService.events.orderPlaced, { order_id: 7 })
   */
  publish<Event extends ContractEvent>(event: Event, payload: PayloadOf<Event>): Promise<void>
  /**
   * Takes back a job. When it runs, its signal aborts, and what it has done in the database is rolled back. False: there is
   * none with this id, perhaps it is done.
   */
  cancelJob(id: number): Promise<boolean>
}
