import type { RequestScope } from './observer.ts'
import type { Sql, StatementOptions } from './statements.ts'
import type { DatabaseStats } from './stats.ts'
import type { Transaction, TransactionOptions } from './transaction.ts'

/** A PostgreSQL database. */
export interface Database extends Sql {
  /** Runs `fn` in a transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** The same database with options for the statements sent through it. */
  with(options: StatementOptions): Database
  /** The view for one request: its signal is read only by a statement that has to wait. */
  forRequest(request: RequestScope): Database
  /**
   * Calls `fn` with the payload of every notification on the channel, over a connection of its own that is opened again
   * when it is lost. Resolves when it listens; end it with `close`.
   */
  listen(channel: string, fn: (payload: string) => void, options?: ListenOptions): Promise<Listening>
  /** The same database with its reads on the primary, for what must be read as it was just written. */
  readonly primary: Database
  /** The shard of that name. Throws a BadRequest for one that does not exist. */
  shard(name: string): Database
  /** All of its shards. */
  readonly shards: DatabaseShards
  /** What its connections do now. */
  stats(): DatabaseStats
  /** Resolves when the database answers, rejects when it does not within `timeoutMs` (default: 1000). */
  ping(timeoutMs?: number): Promise<void>
  /** Waits for what runs, then closes every connection. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** The shards of a database. */
export interface DatabaseShards {
  readonly names: readonly string[]
  /** The shard that holds the data of a key. */
  of(key: string | number): Database
  /** Calls `fn` for every shard at the same time; a shard that fails takes nothing away from the others. */
  each<T>(fn: (db: Database, shard: string) => Promise<T>): Promise<readonly ShardResult<T>[]>
}

/** What a function came to on one shard. */
export type ShardResult<T> = PromiseSettledResult<T> & { readonly shard: string }

/** How to listen. */
export interface ListenOptions {
  /** Called when the connection is back after a loss: notifications of the time between have been missed. */
  readonly onReconnect?: () => void
}

/** A subscription to a channel. */
export interface Listening {
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
