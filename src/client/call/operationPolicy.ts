import type { Contract } from '../../contract/contract.ts'
import { isIdempotent } from '../../contract/operation.ts'
import { noBreaker, throttle, type Breaker } from '../../resilience/breaker.ts'
import { hedgeAfter, type HedgePolicy } from '../../resilience/hedge.ts'
import { latencies, type Latencies } from '../../resilience/latencies.ts'
import { OperationLatency } from '../lanes/latency.ts'
import type { ClientOptions, OperationOptions } from '../types.ts'

/** The policies and statistics of all calls to one operation, made with the client. */
export interface OperationPolicy {
  readonly idempotent: boolean
  readonly timeoutMs: number | undefined
  readonly retries: number
  readonly breaker: Breaker
  readonly hedge: HedgePolicy
  readonly latencies: Latencies
  /** Decides whether its calls are short enough to share a connection. */
  readonly typical: OperationLatency
  readonly fallback: OperationOptions['fallback']
}

/** The default number of retries. gRPC and Envoy use 2 to 5. A call that two retries do not save is not saved by five. */
const defaultRetries = 2

/** Returns the policy of an operation. Its own options come before those of its service, and these before the defaults. */
export function operationPolicy(contract: Contract, name: string, options: ClientOptions): OperationPolicy {
  const own: OperationOptions = options.operations?.[name] ?? {}
  const operation = contract.operations[name]!
  const { breaker = {} } = options
  const known = latencies()
  return {
    idempotent: isIdempotent(operation),
    timeoutMs: own.timeoutMs ?? options.timeoutMs,
    retries: own.retries ?? options.retries ?? defaultRetries,
    breaker: breaker === false ? noBreaker : throttle(breaker),
    hedge: hedgeAfter((own.hedge ?? options.hedge)?.afterP, known),
    latencies: known,
    typical: new OperationLatency(),
    fallback: own.fallback,
  }
}
