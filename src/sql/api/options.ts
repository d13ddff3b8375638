import type { Codecs } from '../values/codecs.ts'
import type { Observer, RequestScope } from './observer.ts'
import type { Outlet } from './outlet.ts'

/** How to reach a database, and how many connections to use. */
export interface DatabaseOptions<Request extends object = RequestScope> {
  /** `postgres://user:password@host:port/database?sslmode=…`. With `shards`: the database for data without a shard. */
  readonly url?: string
  /** URLs of streaming replicas. They run statements that only read, while they are up to date. */
  readonly replicas?: readonly string[]
  /** Replication lag up to which a replica is used, in milliseconds. Default: 1000. */
  readonly maxLagMs?: number
  /** Databases among which the data is divided. */
  readonly shards?: ShardsOptions<Request>
  /** Pipelined connections that statements outside transactions share. Default: 2. */
  readonly lanes?: number
  /** Maximum of connections for transactions, streams and slow statements. Default: 10. */
  readonly pool?: number
  /** Milliseconds to wait for a connection before sqlstate 08001. Default: 3000. */
  readonly acquireTimeoutMs?: number
  /** The server's `statement_timeout`, in milliseconds. Default: 30000. */
  readonly statementTimeoutMs?: number
  /** Milliseconds after which an idle pooled connection is closed. Default: 60000. */
  readonly idleTimeoutMs?: number
  /** Milliseconds after which a connection is replaced. Default: 1800000. */
  readonly maxLifetimeMs?: number
  /** Maximum of prepared statements on a connection. Default: 500. */
  readonly preparedStatements?: number
  /** Your own codecs, by the names of PostgreSQL's types: `{ timestamptz: codecs.date }`. */
  readonly types?: Codecs
  /**
   * Whether the first run of each statement is checked for what it leaves in the session: settings, roles, locks, and
   * temporary tables, also those of functions and triggers. Default: true unless `NODE_ENV` is `production`.
   */
  readonly checkSessions?: boolean
  /** Observes all statements. */
  readonly observer?: Observer
  /** Stores enqueued jobs. Default: `enqueue` throws. */
  readonly outlet?: Outlet
  /** Shown in `pg_stat_activity`. Default: `tricube`. */
  readonly applicationName?: string
}

/** The databases of one shard. */
export interface ShardOptions {
  readonly url: string
  readonly replicas?: readonly string[]
}

/** How data is divided among databases. */
export interface ShardsOptions<Request extends object = RequestScope> {
  /** Returns the key of a request's data. Without `hash` it is the name of the shard. */
  readonly key?: (request: Request) => string | number | undefined
  /** The databases by shard name. */
  readonly map: Readonly<Record<string, string | ShardOptions>>
  /**
   * Divides keys by hash over this many buckets, and the buckets evenly over the shards. Never change it once there is
   * data. Adding or removing a shard moves as few buckets as possible, see `bucketMoves`.
   */
  readonly hash?: number
}
