import type { Codecs } from '../values/codecs.ts'
import type { Observer, RequestScope } from './observer.ts'
import type { Outlet } from './outlet.ts'

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
  /** Stores what is enqueued. Default: nothing can be. */
  readonly outlet?: Outlet
  /** Seen in `pg_stat_activity`. Default: `tricube`. */
  readonly applicationName?: string
}

/** Where a shard is. */
export interface ShardOptions {
  readonly url: string
  readonly replicas?: readonly string[]
}

/** How data is divided among databases. */
export interface ShardsOptions<Request extends object = RequestScope> {
  /** The key of a request's data; without `hash` it is the name of the shard. */
  readonly key?: (request: Request) => string | number | undefined
  /** The databases by their names. */
  readonly map: Readonly<Record<string, string | ShardOptions>>
  /**
   * Divides keys by hash over this many buckets, and the buckets evenly over the shards. Never change it once there are
   * data; a shard that is added or taken away moves as few buckets as possible, see `bucketMoves`.
   */
  readonly hash?: number
}
