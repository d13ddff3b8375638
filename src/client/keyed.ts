import type { Contract } from '../contract/contract.ts'
import type { AnyInput, Caller } from './call/call.ts'
import type { CompiledCall } from './bound.ts'
import type { CallOptions } from './types.ts'

/** Has a caller that runs once for its key know of the calls that it makes, and give them keys of their own. */
export function keyed(contract: Contract, name: string, { run, raw }: CompiledCall): CompiledCall {
  const title = `${contract.name}.${name}`
  // What does not know keys would be called again, and do it again, because of one.
  const takesKey = contract.operations[name]!.idempotent === 'by key'
  const through =
    <T>(make: (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<T>): typeof make =>
    (caller, input, options) => {
      if (!caller.keyed) return make(caller, input, options)
      return caller.keyed.call(title, (key) => make(caller, input, takesKey ? withKey(key, options) : options))
    }
  return { run: through(run), raw: through(raw) }
}

function withKey(key: string, options: CallOptions = {}): CallOptions {
  return { ...options, idempotencyKey: options.idempotencyKey ?? key }
}
