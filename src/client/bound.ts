import type { AnyInput, Caller } from './call/call.ts'
import type { CallOptions, RawResult } from './types.ts'

/** An operation, as it is called on behalf of somebody. */
export interface CompiledCall {
  readonly run: (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<unknown>
  /** With the response that the value came in. */
  readonly raw: (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<RawResult>
}

/** A client that makes its calls on behalf of somebody: one small object for each caller. */
export class Bound {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** The property of a client that is an operation: `roles.getRole()` and `roles.getRole.raw()`. */
  static operation({ run, raw }: CompiledCall): PropertyDescriptor {
    function boundRaw(this: BoundCall, input?: AnyInput, options?: CallOptions): Promise<RawResult> {
      return raw(this.boundTo, input, options)
    }
    return {
      enumerable: true,
      get(this: Bound): BoundCall {
        const caller = this.#caller
        // One function a call, as nothing else knows its caller and can have a property.
        const call = ((input, options) => run(caller, input, options)) as BoundCall
        call.boundTo = caller
        call.raw = boundRaw
        return call
      },
    }
  }
}

/** A call of a client, which knows for whom it is made. */
interface BoundCall {
  (input?: AnyInput, options?: CallOptions): Promise<unknown>
  boundTo: Caller
  raw(input?: AnyInput, options?: CallOptions): Promise<RawResult>
}
