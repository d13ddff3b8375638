import type { Contract } from '../contract/contract.ts'
import type { HttpError } from '../contract/httpError.ts'
import type { InputOf, Operation, Operations, ResultOf } from '../contract/operation.ts'
import type { EjectionOptions } from '../resilience/ejection.ts'
import type { RetryBudgetOptions } from '../resilience/retryBudget.ts'
import type { ThrottleOptions } from '../resilience/breaker.ts'
import type { CertificateFiles } from '../tls/certificates.ts'

/** The operations of another service, as functions. */
export type Client<Callee extends Contract> = ClientOf<Callee['operations']>

type ClientOf<Ops extends Operations> = { readonly [Name in keyof Ops]: Call<Ops[Name]> }

/**
 * Calls an operation and returns its typed value.
 *
 * Rejects with the class of error that the service answered with, with `ServiceUnavailable` 50300 when it cannot be
 * reached, `GatewayTimeout` when it does not answer in time, `BadGateway` when its answer is none.
 */
export type Call<Op extends Operation> = {} extends InputOf<Op> ? CallWithout<Op> : CallWith<Op>

/** A call whose input may be left out. */
interface CallWithout<Op extends Operation> {
  (input?: InputOf<Op>, options?: CallOptions<Op>): Promise<ResultOf<Op>>
  /** The same call, with the status and the headers of the response; a `fallback` does not take its place. */
  raw(input?: InputOf<Op>, options?: CallOptions<Op>): Promise<RawResult<Op>>
}

/** A call that needs an input. */
interface CallWith<Op extends Operation> {
  (input: InputOf<Op>, options?: CallOptions<Op>): Promise<ResultOf<Op>>
  /** The same call, with the status and the headers of the response; a `fallback` does not take its place. */
  raw(input: InputOf<Op>, options?: CallOptions<Op>): Promise<RawResult<Op>>
}

/** A value with the response that it came in. */
export interface RawResult<Op extends Operation = Operation> {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly value: ResultOf<Op>
}

/** What may be said of all calls to an operation. */
export interface OperationOptions<Op extends Operation = Operation> {
  /**
   * Milliseconds until a call is given up, retries included; never longer than what remains of the caller's own deadline.
   * Default: the operation's own `timeoutMs`, else 5000.
   */
  readonly timeoutMs?: number
  /** How often a call that failed may be made again, when that is safe. Default 2. */
  readonly retries?: number
  /**
   * Asks a second instance when the first takes longer than this percentile of the calls, for operations that may run
   * twice; paid from the budget of retries. Default: never.
   */
  readonly hedge?: { readonly afterP: number }
  /** What a call returns when the service is at fault: it cannot be reached, is late, or answers with 5xx. */
  readonly fallback?: (error: HttpError, input: InputOf<Op>) => ResultOf<Op> | Promise<ResultOf<Op>>
}

/** What may be said of one call. */
export interface CallOptions<Op extends Operation = Operation> extends OperationOptions<Op> {
  /** Gives it up. */
  readonly signal?: AbortSignal
  /** Where it should go, and where the calls that it causes should go. Default: the region of the request it serves. */
  readonly region?: string
  /** Names what is to happen once, whatever its method; the call may then be retried. At most 255 characters. */
  readonly idempotencyKey?: string
  /** Sent with it, besides the headers of the contract; what is undefined is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Calls with the same key go to the same instance under the balancer `consistent-hash`. */
  readonly hashKey?: string
}

/** How instances are chosen. */
export type BalancerName = 'p2c' | 'round-robin' | 'random' | 'least-loaded' | 'consistent-hash'

/** What may be said of all calls to a service. */
export interface ClientOptions<Callee extends Contract = Contract> extends Omit<OperationOptions, 'fallback'> {
  /** How instances are chosen. Default `p2c`: power of two choices by peak EWMA × calls in flight. */
  readonly balancer?: BalancerName
  /** When instances are left out. False: never. */
  readonly ejection?: Omit<EjectionOptions, 'random'> | false
  /** When calls are refused without being sent. False: never. */
  readonly breaker?: Omit<ThrottleOptions, 'random'> | false
  /** How many retries and hedges there may be for all calls together. False: no bound. */
  readonly retryBudget?: RetryBudgetOptions | false
  /** Most instances that one caller knows; none under `consistent-hash`. Default 100. False: all. */
  readonly subset?: number | false
  /** Whom to trust and who one is, where an instance speaks HTTPS. Default: the `tls` of the service that calls. */
  readonly tls?: CertificateFiles
  /** Largest answer, in bytes. Default 16 MiB. */
  readonly maxResponseBytes?: number
  /** Whether short calls that may be repeated share connections to instances that know how. Default: true. */
  readonly lanes?: boolean
  /** Whether answers are checked against the contract. Default: unless `NODE_ENV` is `production`. */
  readonly checkResponses?: boolean
  /**
   * Headers of the request that is being handled which its calls pass on, such as `['x-tenant']`. Pass on a secret only to
   * a service that may see it. Default: none.
   */
  readonly forward?: readonly string[]
  /** For single operations, over all of the above. */
  readonly operations?: { readonly [Name in keyof Callee['operations']]?: OperationOptions<Callee['operations'][Name]> }
}
