import type { Contract } from '../../contract/contract.ts'
import { isIdempotent } from '../../contract/operation.ts'
import { noBreaker, throttle, type Breaker } from '../../resilience/breaker.ts'
import { hedgeAfter, type HedgePolicy } from '../../resilience/hedge.ts'
import { latencies, type Latencies } from '../../resilience/latencies.ts'
import { OperationPace } from '../lanes/pace.ts'
import type { ClientOptions, OperationOptions } from '../types.ts'

/** What goes for all calls to one operation: looked up when the client is made, kept between its calls. */
export interface OperationPolicy {
  /** For messages: `user-service.getUser`. */
  readonly title: string
  readonly idempotent: boolean
  readonly timeoutMs: number | undefined
  readonly retries: number
  readonly breaker: Breaker
  readonly hedge: HedgePolicy
  readonly latencies: Latencies
  /** Whether its calls are short enough to share a connection. */
  readonly pace: OperationPace
  readonly fallback: OperationOptions['fallback']
}

/** Retries are made twice at most: gRPC's and Envoy's usual numbers are 2 to 5, and what two do not help, five do not. */
const defaultRetries = 2

/** Settles an operation's options: its own, over its service's, over the defaults. */
export function operationPolicy(contract: Contract, name: string, options: ClientOptions): OperationPolicy {
  const own: OperationOptions = options.operations?.[name] ?? {}
  const operation = contract.operations[name]!
  const { breaker = {} } = options
  const known = latencies()
  return {
    title: `${contract.name}.${name}`,
    idempotent: isIdempotent(operation),
    timeoutMs: own.timeoutMs ?? options.timeoutMs,
    retries: own.retries ?? options.retries ?? defaultRetries,
    breaker: breaker === false ? noBreaker : throttle(breaker),
    hedge: hedgeAfter((own.hedge ?? options.hedge)?.afterP, known),
    latencies: known,
    pace: new OperationPace(),
    fallback: own.fallback,
  }
}
