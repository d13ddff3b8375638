import type { Contract } from '../contract/contract.ts'
import type { Registry } from '../discovery/registry.ts'
import { clientClass } from './call.ts'
import { Endpoints } from './endpoints.ts'
import type { Client } from './types.ts'

/**
 * Calls a service from outside of one: a script, another framework.
 *
 * @example
 * await using roles = client(roleService, { registry: staticRegistry({ 'role-service': ['127.0.0.1:8020'] }) })
 * const role = await roles.getRole({ params: { id: 1 } })
 */
export function client<Callee extends Contract>(
  contract: Callee,
  { registry }: { readonly registry: Registry },
): Client<Callee> & AsyncDisposable {
  const endpoints = new Endpoints(contract.name, registry)
  const bound = new (clientClass(contract, endpoints.send))({})
  return Object.assign(bound, { [Symbol.asyncDispose]: () => endpoints[Symbol.asyncDispose]() })
}
