import { checkTransactionOptions } from '../optionRules.ts'
import type { ContractEvent, PublishedOf } from '../../contract/event.ts'
import type { EnqueueArguments, Enqueued, Job } from '../../contract/job.ts'
import { batchTag } from '../statement/bulk.ts'
import { drizzleOver } from '../statement/drizzle.ts'
import { assertChannel } from '../pool/listener.ts'
import { notShared } from '../text/misplaced.ts'
import type { Piece } from './piece.ts'
import { bind, type BoundStatement } from '../text/prepared.ts'
import type { Execution } from '../statement/execution.ts'
import type { ResultMapper } from '../statement/resultMapper.ts'
import { Tags } from '../statement/tags.ts'
import type { Database, DatabaseShards, ListenOptions, Listening } from '../api/database.ts'
import type { BatchTag, StatementOptions } from '../api/statements.ts'
import type { Transaction, TransactionLimits, TransactionOptions } from '../api/transaction.ts'
import type { DatabaseStats } from '../api/stats.ts'
import type { Drizzle } from '../api/drizzle.ts'

/** A database of tricube, which has the tags. */
export type Runner = Database & Tags & Pick<StatementOptions, 'readOnly'>

/** What the statements of a view join. */
export interface Joined {
  readonly isOpen: boolean
  /** Resolves when the last commit is complete. */
  settled(): Promise<void>
  join<T>(
    options: TransactionOptions,
    limits: TransactionLimits,
    fn: (tx: Transaction, piece: Piece) => Promise<T>,
  ): Promise<T>
  transaction<T>(
    fn: (tx: Transaction) => Promise<T>,
    options: TransactionOptions,
    limits: TransactionLimits,
  ): Promise<T>
}

/** A database whose statements are part of a unit of work, except for reads before it has begun. */
export class UnitView extends Tags implements Database {
  readonly #unit: Joined
  readonly #base: Runner
  readonly #limits: TransactionLimits

  constructor(unit: Joined, base: Runner, limits: TransactionLimits) {
    super()
    this.#unit = unit
    this.#base = base
    this.#limits = limits
  }

  override async run<T>(statement: BoundStatement, mapper: ResultMapper, execution?: Execution): Promise<T> {
    if (statement.prepared.session) throw notShared(statement.prepared)
    if (!this.#joins(statement)) {
      await this.#unit.settled()
      return this.#base.run(statement, mapper, execution)
    }
    return this.#unit.join({}, this.#limits, (tx) => this.#inside(tx).run(statement, mapper, execution))
  }

  async *stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    await this.#unit.settled()
    if (this.#joins(bind(strings, values))) {
      const piece = await this.#unit.join({}, this.#limits, async (_, joined) => joined)
      yield* piece.stream((tx) => this.#inside(tx).stream<Row>(strings, ...values))
    } else {
      yield* this.#base.stream<Row>(strings, ...values)
    }
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return batchTag(this, rows)
  }

  script(text: string): Promise<void> {
    return this.#unit.join({}, this.#limits, (tx) => this.#inside(tx).script(text))
  }

  async notify(channel: string, payload = ''): Promise<void> {
    assertChannel(channel)
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  enqueue<One extends Job>(job: One, ...rest: EnqueueArguments<One>): Promise<Enqueued> {
    return this.#unit.join({}, this.#limits, (tx) => this.#inside(tx).enqueue(job, ...rest))
  }

  publish<Event extends ContractEvent>(event: Event, payload: PublishedOf<Event>): Promise<void> {
    return this.#unit.join({}, this.#limits, (tx) => this.#inside(tx).publish(event, payload))
  }

  cancelJob(id: number): Promise<boolean> {
    return this.#unit.join({}, this.#limits, (tx) => this.#inside(tx).cancelJob(id))
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    checkTransactionOptions('transaction', options)
    if ((options.readOnly ?? this.#base.readOnly) && !this.#unit.isOpen) {
      await this.#unit.settled()
      return this.#base.transaction(fn, options)
    }
    return this.#unit.transaction(fn, options, this.#limits)
  }

  with(options: StatementOptions): Database {
    return new UnitView(this.#unit, this.#base.with(options) as Runner, { ...this.#limits, ...limitsOf(options) })
  }

  get primary(): Database {
    return new UnitView(this.#unit, this.#base.primary as Runner, this.#limits)
  }

  forRequest(): Database {
    return this
  }

  shard(name: string): Database {
    return this.#base.shard(name)
  }

  get shards(): DatabaseShards {
    return this.#base.shards
  }

  listen(channel: string, fn: (payload: string) => void, options?: ListenOptions): Promise<Listening> {
    return this.#base.listen(channel, fn, options)
  }

  stats(): DatabaseStats {
    return this.#base.stats()
  }

  ping(timeoutMs?: number): Promise<void> {
    return this.#base.ping(timeoutMs)
  }

  close(): Promise<void> {
    return this.#base.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #joins({ prepared }: BoundStatement): boolean {
    return this.#unit.isOpen || !(this.#base.readOnly ?? prepared.reads)
  }

  #inside(tx: Transaction): Transaction & Tags {
    const { signal, timeoutMs } = this.#limits
    return (signal || timeoutMs !== undefined ? tx.with(this.#limits) : tx) as Transaction & Tags
  }
}

function limitsOf({ signal, timeoutMs }: StatementOptions): TransactionLimits {
  return { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) }
}
