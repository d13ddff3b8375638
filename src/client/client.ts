import type { Contract } from '../contract/contract.ts'
import type { Registry } from '../discovery/registry.ts'
import { Certificates } from '../tls/certificates.ts'
import { ambient } from '../trace/ambient.ts'
import type { Span } from '../trace/span.ts'
import type { Caller } from './call/call.ts'
import { clientClass } from './clientClass.ts'
import { loadUndici } from './target/endpoint.ts'
import type { Whereabouts } from './target/members.ts'
import { Target } from './target/target.ts'
import type { Client, ClientOptions } from './types.ts'

/** Where the service is found, and how it is called. */
export interface StandaloneOptions<Callee extends Contract>
  extends Omit<ClientOptions<Callee>, 'forward'>, Whereabouts {
  readonly registry: Registry
}

/**
 * Calls a service from outside of one: a script, another framework.
 *
 * @example
 * await using roles = client(roleService, { registry: staticRegistry({ 'role-service': ['127.0.0.1:8020'] }) })
 * const role = await roles.getRole({ params: { id: 1 } })
 */
export function client<Callee extends Contract>(
  contract: Callee,
  options: StandaloneOptions<Callee>,
): Client<Callee> & { [Symbol.asyncDispose](): Promise<void> } {
  void loadUndici()
  const certificates = new Certificates(options.tls)
  const target = new Target(contract, options.registry, options as ClientOptions, options, certificates)
  const bound = new (clientClass(contract, target, options as ClientOptions))(outside)
  return Object.assign(bound, {
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]()
      certificates.close()
    },
  })
}

/** Nobody's request. Its calls are under the function that makes them, where `traced` has made that known. */
const outside: Caller = {
  get span(): Span | undefined {
    return ambient.scope?.span
  },
}
