import type { BatchTag } from './statement/bulk.ts'
import type { DatabaseStats } from './pool/cluster.ts'
import type { Drizzle } from './statement/drizzle.ts'
import type { Fragments, SqlTag } from './text/fragment.ts'
import type { Observer } from './statement/observer.ts'
import type { ShardsOptions } from './shards.ts'
import type { Codecs } from './values/codecs.ts'

/** A row when nothing else is said. */
export type AnyRow = Record<string, unknown>

/** How a statement is run; every field also goes for a whole transaction. */
export interface StatementOptions {
  /** Gives the statement up when it aborts; the caller gets the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds until the statement is given up with sqlstate 57014. */
  readonly timeoutMs?: number | undefined
  /** True: known to take long, keep it off the lanes. */
  readonly slow?: boolean | undefined
  /** True: it only reads, whatever its text looks like; false: it writes, although its text looks like a read. */
  readonly readOnly?: boolean | undefined
}

/** The statement methods, shared by a database, its views and a transaction. All of them are template tags. */
export interface Sql extends Fragments {
  readonly sql: SqlTag
  /** The one row. A DatabaseError P0002 without a row, P0003 with several. */
  one<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row>
  /** The one row, or undefined. A DatabaseError P0003 with several. */
  maybeOne<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row | undefined>
  /** All rows. */
  many<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Row[]>
  /** The first column of the one row. */
  value<Value = unknown>(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Value>
  /** Runs it and gives the number of rows that it touched. */
  execute(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<number>
  /**
   * Rows one by one out of a cursor, read as fast as they are asked for; leaving the loop closes it.
   * @example for await (const user of db.stream<User>`SELECT * FROM users`) …
   */
  stream<Row = AnyRow>(strings: TemplateStringsArray, ...values: readonly unknown[]): AsyncGenerator<Row, void, void>
  /**
   * One statement for many rows, in one round trip, all or nothing; functions take their value from the row.
   * Resolves with the number of rows touched.
   * @example db.batch(users)`INSERT INTO users (name, age) VALUES (${(user) => user.name}, ${(user) => user.age})`
   */
  batch<Row>(rows: readonly Row[]): BatchTag<Row>
  /** Sends a notification to whoever listens on the channel; in a transaction, when that commits. */
  notify(channel: string, payload?: string): Promise<void>
  /** Drizzle's query builder on the same connections. */
  readonly drizzle: Drizzle
  /** Runs a file of SQL: any number of statements, no parameters, no rows. Outside a transaction, all of them or none. */
  script(text: string): Promise<void>
}

/** How a transaction is run. */
export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  readonly readOnly?: boolean
  readonly deferrable?: boolean
  /** How often it is run again after a serialisation failure or a deadlock. Default: 0. */
  readonly retries?: number
}

/** The time of a statement or a savepoint in a transaction. */
export type TransactionLimits = Pick<StatementOptions, 'signal' | 'timeoutMs'>

/** Statements on one connection that take effect together. */
export interface Transaction extends Sql {
  /** The same transaction with limits for the statements and savepoints sent through it. */
  with(limits: TransactionLimits): Transaction
  /** A savepoint: rolled back alone when `fn` throws. */
  transaction<T>(fn: (tx: Transaction) => Promise<T>): Promise<T>
}

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
export interface Listening extends AsyncDisposable {
  close(): Promise<void>
}

/** What a database needs to know of the request it works for. */
export interface RequestScope {
  /** Aborts when the caller is gone or the deadline is over. May be a getter: it is read late. */
  readonly signal?: AbortSignal | undefined
}

/** How to reach a database and how much of it to use. */
export interface DatabaseOptions<Request extends object = RequestScope> {
  /** `postgres://user:password@host:port/database?sslmode=…`. With `shards`: where what has no shard is. */
  readonly url?: string
  /** URLs of streaming replicas: statements that only read go there, while they are not too far behind. */
  readonly replicas?: readonly string[]
  /** How far behind a replica may be, in milliseconds. Default: 1000. */
  readonly maxLagMs?: number
  /** Databases that divide the data among them. */
  readonly shards?: ShardsOptions<Request>
  /** Pipelined connections that the autocommit statements share. Default: 2. */
  readonly lanes?: number
  /** Most connections for transactions, streams and slow statements. Default: 10. */
  readonly pool?: number
  /** How long to wait for a connection, in milliseconds, before sqlstate 08001. Default: 3000. */
  readonly acquireTimeoutMs?: number
  /** The server's `statement_timeout`. Default: 30000. */
  readonly statementTimeoutMs?: number
  /** How long a pooled connection may be idle, in milliseconds. Default: 60000. */
  readonly idleTimeoutMs?: number
  /** How old a connection may get, in milliseconds, before another takes its place. Default: 1800000. */
  readonly maxLifetimeMs?: number
  /** The most statements that are kept prepared on a connection. Default: 500. */
  readonly preparedStatements?: number
  /** One's own codecs, by the names of PostgreSQL's types: `{ timestamptz: codecs.date }`. */
  readonly types?: Codecs
  /**
   * Whether what a statement leaves in its session is looked for after the first run of each text: settings, roles, locks,
   * temporary tables that a function or a trigger has made. Default: unless `NODE_ENV` is `production`.
   */
  readonly checkSessions?: boolean
  /** Is told of every statement. */
  readonly observer?: Observer
  /** Seen in `pg_stat_activity`. Default: `tricube`. */
  readonly applicationName?: string
}
