import type { Contract } from '../contract/contract.ts'
import type { Download } from '../contract/file.ts'
import type { HttpError } from '../contract/httpError.ts'
import type { InputOf, Operation, Operations, ResponseHeadersOf, ResultOf } from '../contract/operation.ts'
import type { ResponseOf } from '../contract/responseForm.ts'
import type { DataOf, StatusOf } from '../contract/responses.ts'
import type { Schema, SchemaOutput } from '../schema/standard/spec.ts'
import type { EjectionOptions } from '../resilience/ejection.ts'
import type { RetryBudgetOptions } from '../resilience/retryBudget.ts'
import type { ThrottleOptions } from '../resilience/breaker.ts'
import type { CertificateFiles } from '../tls/certificates.ts'

/** The operations of another service, as functions. */
export type Client<Callee extends Contract> = ClientOf<Callee['operations']>

type ClientOf<Ops extends Operations> = { readonly [Name in keyof Ops]: Call<Ops[Name]> }

/**
 * Calls an operation and resolves to its typed value.
 *
 * It rejects with the error class of the response. Without a usable response, it rejects with one of these:
 *
 * - `ServiceUnavailable` with code 50300 when the service cannot be reached
 * - `GatewayTimeout` when the service does not respond in time
 * - `BadGateway` when the response is invalid, too large or a redirect
 */
export type Call<Op extends Operation> = ({} extends InputOf<Op> ? CallWithout<Op> : CallWith<Op>) &
  (Op['paginated'] extends 'cursor' ? CallAll<Op> : Op['returns'] extends Download ? CallStream<Op> : unknown)

/** A call of a list that is paginated by cursor. */
interface CallAll<Op extends Operation> {
  /**
   * Iterates over all items from here on. Each page is a call, made when its items are needed.
   *
   * @example
   * for await (const order of orders.listOrders.all({ query: { size: 100 } })) await archive(order)
   */
  all(
    ...args: {} extends InputOf<Op>
      ? [input?: InputOf<Op>, options?: CallOptions<Op>]
      : [input: InputOf<Op>, options?: CallOptions<Op>]
  ): AsyncIterable<SchemaOutput<Extract<Op['returns'], Schema>>>
}

/** A call of a file. */
interface CallStream<Op extends Operation> {
  /**
   * Makes the same call, and resolves when the file begins. Its bytes arrive as fast as you read them, however many there
   * are. `timeoutMs` is for the beginning, and then for each wait for more. It ignores `fallback`.
   *
   * Read the file to its end, or cancel it.
   *
   * @example
   * const { value } = await photos.getPhoto.stream({ params: { id: 1 } })
   * await writeFile('photo.png', value)
   */
  stream(
    ...args: {} extends InputOf<Op>
      ? [input?: InputOf<Op>, options?: CallOptions<Op>]
      : [input: InputOf<Op>, options?: CallOptions<Op>]
  ): Promise<FileStream<Op>>
}

/** A file that is read while it arrives, with the status and the headers of its response. It is empty with a 304. */
export interface FileStream<Op extends Operation = Operation> {
  readonly status: number
  /** By name, in lower case. */
  readonly headers: RawHeaders<Op>
  readonly value: ReadableStream<Uint8Array>
}

/** A call of an operation that needs no input. */
export interface CallWithout<Op extends Operation> {
  (input?: InputOf<Op>, options?: CallOptions<Op>): Promise<ResultOf<Op>>
  /** Makes the same call, and resolves to the status, the headers and the value. It ignores `fallback`. */
  raw(input?: InputOf<Op>, options?: CallOptions<Op>): Promise<RawResult<Op>>
}

/** A call of an operation that needs input. */
export interface CallWith<Op extends Operation> {
  (input: InputOf<Op>, options?: CallOptions<Op>): Promise<ResultOf<Op>>
  /** Makes the same call, and resolves to the status, the headers and the value. It ignores `fallback`. */
  raw(input: InputOf<Op>, options?: CallOptions<Op>): Promise<RawResult<Op>>
}

/**
 * A value with the status and the headers of its response. With `responses`, `status` tells which value it is. The result
 * of a GET with `etag` may be a 304, whose value is undefined.
 */
export type RawResult<Op extends Operation = Operation> = Op['responses'] extends object
  ? { [Status in StatusOf<Op>]: RawResponse<Op, Status, DataByStatus<Op, Status>> }[StatusOf<Op>] | NotModified<Op>
  : [NotModified<Op>] extends [never]
    ? RawResponse<Op, number, ResultOf<Op>>
    : RawResponse<Op, StatusOf<Op>, ResultOf<Op>> | NotModified<Op>

/** One of the responses of an operation. */
export interface RawResponse<Op extends Operation, Status extends number, Value> {
  readonly status: Status
  /** By name, in lower case. */
  readonly headers: RawHeaders<Op>
  readonly value: Value
}

type NotModified<Op extends Operation> = Op['etag'] extends true
  ? Op['route'] extends `GET ${string}`
    ? RawResponse<Op, 304, undefined>
    : never
  : never

type DataByStatus<Op extends Operation, Status> = Status extends keyof Op['responses']
  ? DataOf<Op['responses'][Status]>
  : ResponseOf<Op>['result']

/** Headers of the contract have the types of their schemas. */
type RawHeaders<Op extends Operation> = Op['responseHeaders'] extends object
  ? Readonly<ResponseHeadersOf<Op>> & Readonly<Record<string, unknown>>
  : Readonly<Record<string, string | string[] | undefined>>

/** Options of all calls to one operation. */
export interface OperationOptions<Op extends Operation = Operation> {
  /**
   * The time limit of a call in milliseconds, retries included. A call never takes longer than what remains of the deadline
   * of the request that makes it. Default: the `timeoutMs` of the operation, or 5000.
   */
  readonly timeoutMs?: number
  /** The most retries of a failed call. A call is retried only when that is safe. Default 2. */
  readonly retries?: number
  /**
   * Sends a call to a second instance when the first takes longer than this percentile of the calls. It applies to
   * idempotent operations, and counts as a retry in the retry budget. Default: never.
   */
  readonly hedge?: { readonly afterP: number }
  /** Returns the result of a call when the service cannot be reached, does not respond in time, or responds with 5xx. */
  readonly fallback?: (error: HttpError, input: InputOf<Op>) => ResultOf<Op> | Promise<ResultOf<Op>>
}

/** Options of one call. */
export interface CallOptions<Op extends Operation = Operation> extends OperationOptions<Op> {
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined
  /** The region for this call and for the calls that it causes. Default: the region of the request that makes it. */
  readonly region?: string | undefined
  /** Names the effect of the call, which then happens once, so that any method may be retried. At most 255 characters. */
  readonly idempotencyKey?: string | undefined
  /** Headers besides those of the contract. Headers that are undefined are left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** Calls with the same key go to the same instance, with the balancer `consistent-hash`. */
  readonly hashKey?: string
}

/** Where calls of a service go, and what they carry. Functions get the settings of the calling service. */
export interface CalleeOptions<Settings = never> {
  /** Headers of all calls, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | ((settings: Settings) => Readonly<Record<string, string>>)
  /** The URL of an external API, instead of the one in its contract: for a sandbox, or another region. */
  readonly url?: string | ((settings: Settings) => string)
}

/** The algorithm that chooses an instance for a call. */
export type BalancerName = 'p2c' | 'round-robin' | 'random' | 'least-loaded' | 'consistent-hash'

/** Options of all calls to one service. */
export interface ClientOptions<Callee extends Contract = Contract> extends Omit<OperationOptions, 'fallback'> {
  /** The algorithm that chooses an instance. Default `p2c`: power of two choices by peak EWMA × calls in flight. */
  readonly balancer?: BalancerName
  /** When failing instances are ejected. False: never. */
  readonly ejection?: Omit<EjectionOptions, 'random'> | false
  /** When the circuit breaker rejects calls without sending them. False: never. */
  readonly breaker?: Omit<ThrottleOptions, 'random'> | false
  /** The most retries and hedges of all calls together. False: no limit. */
  readonly retryBudget?: RetryBudgetOptions | false
  /** The most instances that one caller uses. `consistent-hash` always uses all. Default 100. False: all. */
  readonly subset?: number | false
  /** The certificates for instances that speak HTTPS. Default: the `tls` of the calling service. */
  readonly tls?: CertificateFiles
  /** The largest response body in bytes. Default 16 MiB. */
  readonly maxResponseBytes?: number
  /** Whether short idempotent calls share connections to instances that support it. Default: true. */
  readonly lanes?: boolean
  /** Whether responses are checked against the contract. Default: true, except if `NODE_ENV` is `production`. */
  readonly checkResponses?: boolean
  /**
   * The names of headers that calls forward from the request that makes them, such as `['x-tenant']`. Forward a secret only
   * to a service that may see it. Default: none.
   */
  readonly forward?: readonly string[]
  /** Options of single operations, which override the ones above. */
  readonly operations?: { readonly [Name in keyof Callee['operations']]?: OperationOptions<Callee['operations'][Name]> }
}
