import type { FastifyRequest } from 'fastify'
import type { Rule } from '../../../config/rule.ts'
import { either, oneOf, record, withMethods } from '../../../config/rules.ts'
import type { Contract } from '../../../contract/contract.ts'
import type { Operations } from '../../../contract/operation.ts'
import type { RateLimitStore } from './store.ts'

/** What a service says of the rate limits of its contract. */
export interface RateLimitOptions<Key extends string = string> {
  /**
   * Where requests are counted: `memory`, by each instance for itself; `postgres`, in the service's database by all of its
   * instances together; or a store such as `redisStore`. Default `memory`.
   */
  readonly store?: 'memory' | 'postgres' | RateLimitStore
  /** The keys that the contract names and that need code, all of them. */
  readonly keys?: Readonly<Record<Key, RateLimitKey>>
}

/**
 * Says who is counted, from what is known before the input is checked: headers, address, what a plugin's `onRequest` has
 * found out of the caller. Undefined: the caller's address.
 */
export type RateLimitKey = (request: FastifyRequest) => string | number | undefined

/** The keys that a contract's operations name and that its service has to give. */
export type RateLimitKeys<Ops extends Operations> = {
  [Name in keyof Ops]: Ops[Name] extends { readonly rateLimit: { readonly key: infer Key extends string } }
    ? Exclude<Key, 'ip'>
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
  problem(keys: Readonly<Record<string, unknown>> | undefined, path, whole) {
    const { contract } = whole as { contract: Contract }
    const named = new Set<unknown>(Object.values(contract.operations).map(({ rateLimit }) => rateLimit?.key))
    for (const key of named) {
      if (typeof key !== 'string' || key === 'ip' || typeof keys?.[key] === 'function') continue
      return `${path}.${key} is missing, a rateLimit of its contract has that key`
    }
    const nobodys = Object.keys(keys ?? {}).find((key) => !named.has(key))
    return nobodys && `${path}.${nobodys} belongs to no rateLimit of its contract`
  },
}
