import { allItems } from './allItems.ts'
import type { AnyInput, Caller } from './call/call.ts'
import type { CallOptions, FileStream, RawResult } from './types.ts'

/** An operation, compiled into functions that call it for a caller. */
export interface CompiledCall {
  readonly run: (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<unknown>
  /** Resolves to the value with its response. */
  readonly raw: (caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<RawResult>
  /** Resolves to a file that is read while it arrives; undefined when it returns none. */
  readonly stream?: ((caller: Caller, input?: AnyInput, options?: CallOptions) => Promise<FileStream>) | undefined
  /** Whether it returns a list that is paginated by cursor. */
  readonly hasCursor: boolean
}

/** The client of one caller: a small object whose class has the operations. */
export class BoundClient {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** Returns the property of a client for an operation: `roles.getRole()` and `roles.getRole.raw()`. */
  static operation({ run, raw, stream, hasCursor }: CompiledCall): PropertyDescriptor {
    function boundRaw(this: BoundCall, input?: AnyInput, options?: CallOptions): Promise<RawResult> {
      return raw(this.boundTo, input, options)
    }
    return {
      enumerable: true,
      get(this: BoundClient): BoundCall {
        const caller = this.#caller
        // A closure for each access: only a function can be called and have the property `raw`.
        const call = ((input, options) => run(caller, input, options)) as BoundCall
        call.boundTo = caller
        call.raw = boundRaw
        if (stream) call.stream = (input, options) => stream(caller, input, options)
        if (hasCursor) call.all = (input, options) => allItems(call, input, options)
        return call
      },
    }
  }
}

/** An operation of a client, bound to its caller. */
interface BoundCall {
  (input?: AnyInput, options?: CallOptions): Promise<unknown>
  boundTo: Caller
  raw(input?: AnyInput, options?: CallOptions): Promise<RawResult>
  stream?(input?: AnyInput, options?: CallOptions): Promise<FileStream>
  all?(input?: AnyInput, options?: CallOptions): AsyncIterable<unknown>
}
