import type { FastifyRequest } from 'fastify'
import type { Rule } from '../../../config/rule.ts'
import { either, oneOf, record, withMethods } from '../../../config/rules.ts'
import type { Callers } from '../../../auth/identity.ts'
import type { Contract } from '../../../contract/contract.ts'
import type { Operations } from '../../../contract/operation.ts'
import type { RateLimitStore } from './store.ts'

/** Options of the rate limits of a contract. */
export interface RateLimitOptions<Key extends string = string> {
  /**
   * Where requests are counted. `memory`: by each instance alone. `postgres`: by all instances, in the service's
   * database. Or a store such as `redisStore`. Default `memory`.
   */
  readonly store?: 'memory' | 'postgres' | RateLimitStore
  /** A function for each custom key that the contract names. */
  readonly keys?: Readonly<Record<Key, RateLimitKey>>
}

/**
 * Returns the key of a request, before its input is checked. It may be a verified claim of the callers that `auth` has
 * identified, such as `(_, { user }) => user?.tenant`. It may also be a header, or what a plugin's `onRequest` has found.
 * Undefined: the caller's address.
 */
export type RateLimitKey = (request: FastifyRequest, callers: Callers) => string | number | undefined

/** The custom keys that a contract names, for which its service needs a function. */
export type RateLimitKeys<Ops extends Operations> = {
  [Name in keyof Ops]: Ops[Name] extends { readonly rateLimit: { readonly key: infer Key extends string } }
    ? Exclude<Key, 'ip' | 'caller'>
    : never
}[keyof Ops]

/** The rule of `rateLimits.store`. */
export const storeRule: Rule = {
  ...either(oneOf(['memory', 'postgres']), withMethods('a store', ['take'])),
  expected: 'memory, postgres, or a store such as redisStore(…)',
}

/** The rule of `rateLimits.keys`: a function for each key that the contract names, and no other. */
export const keysRule: Rule = {
  ...record('functions by the names of keys'),
  problem(keys: Readonly<Record<string, unknown>> | undefined, path, definition) {
    const { contract } = definition as { contract: Contract }
    const named = new Set<unknown>(Object.values(contract.operations).map(({ rateLimit }) => rateLimit?.key))
    for (const key of named) {
      if (typeof key !== 'string' || key === 'ip' || key === 'caller' || typeof keys?.[key] === 'function') continue
      return `${path}.${key} is missing, a rateLimit of its contract has that key`
    }
    const unused = Object.keys(keys ?? {}).find((key) => !named.has(key) || key === 'caller')
    return unused && `${path}.${unused} belongs to no rateLimit of its contract`
  },
}
