export type {
  AnyRow,
  Database,
  DatabaseOptions,
  Listening,
  ListenOptions,
  RequestScope,
  Sql,
  StatementOptions,
  Transaction,
  TransactionOptions,
} from './api.ts'
export type { BatchTag, BatchValue } from './bulk.ts'
export { database } from './database.ts'
export { DatabaseError } from './databaseError.ts'
export type { Drizzle } from './drizzle.ts'
export { type Fragment, type Fragments, type RowValues, sql, type SqlTag } from './fragment.ts'
export { httpErrorOf } from './httpError.ts'
export type { ObservedStatement, Observer } from './observer.ts'
export type { ServerStats } from './server.ts'
export { type Codec, type Codecs, codecs } from './types.ts'
