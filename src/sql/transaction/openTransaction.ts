import type { Transaction, TransactionLimits } from '../api.ts'
import { type BatchTag, batchTag, rowsOf } from '../statement/bulk.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { type Drizzle, drizzleOver } from '../statement/drizzle.ts'
import type { Limit } from '../statement/limit.ts'
import { assertChannel } from '../pool/listener.ts'
import { notInside, wouldStay } from '../text/misplaced.ts'
import { Narrowed, type Narrowable } from './narrowed.ts'
import { notePlace } from '../errors/place.ts'
import { type Bound, preparedOf } from '../text/prepared.ts'
import { scriptRemains } from '../text/remains.ts'
import { innermost, within } from './savepoints.ts'
import type { Manner, Scope, Shape } from '../statement/scope.ts'
import * as shapes from '../statement/shapes.ts'
import { Statement } from '../statement/statement.ts'
import { Tags } from '../statement/tags.ts'
import type { Connection } from '../connection/connection.ts'
import { simple } from '../connection/simple.ts'

/** A transaction, or a savepoint in one, while its function runs. */
export class OpenTransaction extends Tags implements Transaction, Narrowable {
  readonly #connection: Connection
  readonly #limit: Limit
  readonly #parent: OpenTransaction | undefined
  readonly #depth: number
  #hasEnded = false
  // Until its first statement: what began it.
  #begin: string | undefined
  #lastSavepoint: Promise<unknown> = Promise.resolve()

  constructor(connection: Connection, limit: Limit, begin: string | undefined, parent?: OpenTransaction) {
    super()
    this.#begin = begin
    this.#connection = connection
    this.#limit = limit
    this.#parent = parent
    this.#depth = parent ? parent.#depth + 1 : 0
  }

  override run<T>(statement: Bound, shape: Shape, manner?: Manner): Promise<T> {
    return new Promise((resolve) => {
      this.assertOpen()
      const misplaced = statement.prepared.session ? notInside(statement.prepared) : undefined
      if (misplaced) throw misplaced
      const sent = new Statement(statement, shape, this.#limit, undefined, resolve, manner)
      sent.begin = this.#begin
      this.#begin = undefined
      this.#connection.send(sent)
    })
  }

  stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    // oxlint-disable-next-line typescript/unbound-method -- it is only looked for on the stack
    notePlace(strings, this.stream)
    return rowsOf<Row>(this, this.#connection, this.#limit, strings, values)
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return batchTag(this, rows)
  }

  async script(text: string): Promise<void> {
    this.assertOpen()
    this.#begin = undefined
    const remains = scriptRemains(text)
    if (remains) throw wouldStay(remains)
    const limit = this.#limit
    try {
      await limit.race(simple(this.#connection, text))
    } finally {
      await cancelLate(limit, this.#connection)
    }
    if (!this.#connection.isIdle) return
    this.end()
    throw new DatabaseError('25000', 'the script has ended the transaction')
  }

  async notify(channel: string, payload = ''): Promise<void> {
    assertChannel(channel)
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  with(limits: TransactionLimits): Transaction {
    return new Narrowed(this, limits)
  }

  narrow(limits: TransactionLimits): { readonly tx: OpenTransaction; readonly leave: () => void } {
    const limit = this.#limit.within(limits)
    const begin = this.#begin
    this.#begin = undefined
    return { tx: new OpenTransaction(this.#connection, limit, begin, this), leave: () => limit.leave() }
  }

  /**
   * A savepoint. Those of one transaction run one after the other: PostgreSQL nests them. One that is asked for by the
   * function of another one is in that, whichever handle it asks: else the two would wait for each other.
   */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.savepoint(fn)
  }

  async savepoint<T>(fn: (tx: Transaction) => Promise<T>, limits?: TransactionLimits): Promise<T> {
    this.assertOpen()
    const at = innermost(this)
    if (at !== this) return at.savepoint(fn, limits)
    const limit = limits ? this.#limit.within(limits) : this.#limit
    const result = this.#lastSavepoint.then(() => this.#savepoint(fn, limit))
    this.#lastSavepoint = result.catch(() => {})
    try {
      return await result
    } finally {
      if (limits) limit.leave()
    }
  }

  get parent(): OpenTransaction | undefined {
    return this.#parent
  }

  /** From now on neither it nor a savepoint in it may be used: the connection will be somebody else's. */
  end(): void {
    this.#hasEnded = true
  }

  get isOpen(): boolean {
    return !this.#hasEnded && !this.#limit.isOver && (this.#parent?.isOpen ?? true)
  }

  assertOpen(): void {
    if (this.isOpen) return
    throw this.#limit.isOver ? this.#limit.reason : new DatabaseError('25000', 'the transaction is over')
  }

  async #savepoint<T>(fn: (tx: Transaction) => Promise<T>, limit: Limit): Promise<T> {
    this.#begin = undefined
    const inner = new OpenTransaction(this.#connection, limit, undefined, this)
    await this.#control(`SAVEPOINT s${inner.#depth}`)
    try {
      const result = await limit.race(within(inner, () => fn(inner)))
      if (limit.isOver) throw limit.reason
      inner.end()
      await this.#control(`RELEASE SAVEPOINT s${inner.#depth}`)
      return result
    } catch (error) {
      inner.end()
      // Before anything else is sent, which that would hit.
      await cancelLate(limit, this.#connection)
      if (this.isOpen) await this.#control(`ROLLBACK TO SAVEPOINT s${inner.#depth}`)
      throw error
    }
  }

  async #control(text: string): Promise<void> {
    this.assertOpen()
    await control(this.#connection, this.#limit, text)
  }
}

/** Has what still runs cancelled when the time for it is over. */
async function cancelLate(limit: Limit, connection: Connection): Promise<void> {
  if (limit.isOver && connection.inFlight > 0) connection.cancel()
  await connection.cancelling
}

/** Runs BEGIN and its like, whether or not the time is over. Gives the first byte of the command tag. */
export function control(connection: Connection, { observer, request }: Scope, text: string): Promise<number> {
  const scope: Scope = { observer, request, isUnlimited: true }
  return new Promise((resolve) => {
    const statement: Bound = { prepared: preparedOf(text), values: [] }
    connection.send(new Statement(statement, shapes.tag, scope, undefined, resolve))
  })
}
