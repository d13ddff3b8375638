import type { Contract } from '../contract/contract.ts'
import type { InputOf, Operation, Operations, ResultOf } from '../contract/operation.ts'

/** The operations of another service, as functions. */
export type Client<Callee extends Contract> = ClientOf<Callee['operations']>

type ClientOf<Ops extends Operations> = { readonly [Name in keyof Ops]: Call<Ops[Name]> }

/**
 * Calls an operation and returns its typed value.
 *
 * Rejects with the class of error that the service answered with, with `ServiceUnavailable` 50300 when it cannot be
 * reached, `GatewayTimeout` when it does not answer in time, `BadGateway` when its answer is none.
 */
export type Call<Op extends Operation> =
  {} extends InputOf<Op>
    ? (input?: InputOf<Op>, options?: CallOptions) => Promise<ResultOf<Op>>
    : (input: InputOf<Op>, options?: CallOptions) => Promise<ResultOf<Op>>

/** What may be said of one call. */
export interface CallOptions {
  /** Milliseconds until it is given up; never longer than what remains of the caller's own deadline. */
  readonly timeoutMs?: number
  /** Gives it up. */
  readonly signal?: AbortSignal
}
