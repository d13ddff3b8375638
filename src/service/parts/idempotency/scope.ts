import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** How a service recognizes a repeated call of an operation that is idempotent by key. */
export interface IdempotencyOptions {
  /**
   * Identifies the caller, for example by the user that a plugin's `onRequest` has found. The same key of two callers
   * means two calls. Default: the headers `authorization` and `cookie`, which are stored as a digest.
   */
  readonly scope?: IdempotencyScope
}

/** Returns the caller's identity. Undefined for anonymous callers, who share their keys. */
export type IdempotencyScope = (request: FastifyRequest) => string | number | undefined

/** Compiles a scope. It returns a digest, so that credentials are not stored. */
export function compileScope({ scope = credentials }: IdempotencyOptions = {}): (request: FastifyRequest) => string {
  return (request) => digestOf(scope(request) ?? '')
}

function credentials({ headers: { authorization = '', cookie = '' } }: FastifyRequest): string | undefined {
  return authorization || cookie ? JSON.stringify([authorization, cookie]) : undefined
}

/** Returns the digest of a JSON value. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
}
