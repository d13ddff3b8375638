import type {
  Database,
  DatabaseOptions,
  DatabaseShards,
  Listening,
  ListenOptions,
  RequestScope,
  ShardResult,
  StatementOptions,
  Transaction,
  TransactionOptions,
} from './api.ts'
import { type BatchTag, batchTag } from './statement/bulk.ts'
import { type Drizzle, drizzleOver } from './statement/drizzle.ts'
import { Limit } from './statement/limit.ts'
import type { Cluster, DatabaseStats } from './pool/cluster.ts'
import type { Observer } from './statement/observer.ts'
import { assertChannel } from './pool/listener.ts'
import { notShared } from './text/misplaced.ts'
import { openAll } from './open.ts'
import { notePlace } from './errors/place.ts'
import { bound, type Bound } from './text/prepared.ts'
import type { Shards } from './shards.ts'
import type { Manner, Scope, Shape } from './statement/scope.ts'
import { Statement } from './statement/statement.ts'
import { Tags } from './statement/tags.ts'
import { streamed, transaction } from './transaction/transaction.ts'
import { scriptRemains } from './text/remains.ts'
import { resetAfter } from './connection/pooler.ts'
import { simple } from './connection/simple.ts'

/**
 * Opens a database. It need not be up yet: statements wait up to `acquireTimeoutMs` for it.
 * @example await using db = await database({ url: process.env.DATABASE_URL })
 */
export function database<Request extends object = RequestScope>(options: DatabaseOptions<Request>): Database {
  return new View(openAll(options as DatabaseOptions), { observer: options.observer })
}

/** A database seen with some options; cheap to make, one for each request. */
class View extends Tags implements Database, Scope {
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

  constructor(all: Shards, scope: Scope, cluster?: Cluster) {
    super()
    this.#all = all
    this.#cluster = cluster
    this.signal = scope.signal
    this.timeoutMs = scope.timeoutMs
    this.slow = scope.slow
    this.readOnly = scope.readOnly
    this.usesPrimary = scope.usesPrimary
    this.request = scope.request
    this.session = scope.session
    this.observer = scope.observer
  }

  override run<T>(statement: Bound, shape: Shape, manner?: Manner): Promise<T> {
    return new Promise((resolve) => {
      this.signal?.throwIfAborted()
      if (statement.prepared.session) throw notShared(statement.prepared)
      const cluster = this.#home
      cluster.send(new Statement(statement, shape, this, cluster, resolve, manner))
    })
  }

  async transaction<T>(fn: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    if (this.session && !options.readOnly) this.session.hasWritten = true
    return transaction(this.#home.primary, this, fn, options)
  }

  stream<Row>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void> {
    // oxlint-disable-next-line typescript/unbound-method -- it is only looked for on the stack
    notePlace(strings, this.stream)
    return streamed(this.#home.primary, this, (tx) => {
      // What a stream writes, too, has to be seen by what reads after it.
      const { session } = this
      if (session) session.hasWritten ||= !(this.readOnly ?? bound(strings, values).prepared.reads)
      return tx.stream<Row>(strings, ...values)
    })
  }

  batch<Row>(rows: readonly Row[]): BatchTag<Row> {
    return batchTag(this, rows)
  }

  async script(text: string): Promise<void> {
    if (this.session) this.session.hasWritten = true
    const limit = new Limit(this)
    const connection = await this.#home.primary.acquire(limit)
    connection.owner = limit
    try {
      await limit.race(simple(connection, connection.settings && scriptRemains(text) ? resetAfter(text) : text))
    } finally {
      // What it has set is nobody else's.
      if (limit.isOver) connection.cancel()
      void connection.end()
    }
  }

  async notify(channel: string, payload = ''): Promise<void> {
    assertChannel(channel)
    await this.execute`SELECT pg_notify(${channel}, ${payload})`
  }

  async listen(channel: string, fn: (payload: string) => void, options?: ListenOptions): Promise<Listening> {
    return this.#home.listener.listen(channel, fn, options)
  }

  get drizzle(): Drizzle {
    return drizzleOver(this)
  }

  get primary(): Database {
    return this.#view({ ...(this as Scope), usesPrimary: true })
  }

  with(options: StatementOptions): Database {
    return this.#view({ ...(this as Scope), ...options })
  }

  forRequest(request: RequestScope): Database {
    return new View(this.#all, {
      request,
      observer: this.observer,
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

  // Looked for when first needed: a request without a shard key may well need no database.
  get #home(): Cluster {
    return (this.#cluster ??= this.#all.of(this.request))
  }

  #view(scope: Scope, cluster = this.#cluster): View {
    return new View(this.#all, scope, cluster)
  }
}

/** What a function came to on one shard. */
async function settled<T>(shard: string, fn: () => Promise<T>): Promise<ShardResult<T>> {
  try {
    return { shard, status: 'fulfilled', value: await fn() }
  } catch (reason) {
    return { shard, status: 'rejected', reason }
  }
}
