import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** How a service knows a call of an operation that is idempotent by key when it comes again. */
export interface IdempotencyOptions {
  /**
   * Whose key it is: the same key of two callers names two calls. For example the user that a plugin's `onRequest` has
   * found. Default: the headers `authorization` and `cookie`, which are stored as a digest.
   */
  readonly scope?: IdempotencyScope
}

/** Says whose key it is. Undefined: everybody's, as for callers that nobody knows. */
export type IdempotencyScope = (request: FastifyRequest) => string | number | undefined

/** Compiles it: a digest, for what callers prove themselves with is not to be stored. */
export function compileScope({ scope = credentials }: IdempotencyOptions = {}): (request: FastifyRequest) => string {
  return (request) => digestOf(scope(request) ?? '')
}

function credentials({ headers: { authorization = '', cookie = '' } }: FastifyRequest): string | undefined {
  return authorization || cookie ? JSON.stringify([authorization, cookie]) : undefined
}

/** A digest of what JSON can hold. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
}
