import { performance } from 'node:perf_hooks' // the global one is a getter, a fifth of the price of the time
import { parameterOver } from '../errors/blame.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { tooLong } from '../errors/tooLong.ts'
import { Description, prepare, textOnly } from './description.ts'
import { encodeAll } from '../values/encode.ts'
import { failing } from '../errors/place.ts'
import type { BoundStatement, Prepared } from '../text/prepared.ts'
import { assertNothingLeft } from '../connection/sessionCheck.ts'
import { isNameless, mayBeStale } from '../values/stale.ts'
import type { StatementContext } from './context.ts'
import { type Execution, single } from './execution.ts'
import type { ResultMapper } from './resultMapper.ts'
import { needsType } from '../values/encoders.ts'
import { TypeLookup } from './typeLookup.ts'
import type { Types } from '../values/types.ts'
import type { Connection } from '../connection/connection.ts'
import { copyOfRow, type DecoderOf, type RowDecoder } from '../wire/decoder.ts'
import { Exchange } from '../connection/exchange.ts'
import type { Column } from '../wire/input.ts'
import type { Encoded } from '../wire/output.ts'
import { simple } from '../connection/simple.ts'
import type { PreparedStatement } from '../connection/statementCache.ts'

/** What sends a statement on its way, and again when its connection was lost and it only reads. */
export interface Route {
  send(statement: Statement): void
}

/** One run of a statement: an exchange that settles a promise. */
export class Statement extends Exchange<Connection> {
  readonly prepared: Prepared
  readonly values: readonly unknown[]
  readonly context: StatementContext
  /** When it was first met waiting, for a connection or its answer, as `performance.now()` counts; 0: not yet. */
  waitsSince = 0

  readonly #mapper: ResultMapper
  readonly #strings: TemplateStringsArray | undefined
  readonly #execution: Execution
  readonly #route: Route | undefined
  readonly #resolve: (result: never) => void
  readonly #deadline: number
  readonly #startedAt: number
  /** A replica could not answer it. */
  needsPrimary = false
  #holdsUp = false
  #isSettled = false
  #wasSentAgain = false
  #error: DatabaseError | undefined
  /** The text that began its transaction, when it is the first statement there: nothing is lost by beginning again. */
  begin: string | undefined
  // What it goes by was learnt in an earlier exchange, so that a migration may have come between.
  #isByHeart = false
  // How many Binds the server has yet to agree to until anything of it runs.
  #binds = 1
  #wasStale = false
  #rows: unknown[] = []
  #rowCount = 0
  #tag = 0
  #entry: PreparedStatement | undefined
  #decode: RowDecoder<unknown> | undefined
  #check: Promise<void> | undefined
  #types: Types | undefined
  #decoderOf: DecoderOf | undefined
  #parameterTypes: readonly number[] | undefined
  /** Its values were written by types that another connection was told, and this one has not confirmed yet. */
  #isGuess = false

  constructor(
    { prepared, values, strings }: BoundStatement,
    mapper: ResultMapper,
    context: StatementContext,
    route: Route | undefined,
    resolve: (result: never) => void,
    execution: Execution = single,
  ) {
    super()
    this.#execution = execution
    this.prepared = prepared
    this.values = values
    this.#strings = strings
    this.context = context
    this.#mapper = mapper
    this.#route = route
    this.#resolve = resolve
    this.#deadline = context.timeoutMs === undefined ? Infinity : performance.now() + context.timeoutMs
    this.#startedAt = context.observer ? performance.now() : 0
  }

  override get isSettled(): boolean {
    return this.#isSettled
  }

  /** Whether it carries more than the one run that a lane is for. */
  get isBulk(): boolean {
    return this.#execution !== single
  }

  get reads(): boolean {
    return this.context.readOnly ?? this.prepared.reads
  }

  override write(connection: Connection): boolean {
    if (this.#isSettled) return false
    const { output, statements, types } = connection
    const { prepared } = this
    const known = statements.get(prepared)
    const isCurrent = known !== undefined && statements.isCurrent(known)
    const { encode } = this.#mapper
    const decoderOf = connection.reported.read(this.#mapper.decoderOf ?? types.decoderOf)
    let encoders = isCurrent ? known.encoders : undefined
    let guess: readonly number[] | undefined
    if (encoders === undefined && encode === undefined && this.#some(needsType)) {
      const described = (isCurrent ? known.parameterTypes : undefined) ?? this.#parameterTypes
      if (!described && !this.#some(isObject)) guess = types.ofParameters.get(prepared)
      const parameterTypes = described ?? guess
      if (!parameterTypes) return this.#describeFirst(connection)
      const unknown = types.unknown(parameterTypes)
      if (unknown.length > 0) return this.#lookUpFirst(connection, unknown)
      encoders = types.encodersOf(parameterTypes)
      if (described) types.remember(prepared, described)
      if (isCurrent && known.parameterTypes) known.encoders = encoders
    }
    this.#isByHeart = guess !== undefined || (isCurrent && (known.isConfirmed || encoders !== undefined))
    const { settings } = connection
    const { portal, rowLimit, further } = this.#execution
    let first: readonly Encoded[]
    let rest: readonly (readonly Encoded[])[]
    try {
      first = encodeAll(this.values, encoders, encode)
      rest = further.map((values) => encodeAll(values, encoders, encode))
    } catch (error) {
      // The column may take it by now: the types are asked for again before the value is blamed.
      if (this.#isByHeart && this.#forgets(connection)) return this.#describeFirst(connection)
      this.#settle(error)
      return false
    }
    this.#types = types
    this.#decoderOf = decoderOf
    this.#isGuess = guess !== undefined
    const setsItself = settings !== undefined && this.#route !== undefined && prepared.isPlain
    if (setsItself) settings.writeForExchange(output)
    this.#binds = setsItself ? 2 : 1
    if (isCurrent && known.isConfirmed && !known.cuts(this.values, further)) {
      this.#entry = known
      if (this.#mapper.decoderOf || known.isReadable(types)) this.#decode = known.decoder(this.#mapper.form, decoderOf)
    } else {
      // Behind a pooler each run is prepared anew: what was written as text must not be taken for JSON by then.
      const insisted = guess ?? (isCurrent && encoders !== undefined ? known.parameterTypes?.map(textOnly) : undefined)
      this.#entry = prepare(connection, prepared, known, insisted)
    }
    const { name } = this.#entry
    output.bind(portal, name, first)
    output.execute(portal, rowLimit)
    for (const values of rest) {
      output.bind('', name, values)
      output.execute('', 0)
    }
    if (settings && prepared.verb === 'BEGIN') settings.writeForTransaction(output)
    output.sync()
    return true
  }

  #some(test: (value: unknown) => boolean): boolean {
    for (const value of this.values) if (test(value)) return true
    return this.#execution.further.some((values) => values.some(test))
  }

  // The type of a parameter decides how it is written ([1] is `{1}` or `[1]`), and the server knows it.
  #describeFirst(connection: Connection): boolean {
    connection.send(
      new Description(this, (types) => {
        this.#parameterTypes = types
      }),
    )
    connection.hold()
    return false
  }

  #lookUpFirst(connection: Connection, unknown: readonly number[]): boolean {
    connection.send(new TypeLookup({ statement: this, unknown, hasRun: false, onDone: () => connection.resume(this) }))
    connection.hold()
    return false
  }

  override parameterTypes(types: readonly number[]): void {
    this.#entry!.parameterTypes = types
    if (this.#isGuess) this.#types!.remember(this.prepared, types)
  }

  override columns(columns: readonly Column[]): void {
    this.#entry!.confirm(columns)
    const { form, decoderOf } = this.#mapper
    if (decoderOf || this.#entry!.isReadable(this.#types!)) this.#decode = this.#entry!.decoder(form, this.#decoderOf!)
  }

  override bound(): void {
    this.#binds--
  }

  override row(bytes: Buffer, start: number): void {
    if (this.#isSettled) return
    if (this.#decode) this.#decodeRow(this.#decode, bytes, start)
    else this.#rows.push(copyOfRow(bytes, start))
  }

  override complete(rowCount: number, tag: number): void {
    this.#rowCount += rowCount
    this.#tag = tag
  }

  override fail(error: DatabaseError): void {
    this.#error = withParameter(error, this.values)
  }

  override ready(connection: Connection): void {
    const error = this.#error
    if (error && this.#entry) {
      const isStale = isNameless(error) || (this.#isByHeart && this.#binds > 0 && mayBeStale(error))
      if (isStale || !this.#entry.isConfirmed) connection.statements.delete(this.prepared, this.#entry)
      if (isStale && this.#runsAgain(connection)) return
    }
    if (!error && this.#wasStale) connection.onStale?.()
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
    if (connection.isChecked && !this.prepared.isChecked) this.#lookBehind(connection)
    if (this.#decode || this.#rows.length === 0) return this.#finish()
    const unknown = connection.types.unknown(this.#entry!.columnTypes)
    if (unknown.length === 0) return this.#decodeRows()
    connection.send(new TypeLookup({ statement: this, unknown, hasRun: true, onDone: () => this.#decodeRows() }))
  }

  #lookBehind(connection: Connection): void {
    if (connection.settings) return // the session is the pooler's
    this.prepared.isChecked = true
    if (connection.isIdle && this.#route) this.#check = assertNothingLeft(connection)
    else connection.isDueForCheck = true
  }

  // The rows of columns whose types were not known when they came.
  #decodeRows(): void {
    if (this.#isSettled) return
    const rows = this.#rows as Buffer[]
    this.#rows = []
    this.#decode = this.#entry!.decoder(this.#mapper.form, this.#decoderOf!)
    for (const row of rows) this.#decodeRow(this.#decode, row, 0)
    if (this.#error) this.#settle(this.#error)
    else this.#finish()
  }

  #decodeRow(decode: RowDecoder<unknown>, bytes: Buffer, start: number): void {
    try {
      this.#rows.push(decode(bytes, start))
    } catch (cause) {
      this.#error ??= new DatabaseError('22000', 'a column could not be decoded', { cause })
    }
  }

  #finish(): void {
    try {
      const result = this.#mapper.result(this.#rows, this.#rowCount, this.#tag, this.#decode)
      if (this.#check)
        this.#check.then(
          () => this.#settle(undefined, result),
          (error) => this.#settle(error),
        )
      else this.#settle(undefined, result)
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
    if (this.#isSettled || this.context.isUnlimited) return false
    const signal = this.context.signal ?? (this.waitsSince > 0 ? this.context.request?.signal : undefined)
    this.waitsSince ||= now
    if (signal?.aborted) this.#settle(signal.reason)
    else if (now >= this.#deadline) this.#settle(tooLong(this.context.timeoutMs!))
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

  // Nothing of it has run: prepared anew, it may well do. In a transaction only the first statement can: with those
  // before it, their effects would be lost.
  #runsAgain(connection: Connection): boolean {
    const isFirst = this.begin !== undefined && connection.inFlight === 0
    if (!(connection.isIdle || isFirst) || !this.#forgets(connection)) return false
    this.#wasStale = true
    if (!connection.isIdle) {
      const settings = connection.settings ? `; ${connection.settings.forTransaction}` : ''
      simple(connection, `ROLLBACK; ${this.begin}${settings}`).catch((error: DatabaseError) =>
        connection.destroy(error),
      )
    }
    connection.send(this)
    return true
  }

  // What the server has told of it earlier. False when it has been told twice, or nobody waits for it any more.
  #forgets({ statements, types }: Connection): boolean {
    statements.forget(this.prepared)
    types.ofParameters.delete(this.prepared)
    this.#parameterTypes = undefined
    return this.#again()
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
    else this.#resolve(failing(error, { text: this.prepared.text, strings: this.#strings }) as never)
    this.#rows = []
    this.context.observer?.statement(this.prepared, this.#startedAt, this.#rowCount, error, this.context.request)
  }
}

function withParameter(error: DatabaseError, values: readonly unknown[]): DatabaseError {
  const parameter = error.parameter ?? parameterOver(error, values)
  return parameter === error.parameter ? error : error.copy({ parameter })
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

// When a server goes down its connections are found lost one after the other: not onto the next one that is lost.
const secondTryAfterMs = 10
