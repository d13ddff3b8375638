import { checkLimits } from '../optionRules.ts'
import type { ContractEvent, PublishedOf } from '../../contract/event.ts'
import type { EnqueueArguments, Enqueued, Job } from '../../contract/job.ts'
import { batchTag } from '../statement/bulk.ts'
import { drizzleOver } from '../statement/drizzle.ts'
import type { BoundStatement } from '../text/prepared.ts'
import type { Execution } from '../statement/execution.ts'
import type { ResultMapper } from '../statement/resultMapper.ts'
import { Tags } from '../statement/tags.ts'
import type { Transaction, TransactionLimits } from '../api/transaction.ts'
import type { BatchTag } from '../api/statements.ts'
import type { Drizzle } from '../api/drizzle.ts'

/** A transaction that can be limited further. */
export interface Narrowable extends Transaction {
  /** Returns a handle with its own deadline; call `leave` after use. */
  narrow(limits: TransactionLimits): { readonly tx: Transaction & Tags; readonly leave: () => void }
  savepoint<T>(fn: (tx: Transaction) => Promise<T>, limits: TransactionLimits): Promise<T>
}

/** A transaction in which each statement and savepoint has its own deadline. */
export class Narrowed extends Tags implements Transaction {
  readonly #tx: Narrowable
  readonly #limits: TransactionLimits

  constructor(tx: Narrowable, limits: TransactionLimits) {
    super()
    this.#tx = tx
    this.#limits = limits
  }

  override run<T>(statement: BoundStatement, mapper: ResultMapper, execution?: Execution): Promise<T> {
    return this.#within((tx) => tx.run(statement, mapper, execution))
  }

  async *stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    const { tx, leave } = this.#tx.narrow(this.#limits)
    try {
      yield* tx.stream<Row>(strings, ...values)
    } finally {
      leave()
    }
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return batchTag(this, rows)
  }

  script(text: string): Promise<void> {
    return this.#within((tx) => tx.script(text))
  }

  notify(channel: string, payload?: string): Promise<void> {
    return this.#within((tx) => tx.notify(channel, payload))
  }

  enqueue<One extends Job>(job: One, ...rest: EnqueueArguments<One>): Promise<Enqueued> {
    return this.#within((tx) => tx.enqueue(job, ...rest))
  }

  publish<Event extends ContractEvent>(event: Event, payload: PublishedOf<Event>): Promise<void> {
    return this.#within((tx) => tx.publish(event, payload))
  }

  cancelJob(id: number): Promise<boolean> {
    return this.#within((tx) => tx.cancelJob(id))
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  with(limits: TransactionLimits): Transaction {
    checkLimits('with', limits)
    return new Narrowed(this.#tx, { ...this.#limits, ...limits })
  }

  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.#tx.savepoint(fn, this.#limits)
  }

  async #within<T>(fn: (tx: Transaction & Tags) => Promise<T>): Promise<T> {
    const { tx, leave } = this.#tx.narrow(this.#limits)
    try {
      return await fn(tx)
    } finally {
      leave()
    }
  }
}
