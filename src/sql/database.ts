import type { ContractEvent, PublishedOf } from '../contract/event.ts'
import type { EnqueueArguments, Enqueued, Job } from '../contract/job.ts'
import { batchTag } from './statement/bulk.ts'
import { noOutlet } from './statement/noOutlet.ts'
import { traceOf } from './statement/traceOf.ts'
import { drizzleOver } from './statement/drizzle.ts'
import { Deadline } from './statement/deadline.ts'
import type { Cluster } from './pool/cluster.ts'
import { assertChannel } from './pool/listener.ts'
import { notShared } from './text/misplaced.ts'
import { checkListenOptions, checkOptions, checkStatementOptions, checkTransactionOptions } from './optionRules.ts'
import { openAll } from './open.ts'
import { notePlace } from './errors/place.ts'
import { bind, type BoundStatement } from './text/prepared.ts'
import type { Shards } from './shards.ts'
import type { StatementContext } from './statement/context.ts'
import type { Execution } from './statement/execution.ts'
import type { ResultMapper } from './statement/resultMapper.ts'
import { Statement } from './statement/statement.ts'
import { Tags } from './statement/tags.ts'
import { streamed, transaction } from './transaction/transaction.ts'
import { scriptRemains } from './text/remains.ts'
import { resetAfter } from './connection/pooler.ts'
import { simple } from './connection/simple.ts'
import type { Database, DatabaseShards, ListenOptions, Listening, ShardResult } from './api/database.ts'
import type { DatabaseOptions } from './api/options.ts'
import type { Observer, RequestScope } from './api/observer.ts'
import type { Outlet, OutletTarget } from './api/outlet.ts'
import type { BatchTag, StatementOptions } from './api/statements.ts'
import type { Transaction, TransactionOptions } from './api/transaction.ts'
import type { Drizzle } from './api/drizzle.ts'
import type { DatabaseStats } from './api/stats.ts'

/**
 * Opens a database. It need not be up yet: statements wait up to `acquireTimeoutMs` for it.
 *
 * @throws {TypeError} when an option is unknown or has an invalid value
 *
 * @example
 * await using db = database({ url: databaseUrl })
 * const user = await db.maybeOne<User>`SELECT * FROM users WHERE id = ${id}`
 */
export function database<Request extends object = RequestScope>(options: DatabaseOptions<Request>): Database {
  checkOptions(options as DatabaseOptions)
  const { observer, outlet } = options
  return new View(openAll(options as DatabaseOptions), { observer, outlet })
}

/** A database with some options applied: cheap to create, one for each request. */
class View extends Tags implements Database, StatementContext {
  readonly #all: Shards
  #cluster: Cluster | undefined
  readonly signal: AbortSignal | undefined
  readonly timeoutMs: number | undefined
  readonly slow: boolean | undefined
  readonly readOnly: boolean | undefined
  readonly usesPrimary: boolean | undefined
  readonly request: RequestScope | undefined
  readonly session: { hasWritten: boolean } | undefined
  readonly observer: Observer | undefined
  readonly outlet: Outlet | undefined

  constructor(all: Shards, context: StatementContext, cluster?: Cluster) {
    super()
    this.#all = all
    this.#cluster = cluster
    this.signal = context.signal
    this.timeoutMs = context.timeoutMs
    this.slow = context.slow
    this.readOnly = context.readOnly
    this.usesPrimary = context.usesPrimary
    this.request = context.request
    this.session = context.session
    this.observer = context.observer
    this.outlet = context.outlet
  }

  override run<T>(statement: BoundStatement, mapper: ResultMapper, execution?: Execution): Promise<T> {
    return new Promise((resolve) => {
      this.signal?.throwIfAborted()
      if (statement.prepared.session) throw notShared(statement.prepared)
      const cluster = this.#home
      cluster.send(new Statement(statement, mapper, this, cluster, resolve, execution))
    })
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    checkTransactionOptions('transaction', options)
    if (this.session && !options.readOnly) this.session.hasWritten = true
    return transaction(this.#home.primary, this, fn, options)
  }

  stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    // oxlint-disable-next-line typescript/unbound-method -- it is only looked for on the stack
    notePlace(strings, this.stream)
    return streamed(this.#home.primary, this, (tx) => {
      // Reads after a stream have to see what it writes.
      const { session } = this
      if (session) session.hasWritten ||= !(this.readOnly ?? bind(strings, values).prepared.reads)
      return tx.stream<Row>(strings, ...values)
    })
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return batchTag(this, rows)
  }

  async script(text: string): Promise<void> {
    if (this.session) this.session.hasWritten = true
    const deadline = new Deadline(this)
    const connection = await this.#home.primary.acquire(deadline)
    connection.owner = deadline
    try {
      await deadline.race(simple(connection, connection.settings && scriptRemains(text) ? resetAfter(text) : text))
    } finally {
      // It may have changed its session, so its connection is not reused.
      if (deadline.isOver) connection.cancel()
      void connection.end()
    }
  }

  async notify(channel: string, payload = ''): Promise<void> {
    assertChannel(channel)
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  enqueue<One extends Job>(job: One, ...[input, options]: EnqueueArguments<One>): Promise<Enqueued> {
    return this.#store((outlet, to) => outlet.enqueue(to, job, input, options))
  }

  publish<Event extends ContractEvent>(event: Event, payload: PublishedOf<Event>): Promise<void> {
    return this.#store((outlet, to) => outlet.publish(to, event, payload))
  }

  async cancelJob(id: number): Promise<boolean> {
    if (!this.outlet) throw noOutlet()
    return this.outlet.cancelJob(this, id)
  }

  async listen(channel: string, fn: (payload: string) => void, options: ListenOptions = {}): Promise<Listening> {
    checkListenOptions('listen', options)
    return this.#home.listener.listen(channel, fn, options)
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  get primary(): Database {
    return this.#view({ ...(this as StatementContext), usesPrimary: true })
  }

  with(options: StatementOptions): Database {
    checkStatementOptions('with', options)
    return this.#view({ ...(this as StatementContext), ...options })
  }

  forRequest(request: RequestScope): Database {
    return new View(this.#all, {
      request,
      observer: this.observer,
      outlet: this.outlet,
      session: this.#all.hasReplicas ? { hasWritten: false } : undefined,
    })
  }

  shard(name: string): Database {
    return this.#view(this, this.#all.named(name))
  }

  get shards(): DatabaseShards {
    return {
      names: [...this.#all.clusters.keys()],
      of: (key) => this.#view(this, this.#all.ofKey(key)),
      each: (fn) =>
        Promise.all([...this.#all.clusters.keys()].map((shard) => settled(shard, () => fn(this.shard(shard), shard)))),
    }
  }

  stats(): DatabaseStats {
    return this.#home.stats()
  }

  async ping(timeoutMs = 1000): Promise<void> {
    await this.with({ timeoutMs }).execute`SELECT 1`
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.all.map((cluster) => cluster.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Each statement commits at once, so callbacks run after its response. */
  async #store<T>(store: (outlet: Outlet, to: OutletTarget) => Promise<T>): Promise<T> {
    if (!this.outlet) throw noOutlet()
    const committed: (() => void)[] = []
    const afterCommit = (fn: () => void): void => void committed.push(fn)
    const result = await store(this.outlet, { sql: this, trace: traceOf(this.request), afterCommit })
    for (const fn of committed) fn()
    return result
  }

  // Found when first needed: a request without a shard key may not need the database at all.
  get #home(): Cluster {
    return (this.#cluster ??= this.#all.of(this.request))
  }

  #view(context: StatementContext, cluster = this.#cluster): View {
    return new View(this.#all, context, cluster)
  }
}

/** The result of a function on one shard. */
async function settled<T>(shard: string, fn: () => Promise<T>): Promise<ShardResult<T>> {
  try {
    return { shard, status: 'fulfilled', value: await fn() }
  } catch (reason) {
    return { shard, status: 'rejected', reason }
  }
}
