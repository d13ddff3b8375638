import type { Contract } from '../contract/contract.ts'
import type { AnyInput, Caller } from './call/call.ts'
import type { CompiledCall } from './boundClient.ts'
import type { CallOptions } from './types.ts'

/** Wraps a call, so that a caller that is idempotent by key knows of it and provides its key. */
export function keyed(contract: Contract, name: string, { run, raw, stream, hasCursor }: CompiledCall): CompiledCall {
  const title = `${contract.name}.${name}`
  // Only for these: a key makes a call look safe to retry, and other operations would run twice.
  const takesKey = contract.operations[name]!.idempotent === 'by key'
  const through =
    <T>(make: (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<T>): typeof make =>
    (caller, input, options) => {
      if (!caller.keyed) return make(caller, input, options)
      return caller.keyed.call(title, (key) => make(caller, input, takesKey ? withKey(key, options) : options))
    }
  return { run: through(run), raw: through(raw), stream: stream && through(stream), hasCursor }
}

function withKey(key: string, options: CallOptions = {}): CallOptions {
  return { ...options, idempotencyKey: options.idempotencyKey ?? key }
}
