import type { CallOptions } from '../client/types.ts'
import type { Contract } from '../contract/contract.ts'
import type { InputOf, Operation, Operations, OutputOf, ResponseHeadersOf } from '../contract/operation.ts'
import type { ResponseOf } from '../contract/responseForm.ts'
import type { OtherDataOf, StatusOf } from '../contract/responses.ts'

/** The operations of the service under test, as functions that return the whole response. */
export type TestClient<Tested extends Contract> = TestClientOf<Tested['operations']>

type TestClientOf<Ops extends Operations> = { readonly [Name in keyof Ops]: TestCall<Ops[Name]> }

/** Calls an operation in-process; rejects with the error class of the response. */
export type TestCall<Op extends Operation> =
  {} extends InputOf<Op>
    ? (input?: InputOf<Op>, options?: TestCallOptions) => Promise<TestResponse<Op>>
    : (input: InputOf<Op>, options?: TestCallOptions) => Promise<TestResponse<Op>>

/** Options of one call of the service under test. */
export type TestCallOptions = Pick<CallOptions, 'headers' | 'idempotencyKey' | 'region' | 'timeoutMs'>

/** A response, without its envelope. */
export interface TestResponse<Op extends Operation> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly data: ResponseOf<Op>['data'] | OtherDataOf<Op>
  /** The page; undefined unless the operation is paginated. */
  readonly pagination: ResponseOf<Op>['pagination']
}

/** The mocks of another service's operations. */
export type Mocks<Callee extends Contract> = MocksOf<Callee['operations']>

type MocksOf<Ops extends Operations> = { readonly [Name in keyof Ops]: Mock<Ops[Name]> }

/** A response of a mock. */
export interface MockedResponse<Op extends Operation> {
  /** Default: the status of success. */
  readonly status?: StatusOf<Op> | 304
  readonly headers?: Partial<ResponseHeadersOf<Op>> & Readonly<Record<string, unknown>>
  readonly value?: OutputOf<Op>
}

/** The mock of one operation of another service. What it returns is checked against the contract. */
export interface Mock<Op extends Operation> {
  /** Responds to every call with a value. */
  returns(value: OutputOf<Op>): void
  /** Responds to every call with a status, headers and a value. */
  responds(response: MockedResponse<Op>): void
  /** Fails every call with an error. */
  throws(error: Error): void
  /** Responds to each call with what the function returns, or fails it with what the function throws. */
  implement(fn: (call: MockedCall<Op>) => OutputOf<Op> | Promise<OutputOf<Op>>): void
  /** The calls so far, in order. */
  readonly calls: readonly MockedCall<Op>[]
}

/** A call of a mock: its input, and what a real call would also have sent. */
export type MockedCall<Op extends Operation> = InputOf<Op> & {
  /** Headers of the contract, of the call and of `forward`; undefined when there are none. */
  readonly headers?: Readonly<Record<string, unknown>>
  readonly idempotencyKey?: string
}
