import { performance } from 'node:perf_hooks' // the global one is a getter, a fifth of the price of the time
import { DatabaseError } from './databaseError.ts'
import { Description, prepare } from './description.ts'
import { encodeAll } from './encode.ts'
import type { Bound, Prepared } from './prepared.ts'
import { type Manner, once, type Scope, type Shape } from './scope.ts'
import { needsType } from './types.ts'
import type { Connection } from './wire/connection.ts'
import type { DecoderOf, RowDecoder } from './wire/decoder.ts'
import { Exchange } from './wire/exchange.ts'
import type { Column } from './wire/input.ts'
import type { Encoded } from './wire/output.ts'
import type { PreparedStatement } from './wire/statementCache.ts'

/** What sends a statement on its way, and again when its connection was lost and it only reads. */
export interface Route {
  send(statement: Statement): void
}

/** One run of a statement: an exchange that settles a promise. */
export class Statement extends Exchange {
  readonly prepared: Prepared
  readonly values: readonly unknown[]
  readonly scope: Scope
  /** When it was first met waiting, for a connection or its answer, as `performance.now()` counts; 0: not yet. */
  waitsSince = 0

  readonly #shape: Shape
  readonly #manner: Manner
  readonly #route: Route | undefined
  readonly #resolve: (result: never) => void
  readonly #reject: (error: unknown) => void
  readonly #deadline: number
  readonly #startedAt: number
  /** A replica could not answer it. */
  needsPrimary = false
  #holdsUp = false
  #isSettled = false
  #wasSentAgain = false
  #error: DatabaseError | undefined
  #isStale = false
  #rows: unknown[] = []
  #rowCount = 0
  #tag = 0
  #entry: PreparedStatement | undefined
  #decode: RowDecoder<unknown> | undefined
  #decoderOf: DecoderOf | undefined
  #parameterTypes: readonly number[] | undefined

  constructor(
    { prepared, values }: Bound,
    shape: Shape,
    scope: Scope,
    route: Route | undefined,
    resolve: (result: never) => void,
    reject: (error: unknown) => void,
    manner: Manner = once,
  ) {
    super()
    this.#manner = manner
    this.prepared = prepared
    this.values = values
    this.scope = scope
    this.#shape = shape
    this.#route = route
    this.#resolve = resolve
    this.#reject = reject
    this.#deadline = scope.timeoutMs === undefined ? Infinity : performance.now() + scope.timeoutMs
    this.#startedAt = scope.observer ? performance.now() : 0
  }

  override get isSettled(): boolean {
    return this.#isSettled
  }

  /** Whether it carries more than the one run that a lane is for. */
  get isBulk(): boolean {
    return this.#manner !== once
  }

  get reads(): boolean {
    return this.scope.readOnly ?? this.prepared.reads
  }

  override write(connection: Connection): boolean {
    if (this.#isSettled) return false
    const { output, statements, types } = connection
    const { prepared } = this
    const known = statements.get(prepared)
    const parameterTypes = known?.parameterTypes ?? this.#parameterTypes
    if (parameterTypes === undefined && this.#needsTypes()) return this.#describeFirst(connection)
    const { portal, rowLimit, further } = this.#manner
    let first: readonly Encoded[]
    let rest: readonly (readonly Encoded[])[]
    try {
      first = encodeAll(this.values, parameterTypes, types)
      rest = further.map((values) => encodeAll(values, parameterTypes, types))
    } catch (error) {
      this.#settle(error)
      return false
    }
    this.#decoderOf = this.#shape.decoderOf ?? types.decoderOf
    if (known?.isConfirmed) {
      this.#entry = known
      this.#decode = known.decoder(this.#shape.form, this.#decoderOf)
    } else {
      this.#entry = prepare(connection, prepared, known)
    }
    const { name } = this.#entry
    output.bind(portal, name, first)
    output.execute(portal, rowLimit)
    for (const values of rest) {
      output.bind('', name, values)
      output.execute('', 0)
    }
    output.sync()
    return true
  }

  #needsTypes(): boolean {
    for (const value of this.values) if (needsType(value)) return true
    return this.#manner.further.some((values) => values.some(needsType))
  }

  // The type of an object's parameter decides how it is written ([1] is `{1}` or `[1]`), and the server knows it.
  #describeFirst(connection: Connection): boolean {
    connection.send(
      new Description(this, (types) => {
        this.#parameterTypes = types
      }),
    )
    connection.hold()
    return false
  }

  override parameterTypes(types: readonly number[]): void {
    this.#entry!.parameterTypes = types
  }

  override columns(columns: readonly Column[]): void {
    this.#entry!.confirm(columns)
    this.#decode = this.#entry!.decoder(this.#shape.form, this.#decoderOf!)
  }

  override row(bytes: Buffer, start: number): void {
    if (this.#isSettled) return
    try {
      this.#rows.push(this.#decode!(bytes, start))
    } catch (cause) {
      this.#error ??= new DatabaseError('22000', 'a column could not be decoded', { cause })
    }
  }

  override complete(rowCount: number, tag: number): void {
    this.#rowCount += rowCount
    this.#tag = tag
  }

  override fail(error: DatabaseError, routine: string | undefined): void {
    this.#error = error
    this.#isStale = error.sqlstate === '26000' || routine === 'RevalidateCachedQuery'
  }

  override ready(connection: Connection): void {
    const error = this.#error
    if (error && this.#entry) {
      if (this.#isStale || !this.#entry.isConfirmed) connection.statements.delete(this.prepared, this.#entry)
      // A migration has changed what it gives: the server refuses the old plan before it runs, so prepare it anew.
      if (this.#isStale && connection.isIdle && this.#again()) return connection.send(this)
    }
    // Either a replica was asked what it may not do, or it had to stop reading to keep up with its primary.
    if (
      error &&
      this.reads &&
      (error.sqlstate === '25006' || error.sqlstate === '40001') &&
      this.#route &&
      this.#again()
    ) {
      this.needsPrimary = true
      return this.#route.send(this)
    }
    if (error) return this.#settle(error)
    if (this.#isSettled) return
    try {
      const result = this.#shape.result(this.#rows, this.#rowCount, this.#tag, this.#decode)
      this.#settle(undefined, result)
    } catch (unexpected) {
      this.#settle(unexpected)
    }
  }

  override lost({ sqlstate, message, cause }: DatabaseError, wasSent: boolean): void {
    if ((this.reads || !wasSent) && this.#route && this.#again()) {
      this.needsPrimary = true
      setTimeout(() => this.#route!.send(this), secondTryAfterMs)
      return
    }
    this.#settle(new DatabaseError(sqlstate, message, { mayHaveRun: wasSent, cause }))
  }

  override overdue(now: number): boolean {
    if (this.#isSettled || this.scope.isUnlimited) return false
    const signal = this.scope.signal ?? (this.waitsSince > 0 ? this.scope.request?.signal : undefined)
    this.waitsSince ||= now
    if (signal?.aborted) this.#settle(signal.reason)
    else if (now >= this.#deadline) this.#settle(tooLong(this.scope.timeoutMs!))
    return this.#isSettled
  }

  override holdsUp(now: number): void {
    if (this.#holdsUp) return
    this.#holdsUp = true
    this.prepared.hasHeldUp(now)
  }

  /** Settles it with an error; its answer, if one comes, is dropped. */
  giveUp(error: unknown): void {
    this.#settle(error)
  }

  // Once only. The rows of a first, half-read answer are dropped.
  #again(): boolean {
    if (this.#wasSentAgain || this.#isSettled) return false
    this.#wasSentAgain = true
    this.#error = undefined
    this.#rowCount = 0
    this.#rows = []
    this.#entry = this.#decode = undefined
    return true
  }

  #settle(error: unknown, result?: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    if (error === undefined) this.#resolve(result as never)
    else this.#reject(error)
    this.#rows = []
    this.scope.observer?.statement(this.prepared, this.#startedAt, this.#rowCount, error, this.scope.request)
  }
}

// When a server goes down its connections are found lost one after the other: not onto the next one that is lost.
const secondTryAfterMs = 10

/** The error of what took longer than it was given. */
export function tooLong(timeoutMs: number): DatabaseError {
  return new DatabaseError('57014', `it took longer than ${timeoutMs} ms`, { mayHaveRun: true })
}
