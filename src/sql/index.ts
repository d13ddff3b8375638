export type {
  AnyRow,
  Database,
  DatabaseOptions,
  DatabaseShards,
  Listening,
  ListenOptions,
  RequestScope,
  ShardResult,
  Sql,
  StatementOptions,
  Transaction,
  TransactionLimits,
  TransactionOptions,
} from './api.ts'
export type { BatchTag, BatchValue } from './statement/bulk.ts'
export { type BucketMove, bucketMoves } from './buckets.ts'
export type { DatabaseStats, ReplicaStats } from './pool/cluster.ts'
export { type Codec, type Codecs, codecs } from './values/codecs.ts'
export { database } from './database.ts'
export { DatabaseError } from './errors/databaseError.ts'
export type { JsonText } from './values/encoders.ts'
export type { Drizzle, DrizzleResult } from './statement/drizzle.ts'
export { type Fragment, type Fragments, type RowValues, sql, type SqlTag } from './text/fragment.ts'
export { httpErrorOf } from './errors/httpError.ts'
export type { ObservedStatement, Observer } from './statement/observer.ts'
export type { ShardOptions, ShardsOptions } from './shards.ts'
