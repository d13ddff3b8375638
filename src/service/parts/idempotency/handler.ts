import type { FastifyRequest } from 'fastify'
import type { Database } from '../../../sql/index.ts'
import type { Keyed, RequestScope } from '../../part.ts'

/** A request that may be handled once for its key. */
export interface KeyedScope extends Omit<RequestScope, 'keyed' | 'request'> {
  readonly request: FastifyRequest
  readonly db: Database
  keyed: Keyed | undefined
}

/** A handler, before the types say of what. */
export type KeyedHandler = (scope: KeyedScope) => unknown
