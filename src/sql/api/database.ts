import type { RequestScope } from './observer.ts'
import type { Sql, StatementOptions } from './statements.ts'
import type { DatabaseStats } from './stats.ts'
import type { Transaction, TransactionOptions } from './transaction.ts'

/** A PostgreSQL database. */
export interface Database extends Sql {
  /** Runs `fn` in a transaction. It commits when `fn` returns, and rolls back when it throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** Returns the same database with options for its statements. */
  with(options: StatementOptions): Database
  /** Returns the database for one request. Its signal is read only by statements that have to wait. */
  forRequest(request: RequestScope): Database
  /**
   * Calls `fn` with the payload of each notification on the channel. Uses its own connection, and reconnects when that is
   * lost. Resolves once it listens; end it with `close`.
   */
  listen(channel: string, fn: (payload: string) => void, options?: ListenOptions): Promise<Listening>
  /** The same database with all reads on the primary, for data that was just written. */
  readonly primary: Database
  /** Returns the shard with a name. Throws a BadRequest when there is none. */
  shard(name: string): Database
  /** All of its shards. */
  readonly shards: DatabaseShards
  /** Returns the state of its connections. */
  stats(): DatabaseStats
  /** Resolves when the database responds; rejects when it does not within `timeoutMs` (default: 1000). */
  ping(timeoutMs?: number): Promise<void>
  /** Waits for running statements, then closes all connections. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The shards of a database. */
export interface DatabaseShards {
  readonly names: readonly string[]
  /** Returns the shard that holds the data of a key. */
  of(key: string | number): Database
  /** Calls `fn` for all shards at the same time. A failing shard does not affect the results of the rest. */
  each<T>(fn: (db: Database, shard: string) => Promise<T>): Promise<readonly ShardResult<T>[]>
}

/** The result of a function on one shard. */
export type ShardResult<T> = PromiseSettledResult<T> & { readonly shard: string }

/** Options of `listen`. */
export interface ListenOptions {
  /** Called after a reconnect: notifications in between were missed. */
  readonly onReconnect?: () => void
}

/** A subscription to a channel. */
export interface Listening {
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
