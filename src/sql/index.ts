export type {
  AnyRow,
  Database,
  DatabaseOptions,
  RequestScope,
  Sql,
  StatementOptions,
  Transaction,
  TransactionOptions,
} from './api.ts'
export { database } from './database.ts'
export { DatabaseError } from './databaseError.ts'
export { type Fragment, type Fragments, type RowValues, sql, type SqlTag } from './fragment.ts'
export { httpErrorOf } from './httpError.ts'
