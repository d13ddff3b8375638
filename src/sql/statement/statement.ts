import { performance } from 'node:perf_hooks' // as a global it is a getter, which costs a fifth of reading the time
import type { Connection } from '../connection/connection.ts'
import { Exchange, type Loss } from '../connection/exchange.ts'
import { assertNothingLeft } from '../connection/sessionCheck.ts'
import type { PreparedStatement } from '../connection/statementCache.ts'
import { withParameter } from '../errors/blame.ts'
import { DatabaseError } from '../errors/databaseError.ts'
import { failing } from '../errors/place.ts'
import { timedOut } from '../errors/timedOut.ts'
import type { BoundStatement, Prepared } from '../text/prepared.ts'
import { isNameless, mayBeStale } from '../values/stale.ts'
import type { Column } from '../wire/input.ts'
import type { Encoded } from '../wire/output.ts'
import type { StatementContext } from './context.ts'
import { askFirst } from './askFirst.ts'
import { type Execution, single, writeRuns } from './execution.ts'
import { Parameters } from './parameters.ts'
import type { ResultMapper } from './resultMapper.ts'
import { statementFor } from './prepare.ts'
import { needsPrimary, restart, retryAfterMs } from './retry.ts'
import { Rows } from './rows.ts'
import { TypeLookup } from './typeLookup.ts'

/** Sends a statement to a connection, and retries a read whose connection was lost. */
export interface Route {
  send(statement: Statement): void
}

/** One run of a statement: an exchange that settles a promise. */
export class Statement extends Exchange<Connection> {
  readonly prepared: Prepared
  readonly context: StatementContext
  /** When a sweep first saw it waiting, for a connection or its response, on `performance.now()`'s clock; 0: not yet. */
  waitsSince = 0
  /** Whether a replica could not run it. */
  needsPrimary = false
  /** The text that began its transaction, if it is the first statement there: then a restart loses nothing. */
  begin: string | undefined

  readonly #mapper: ResultMapper
  readonly #execution: Execution
  readonly #route: Route | undefined
  readonly #resolve: (result: never) => void
  readonly #strings: TemplateStringsArray | undefined
  readonly #deadline: number
  readonly #startedAt: number
  readonly #parameters: Parameters
  readonly #rows: Rows
  #entry: PreparedStatement | undefined
  // Its types come from an earlier exchange, so a migration may have changed them since.
  #usesCachedTypes = false
  // Number of Binds that the server has yet to accept before anything runs.
  #binds = 1
  #error: DatabaseError | undefined
  #check: Promise<void> | undefined
  #isBlocking = false
  #wasStale = false
  #wasRetried = false
  #isSettled = false

  constructor(
    { prepared, values, strings }: BoundStatement,
    mapper: ResultMapper,
    context: StatementContext,
    route: Route | undefined,
    resolve: (result: never) => void,
    execution: Execution = single,
  ) {
    super()
    this.prepared = prepared
    this.context = context
    this.#mapper = mapper
    this.#execution = execution
    this.#route = route
    this.#resolve = resolve
    this.#strings = strings
    this.#deadline = context.timeoutMs === undefined ? Infinity : performance.now() + context.timeoutMs
    this.#startedAt = context.observer ? performance.now() : 0
    this.#parameters = new Parameters(values, execution.further, mapper.encode)
    this.#rows = new Rows(mapper)
  }

  override get isSettled(): boolean {
    return this.#isSettled
  }

  /** Whether it is more than the single run that lanes are for. */
  get isBulk(): boolean {
    return this.#execution !== single
  }

  get reads(): boolean {
    return this.context.readOnly ?? this.prepared.reads
  }

  override write(connection: Connection): boolean {
    if (this.#isSettled) return false
    const known = connection.statements.get(this.prepared)
    const current = known !== undefined && connection.statements.isCurrent(known) ? known : undefined
    const parameters = this.#parameters
    const missing = parameters.resolve(this.prepared, current, connection.types)
    if (missing) return askFirst(connection, this, parameters, missing)
    this.#usesCachedTypes =
      parameters.guess !== undefined || (!!current && (current.isConfirmed || parameters.areTyped))
    let first: readonly Encoded[]
    let further: readonly (readonly Encoded[])[]
    try {
      first = parameters.encoded(parameters.values)
      further = parameters.further.map((values) => parameters.encoded(values))
    } catch (error) {
      // The column may accept the value by now: its type is requested again before the value is blamed.
      if (this.#usesCachedTypes && this.#forgets(connection)) {
        return askFirst(connection, this, parameters, 'parameter types')
      }
      this.#settle(error)
      return false
    }
    const { output, settings, types } = connection
    const setsItself = settings !== undefined && this.#route !== undefined && this.prepared.isPlain
    if (setsItself) settings.writeForExchange(output)
    this.#binds = setsItself ? 2 : 1
    const entry = (this.#entry = statementFor(connection, this.prepared, parameters, known, current))
    this.#rows.begin(entry, types, connection.reported.read(this.#mapper.decoderOf ?? types.decoderOf))
    if (entry === current) this.#rows.described()
    writeRuns(output, entry.name, this.#execution, first, further)
    if (settings && this.prepared.verb === 'BEGIN') settings.writeForTransaction(output)
    output.sync()
    return true
  }

  override parameterTypes(types: readonly number[]): void {
    this.#entry!.parameterTypes = types
    this.#parameters.confirm(this.prepared, types)
  }

  override columns(columns: readonly Column[]): void {
    this.#entry!.confirm(columns)
    this.#rows.described()
  }

  override bound(): void {
    this.#binds--
  }

  override row(bytes: Buffer, start: number): void {
    if (!this.#isSettled) this.#rows.add(bytes, start)
  }

  override complete(rowCount: number, tag: number): void {
    this.#rows.complete(rowCount, tag)
  }

  override fail(error: DatabaseError): void {
    this.#error = withParameter(error, this.#parameters.values)
  }

  override ready(connection: Connection): void {
    const error = this.#error ?? this.#rows.error
    if (error) return this.#failed(connection, error)
    if (this.#wasStale) connection.onStale?.()
    if (this.#isSettled) return
    if (connection.isChecked && !this.prepared.isChecked) this.#checkSession(connection)
    const unknown = this.#rows.unknownTypes
    if (unknown.length === 0) return this.#finish()
    connection.send(new TypeLookup({ statement: this, unknown, hasRun: true, onDone: () => this.#finish() }))
  }

  #failed(connection: Connection, error: DatabaseError): void {
    if (this.#entry) {
      const isStale = isNameless(error) || (this.#usesCachedTypes && this.#binds > 0 && mayBeStale(error))
      if (isStale || !this.#entry.isConfirmed) connection.statements.delete(this.prepared, this.#entry)
      if (isStale && this.#isPreparedAnew(connection)) return
    }
    if (needsPrimary(error) && this.reads && this.#route && this.#retries()) {
      this.needsPrimary = true
      return this.#route.send(this)
    }
    this.#settle(error)
  }

  #checkSession(connection: Connection): void {
    if (connection.settings) return // the session belongs to the pooler
    this.prepared.isChecked = true
    if (connection.isIdle && this.#route) this.#check = assertNothingLeft(connection)
    else connection.isDueForCheck = true
  }

  #finish(): void {
    if (this.#isSettled) return
    try {
      const result = this.#rows.result()
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

  override lost({ sqlstate, message, cause }: DatabaseError, { wasSent }: Loss): void {
    if ((this.reads || !wasSent) && this.#route && this.#retries()) {
      this.needsPrimary = true
      setTimeout(() => this.#route!.send(this), retryAfterMs)
      return
    }
    this.#settle(new DatabaseError(sqlstate, message, { mayHaveRun: wasSent, cause }))
  }

  override expire(now: number): boolean {
    if (this.#isSettled || this.context.isUnlimited) return false
    const signal = this.context.signal ?? (this.waitsSince > 0 ? this.context.request?.signal : undefined)
    this.waitsSince ||= now
    if (signal?.aborted) {
      this.#settle(signal.reason)
      this.context.request?.cancelledStatement?.(this.prepared)
    } else if (now >= this.#deadline) this.#settle(timedOut(this.context.timeoutMs!))
    return this.#isSettled
  }

  override blocks(now: number): void {
    if (this.#isBlocking) return
    this.#isBlocking = true
    this.prepared.hasBlocked(now)
  }

  /** Settles it with an error; a late response is dropped. */
  reject(error: unknown): void {
    this.#settle(error)
  }

  // Nothing has run yet, so preparing it anew may help. In a transaction only the first statement can: the effects of
  // earlier ones would be lost.
  #isPreparedAnew(connection: Connection): boolean {
    const isFirst = this.begin !== undefined && connection.inFlight === 0
    if (!(connection.isIdle || isFirst) || !this.#forgets(connection)) return false
    this.#wasStale = true
    if (!connection.isIdle) restart(connection, this.begin!)
    connection.send(this)
    return true
  }

  // Drops what the server reported of it earlier. False when that was tried before, or it is settled.
  #forgets({ statements, types }: Connection): boolean {
    statements.forget(this.prepared)
    types.ofParameters.delete(this.prepared)
    this.#parameters.described = undefined
    return this.#retries()
  }

  // Only once. The rows of a first, incomplete response are dropped.
  #retries(): boolean {
    if (this.#wasRetried || this.#isSettled) return false
    this.#wasRetried = true
    this.#error = this.#entry = undefined
    this.#rows.drop()
    return true
  }

  #settle(error: unknown, result?: unknown): void {
    if (this.#isSettled) return
    this.#isSettled = true
    if (error === undefined) this.#resolve(result as never)
    else this.#resolve(failing(error, { text: this.prepared.text, strings: this.#strings }) as never)
    const { count } = this.#rows
    this.#rows.drop()
    this.context.observer?.statement(this.prepared, this.#startedAt, count, error, this.context.request)
  }
}
