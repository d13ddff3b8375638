import type { Contract } from '../contract/contract.ts'
import { staticRegistry } from '../discovery/static.ts'
import { Certificates } from '../tls/certificates.ts'
import { ambient } from '../trace/ambient.ts'
import type { Span } from '../trace/span.ts'
import type { Caller } from './call/call.ts'
import { addHeaders } from './call/headers.ts'
import { clientClass } from './clientClass.ts'
import { checkStandalone, type StandaloneOptions } from './options.ts'
import { loadUndici } from './target/endpoint.ts'
import { Target } from './target/target.ts'
import type { Client, ClientOptions } from './types.ts'

/**
 * Returns a client that calls a service from a script or from another framework. Handlers have `ctx.clients` instead.
 *
 * Dispose of the client to close its connections.
 *
 * @throws {TypeError} when an option is unknown or has an invalid value
 *
 * @example
 * await using roles = client(roleService, { url: 'http://127.0.0.1:8020', headers: { authorization: 'Bearer …' } })
 * const role = await roles.getRole({ params: { id: 1 } })
 */
export function client<Callee extends Contract>(
  contract: Callee,
  options: StandaloneOptions<Callee>,
): Client<Callee> & { [Symbol.asyncDispose](): Promise<void> } {
  checkStandalone(contract, options as StandaloneOptions<Contract>)
  const { url, headers, registry = staticRegistry({ [contract.name]: [new URL(url!).origin] }) } = options
  void loadUndici()
  const certificates = new Certificates(options.tls)
  const target = new Target(contract, registry, options as ClientOptions, options, certificates)
  const bound = new (clientClass(contract, target, options as ClientOptions & Pick<typeof options, 'token'>))(
    headers ? withHeaders(`client(${contract.name})`, headers) : outside,
  )
  return Object.assign(bound, {
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]()
      certificates.close()
    },
  })
}

/** A caller without a request. The parent of its spans is the function that makes the call, if it is `traced`. */
const outside: Caller = {
  get span(): Span | undefined {
    return ambient.scope?.span
  },
}

/** Returns a caller that adds headers to each call. Headers of the call replace them. */
function withHeaders(subject: string, headers: NonNullable<StandaloneOptions<Contract>['headers']>): Caller {
  const current = typeof headers === 'function' ? headers : () => headers
  return Object.assign(Object.create(outside) as Caller, {
    propagate: (all: Record<string, string>) => addHeaders(subject, all, current()),
  })
}
