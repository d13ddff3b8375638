import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { callerKeyOf } from '../../../auth/identity.ts'

/** How a service recognizes a repeated call of an operation that is idempotent by key. */
export interface IdempotencyOptions {
  /**
   * Identifies the caller, for example by the user that a plugin's `onRequest` has found. The same key of two callers
   * means two calls. Default, and where it returns undefined: the caller that `auth` has identified. Default for a public
   * operation: the headers `authorization`, `cookie` and `x-api-key`. A digest is stored.
   */
  readonly scope?: IdempotencyScope
}

/** Returns the caller's identity. Undefined for anonymous callers, who share their keys. */
export type IdempotencyScope = (request: FastifyRequest) => string | number | undefined

/** Compiles a scope. It returns a digest, so that credentials are not stored. */
export function compileScope({ scope = callerOf }: IdempotencyOptions = {}): (request: FastifyRequest) => string {
  return (request) => digestOf(scope(request) ?? callerKeyOf(request) ?? '')
}

/** A renewed token is the same caller, so that a retry with it gets the result of the first call. */
function callerOf(request: FastifyRequest): string | undefined {
  return callerKeyOf(request) ?? credentials(request)
}

function credentials({ headers }: FastifyRequest): string | undefined {
  const { authorization = '', cookie = '', 'x-api-key': key } = headers
  // Without a key the digest is that of earlier versions, whose results are stored.
  return authorization || cookie || key ? JSON.stringify([authorization, cookie, ...(key ? [key] : [])]) : undefined
}

/** Returns the digest of a JSON value. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(value) ?? '')
    .digest('base64url')
}
