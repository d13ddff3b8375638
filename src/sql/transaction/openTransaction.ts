import { checkLimits } from '../optionRules.ts'
import type { ContractEvent, PublishedOf } from '../../contract/event.ts'
import type { EnqueueArguments, Enqueued, Job } from '../../contract/job.ts'
import { batchTag, rowsOf } from '../statement/bulk.ts'
import { noOutlet } from '../statement/noOutlet.ts'
import { traceOf } from '../statement/traceOf.ts'
import type { Outlet, OutletTarget } from '../api/outlet.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { drizzleOver } from '../statement/drizzle.ts'
import type { Deadline } from '../statement/deadline.ts'
import { assertChannel } from '../pool/listener.ts'
import { notInside, wouldStay } from '../text/misplaced.ts'
import { Narrowed, type Narrowable } from './narrowed.ts'
import { notePlace } from '../errors/place.ts'
import { type BoundStatement, preparedOf } from '../text/prepared.ts'
import { scriptRemains } from '../text/remains.ts'
import { innermost, within } from './savepoints.ts'
import type { StatementContext } from '../statement/context.ts'
import type { Execution } from '../statement/execution.ts'
import type { ResultMapper } from '../statement/resultMapper.ts'
import * as mappers from '../statement/resultMapper.ts'
import { Statement } from '../statement/statement.ts'
import { Tags } from '../statement/tags.ts'
import type { Connection } from '../connection/connection.ts'
import { simple } from '../connection/simple.ts'
import type { Transaction, TransactionLimits } from '../api/transaction.ts'
import type { BatchTag } from '../api/statements.ts'
import type { Drizzle } from '../api/drizzle.ts'

/** A transaction or a savepoint while its function runs. */
export class OpenTransaction extends Tags implements Transaction, Narrowable {
  readonly #connection: Connection
  readonly #deadline: Deadline
  readonly #parent: OpenTransaction | undefined
  readonly #depth: number
  #hasEnded = false
  // The text that began it, until its first statement.
  #begin: string | undefined
  #committed: (() => void)[] | undefined
  #lastSavepoint: Promise<unknown> = Promise.resolve()

  constructor(connection: Connection, deadline: Deadline, begin: string | undefined, parent?: OpenTransaction) {
    super()
    this.#begin = begin
    this.#connection = connection
    this.#deadline = deadline
    this.#parent = parent
    this.#depth = parent ? parent.#depth + 1 : 0
  }

  override run<T>(statement: BoundStatement, mapper: ResultMapper, execution?: Execution): Promise<T> {
    return new Promise((resolve) => {
      this.assertOpen()
      const misplaced = statement.prepared.session ? notInside(statement.prepared) : undefined
      if (misplaced) throw misplaced
      const sent = new Statement(statement, mapper, this.#deadline, undefined, resolve, execution)
      sent.begin = this.#begin
      this.#begin = undefined
      this.#connection.send(sent)
    })
  }

  stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    // oxlint-disable-next-line typescript/unbound-method -- it is only looked for on the stack
    notePlace(strings, this.stream)
    return rowsOf<Row>(this, this.#connection, this.#deadline, strings, values)
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return batchTag(this, rows)
  }

  async script(text: string): Promise<void> {
    this.assertOpen()
    this.#begin = undefined
    const remains = scriptRemains(text)
    if (remains) throw wouldStay(remains)
    const deadline = this.#deadline
    try {
      await deadline.race(simple(this.#connection, text))
    } finally {
      await cancelLate(deadline, this.#connection)
    }
    if (!this.#connection.isIdle) return
    this.end()
    throw new DatabaseError('25000', 'the script has ended the transaction: remove its COMMIT or ROLLBACK')
  }

  async notify(channel: string, payload = ''): Promise<void> {
    assertChannel(channel)
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  async enqueue<One extends Job>(job: One, ...[input, options]: EnqueueArguments<One>): Promise<Enqueued> {
    return this.#outlet.enqueue(this.#target, job, input, options)
  }

  async publish<Event extends ContractEvent>(event: Event, payload: PublishedOf<Event>): Promise<void> {
    return this.#outlet.publish(this.#target, event, payload)
  }

  async cancelJob(id: number): Promise<boolean> {
    return this.#outlet.cancelJob(this, id)
  }

  get #outlet(): Outlet {
    const { outlet } = this.#deadline
    if (!outlet) throw noOutlet()
    return outlet
  }

  get #target(): OutletTarget {
    const trace = traceOf(this.#deadline.request)
    return { sql: this, trace, afterCommit: (fn) => this.#outermost.#afterCommit(fn) }
  }

  /** Calls the callbacks that wait for the commit. */
  runAfterCommit(): void {
    for (const fn of this.#committed ?? []) fn()
  }

  #afterCommit(fn: () => void): void {
    const committed = (this.#committed ??= [])
    committed.push(fn)
  }

  get #outermost(): OpenTransaction {
    return this.#parent ? this.#parent.#outermost : this
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  with(limits: TransactionLimits): Transaction {
    checkLimits('with', limits)
    return new Narrowed(this, limits)
  }

  narrow(limits: TransactionLimits): { readonly tx: OpenTransaction; readonly leave: () => void } {
    const deadline = this.#deadline.within(limits)
    const begin = this.#begin
    this.#begin = undefined
    return { tx: new OpenTransaction(this.#connection, deadline, begin, this), leave: () => deadline.leave() }
  }

  /**
   * Runs a savepoint. The savepoints of one transaction run one after the other, because PostgreSQL nests them. A savepoint
   * inside the function of another one is nested in that, whichever handle it uses: otherwise both would wait for each
   * other.
   */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.savepoint(fn)
  }

  async savepoint<T>(fn: (tx: Transaction) => Promise<T>, limits?: TransactionLimits): Promise<T> {
    this.assertOpen()
    const at = innermost(this)
    if (at !== this) return at.savepoint(fn, limits)
    const deadline = limits ? this.#deadline.within(limits) : this.#deadline
    const result = this.#lastSavepoint.then(() => this.#savepoint(fn, deadline))
    this.#lastSavepoint = result.catch(() => {})
    try {
      return await result
    } finally {
      if (limits) deadline.leave()
    }
  }

  get parent(): OpenTransaction | undefined {
    return this.#parent
  }

  /** Makes it and its savepoints unusable: the connection will have another user. */
  end(): void {
    this.#hasEnded = true
  }

  get isOpen(): boolean {
    return !this.#hasEnded && !this.#deadline.isOver && (this.#parent?.isOpen ?? true)
  }

  assertOpen(): void {
    if (this.isOpen) return
    throw this.#deadline.isOver ? this.#deadline.reason : new DatabaseError('25000', 'the transaction is over')
  }

  async #savepoint<T>(fn: (tx: Transaction) => Promise<T>, deadline: Deadline): Promise<T> {
    this.#begin = undefined
    const inner = new OpenTransaction(this.#connection, deadline, undefined, this)
    await this.#control(`SAVEPOINT s${inner.#depth}`)
    try {
      const result = await deadline.race(within(inner, () => fn(inner)))
      if (deadline.isOver) throw deadline.reason
      inner.end()
      await this.#control(`RELEASE SAVEPOINT s${inner.#depth}`)
      return result
    } catch (error) {
      inner.end()
      // Before the next statement, which the cancel could hit.
      await cancelLate(deadline, this.#connection)
      if (this.isOpen) await this.#control(`ROLLBACK TO SAVEPOINT s${inner.#depth}`)
      throw error
    }
  }

  async #control(text: string): Promise<void> {
    this.assertOpen()
    await control(this.#connection, this.#deadline, text)
  }
}

/** Cancels what still runs after the deadline. */
async function cancelLate(deadline: Deadline, connection: Connection): Promise<void> {
  if (deadline.isOver && connection.inFlight > 0) connection.cancel()
  await connection.cancelling
}

/** Runs BEGIN and similar commands, even after the deadline. Resolves to the first byte of the command tag. */
export function control(
  connection: Connection,
  { observer, request }: StatementContext,
  text: string,
): Promise<number> {
  const context: StatementContext = { observer, request, isUnlimited: true }
  return new Promise((resolve) => {
    const statement: BoundStatement = { prepared: preparedOf(text), values: [] }
    connection.send(new Statement(statement, mappers.tag, context, undefined, resolve))
  })
}
