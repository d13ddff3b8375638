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
export type { BatchTag, BatchValue } from './bulk.ts'
export { type BucketMove, bucketMoves } from './buckets.ts'
export type { DatabaseStats, ReplicaStats } from './cluster.ts'
export { type Codec, type Codecs, codecs } from './codecs.ts'
export { database } from './database.ts'
export { DatabaseError } from './databaseError.ts'
export type { JsonText } from './encoders.ts'
export type { Drizzle, DrizzleResult } from './drizzle.ts'
export { type Fragment, type Fragments, type RowValues, sql, type SqlTag } from './fragment.ts'
export { httpErrorOf } from './httpError.ts'
export type { ObservedStatement, Observer } from './observer.ts'
export type { ShardOptions, ShardsOptions } from './shards.ts'
