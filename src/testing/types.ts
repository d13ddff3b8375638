import type { CallOptions } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import type { InputOf, Operation, Operations, OutputOf } from '../contract/operation.ts'
import type { ResponseOf } from '../contract/responseForm.ts'

/** The operations of the service under test, as functions that return the whole answer. */
export type TestClient<Tested extends Contract> = TestClientOf<Tested['operations']>

type TestClientOf<Ops extends Operations> = { readonly [Name in keyof Ops]: TestCall<Ops[Name]> }

/** Calls an operation in-process; rejects with the class of error that the service answered with. */
export type TestCall<Op extends Operation> =
  {} extends InputOf<Op>
    ? (input?: InputOf<Op>, options?: TestCallOptions) => Promise<TestAnswer<Op>>
    : (input: InputOf<Op>, options?: TestCallOptions) => Promise<TestAnswer<Op>>

/** What may be said of one call of the service under test. */
export type TestCallOptions = Pick<CallOptions, 'headers' | 'idempotencyKey' | 'region' | 'timeoutMs'>

/** An answer, taken out of its envelope. */
export interface TestAnswer<Op extends Operation> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly data: ResponseOf<Op>['data']
  /** Of a paginated operation. */
  readonly pagination: ResponseOf<Op>['pagination']
}

/** Stand-ins for the operations of another service. */
export type Mocks<Callee extends Contract> = MocksOf<Callee['operations']>

type MocksOf<Ops extends Operations> = { readonly [Name in keyof Ops]: Mock<Ops[Name]> }

/** A stand-in for one operation of another service; what it gives is checked against the contract. */
export interface Mock<Op extends Operation> {
  /** Answers every call with this. */
  returns(value: OutputOf<Op>): void
  /** Fails every call with this. */
  throws(error: Error): void
  /** Answers each call with what the function returns, or fails it with what it throws. */
  implement(fn: (call: MockedCall<Op>) => OutputOf<Op> | Promise<OutputOf<Op>>): void
  /** What it was called with, in order. */
  readonly calls: readonly MockedCall<Op>[]
}

/** What a stand-in was called with: the input, and what else the call would have sent. */
export type MockedCall<Op extends Operation> = InputOf<Op> & {
  /** Those of the contract, of the call and of `forward`; undefined when there are none. */
  readonly headers?: Readonly<Record<string, unknown>>
  readonly idempotencyKey?: string
}
