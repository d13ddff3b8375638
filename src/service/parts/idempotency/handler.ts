import type { FastifyRequest } from 'fastify'
import type { Database } from '../../../sql/index.ts'
import type { Keyed, RequestScope } from '../../part.ts'

/** A request of an operation that is idempotent by key. */
export interface KeyedScope extends Omit<RequestScope, 'keyed' | 'request'> {
  readonly request: FastifyRequest
  readonly db: Database
  keyed: Keyed | undefined
}

/** A handler of any operation. */
export type KeyedHandler = (scope: KeyedScope) => unknown
