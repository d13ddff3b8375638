import type { Contract } from '../../contract/contract.ts'
import { codes } from '../../contract/errors.ts'
import { BadGateway, GatewayTimeout, ServiceUnavailable } from '../../contract/serverErrors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import type { Registry } from '../../discovery/registry.ts'
import type { Backend } from '../../resilience/backend.ts'
import { fullJitter, type Backoff } from '../../time/backoff.ts'
import { neverRetry, retryWhenSafe } from '../../resilience/retry.ts'
import { noRetryBudget, retryBudget, type RetryBudget } from '../../resilience/retryBudget.ts'
import type { Certificates } from '../../tls/certificates.ts'
import { doNotRetry, cancelReason, isCancelled, type CallResponse, type OutgoingRequest } from '../call/call.ts'
import { hasUndici, loadUndici, type Endpoint, type OnProblem } from './endpoint.ts'
import { headersOverflow, type Exchange } from '../call/exchange.ts'
import { failureOf, isFault, isRejected, retryAfterMs } from '../call/failure.ts'
import { firstResponse } from '../call/hedge.ts'
import { Members, type Locality } from './members.ts'
import type { OperationPolicy } from '../call/operationPolicy.ts'
import { pause } from '../call/pause.ts'
import { connectionProblem } from './connectionProblem.ts'
import { tlsProblem } from '../../tls/tlsProblem.ts'
import type { CallOptions, ClientOptions } from '../types.ts'

const noOptions: CallOptions = {}

/** The counters of the calls to a service. */
export interface TargetStats {
  readonly retries: number
  readonly hedges: number
  /** Calls that the breaker rejected. */
  readonly rejected: number
  /** Instances that are known. */
  readonly instances: number
  /** Instances that are ejected now. */
  readonly ejected: number
  /** How often an instance was ejected. */
  readonly ejections: number
  /** Calls that shared a connection. */
  readonly laneCalls: number
  /** Calls that were sent again over another connection because their lane was late. */
  readonly laneResends: number
  /** Open lanes. */
  readonly lanes: number
}

/** A service that is called: its instances, and the retry budget of all calls to it. */
export class Target implements AsyncDisposable {
  readonly #service: string
  readonly #isPartitioned: boolean
  /** Whether it is somebody else's, who is not told of deadlines and attempts. */
  readonly #isExternal: boolean
  readonly #members: Members
  readonly #budget: RetryBudget
  readonly #backoff: Backoff = fullJitter()
  #retries = 0
  #hedges = 0
  #rejected = 0

  constructor(
    contract: Contract,
    registry: Registry,
    options: ClientOptions,
    locality: Locality,
    certificates: Certificates,
    onProblem?: OnProblem,
  ) {
    const { retryBudget: budget = {} } = options
    this.#service = contract.name
    this.#isPartitioned = contract.partitioned === true
    this.#isExternal = contract.external !== undefined
    this.#members = new Members(contract, registry, options, locality, certificates, onProblem)
    this.#budget = budget === false ? noRetryBudget : retryBudget(budget)
  }

  /**
   * Sends a request, and retries it while that is safe, there is time and the retry budget allows it.
   *
   * It rejects with an `HttpError`, or with the caller's reason when the call is cancelled.
   */
  async send(
    request: OutgoingRequest,
    policy: OperationPolicy,
    options: CallOptions = noOptions,
  ): Promise<CallResponse> {
    if (isCancelled(request)) throw cancelReason(request)
    let now = performance.now()
    const end = now + request.timeoutMs
    if (!hasUndici() || !this.#members.isReady) {
      await Promise.all([loadUndici(), this.#members.whenReady(request.timeoutMs)])
      now = performance.now()
      if (!this.#isExternal) request.headers['x-request-timeout-ms'] = remaining(end, now)
      if (isCancelled(request)) throw cancelReason(request)
    }
    this.#budget.deposit(now)

    const retries = options.retries ?? policy.retries
    const mayRetry = retries > 0 ? retryWhenSafe : neverRetry
    const repeat = policy.idempotent || options.idempotencyKey !== undefined ? 'idempotent' : 'unsafe'
    const tried: Backend<Endpoint>[] = []
    for (let retry = 0; ;) {
      if (!policy.breaker.allows(now)) {
        this.#rejected += 1
        throw this.#down(request, 'fails too often, so the circuit breaker rejected the call')
      }
      const hedgeMs = repeat === 'idempotent' ? policy.hedge(now, options.hedge?.afterP) : undefined
      const first = this.#begin(request, policy, tried, end, now)
      const exchange = await (hedgeMs === undefined
        ? first.ended
        : firstResponse(first, hedgeMs, () => this.#beginHedge(request, policy, tried, end)))
      const failure = failureOf(exchange)
      if (failure === undefined) return exchange

      now = performance.now()
      retry += 1
      // One overloaded instance says nothing about the load of another.
      const goesElsewhere = failure === 'unavailable, not run' && tried.length < this.#members.fleet.size
      const waitMs = Math.max(this.#backoff(retry), goesElsewhere ? 0 : retryAfterMs(exchange))
      if (retry > retries || !mayRetry(failure, repeat) || now + waitMs >= end) return this.#outcome(exchange, request)
      if (!this.#budget.withdraw(now)) return this.#outcome(exchange, request, budgetIsEmpty)
      await pause(waitMs, request)
      if (isCancelled(request)) throw cancelReason(request)
      now = performance.now()
      this.#retries += 1
      request.span?.event('retry', { 'http.request.resend_count': retry, reason: failure }, now)
      if (this.#isExternal) continue
      request.headers['x-request-attempt'] = String(retry)
      request.headers['x-request-timeout-ms'] = remaining(end, now)
    }
  }

  /** The counters since the start. */
  get stats(): TargetStats {
    const { size: instances, ejected, ejections } = this.#members.fleet
    return {
      retries: this.#retries,
      hedges: this.#hedges,
      rejected: this.#rejected,
      instances,
      ejected,
      ejections,
      ...this.#members.laneStats,
    }
  }

  /** Stops watching the registry, waits for the calls in flight, and closes the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#members[Symbol.asyncDispose]()
  }

  /** Sends a request to an instance, and records its end. */
  #begin(
    request: OutgoingRequest,
    policy: OperationPolicy,
    tried: Backend<Endpoint>[],
    end: number,
    now: number,
  ): Exchange {
    const backend = this.#members.fleet.pick(now, request, tried)
    if (!backend) {
      policy.breaker.forgotten(now)
      throw this.#noInstance(request)
    }
    tried.push(backend)
    backend.begin(now)
    return backend.item.send(request, policy, end - now, (exchange) => this.#settle(exchange, backend, policy, now))
  }

  /** Sends a hedged call to a second instance, if the retry budget and the breaker allow it. */
  #beginHedge(
    request: OutgoingRequest,
    policy: OperationPolicy,
    tried: Backend<Endpoint>[],
    end: number,
  ): Exchange | undefined {
    const now = performance.now()
    if (this.#members.fleet.size < 2 || !this.#budget.withdraw(now) || !policy.breaker.allows(now)) return undefined
    this.#hedges += 1
    request.span?.event('hedge', {}, now)
    const headers = { ...request.headers }
    if (!this.#isExternal) headers['x-request-timeout-ms'] = remaining(end, now)
    return this.#begin({ ...request, headers }, policy, tried, end, now)
  }

  #settle(exchange: Exchange, backend: Backend<Endpoint>, policy: OperationPolicy, begun: number): void {
    const now = performance.now()
    if (exchange.ending === undefined) {
      if (exchange.endsConnection) this.#members.fleet.leaves(backend, now)
      else backend.keepsConnections = true
      backend.item.responded(exchange, now - begun)
      policy.typical.observe(now - begun, exchange.body.length)
    }
    if (exchange.ending === 'cancelled' || exchange.isTooLarge || exchange.isSharedFailure) {
      backend.end()
      policy.breaker.forgotten(now)
    } else if (isRejected(exchange)) {
      backend.reject(now, now - begun)
      policy.breaker.failed(now)
    } else if (isFault(exchange)) {
      this.#members.fleet.failed(backend, now, now - begun, exchange.ending === 'not sent' ? 'gone' : 'failed')
      policy.breaker.failed(now)
    } else if (exchange.status === 429) {
      // The caller is over a rate limit. The instance works, and a quick rejection is no measure of its speed.
      backend.end()
      policy.breaker.succeeded(now)
    } else {
      backend.succeed(now, now - begun)
      policy.breaker.succeeded(now)
      policy.latencies.observe(now, now - begun)
    }
  }

  #outcome(exchange: Exchange, request: OutgoingRequest, note = ''): CallResponse {
    const { ending, cause } = exchange
    if (ending === undefined) return exchange
    const options = { headers: doNotRetry, operation: request.operation }
    if (ending === 'cancelled') throw cancelReason(request)
    if (ending === 'timed out') {
      throw new GatewayTimeout(`${this.#service} did not respond within ${Math.round(request.timeoutMs)} ms`, options)
    }
    if (exchange.isTooLarge) throw new BadGateway(`${this.#service} sent ${tooLarge(cause)}`, options)
    const problem = tlsProblem(cause) ?? `is unavailable: ${connectionProblem(ending, cause)}`
    throw this.#down(request, problem + note, cause)
  }

  #down({ operation }: OutgoingRequest, problem: string, cause?: Error): HttpError {
    const options = { code: codes.calleeDown, headers: doNotRetry, operation, ...(cause && { cause }) }
    return new ServiceUnavailable(`${this.#service} ${problem}`, options)
  }

  #noInstance(request: OutgoingRequest): Error {
    if (!this.#isPartitioned) return this.#down(request, 'has no instance')
    const { operation, region } = request
    if (region === undefined) return new TypeError(`${operation}: a call to a partitioned service needs a region`)
    return this.#down(request, `has no instance in the region ${JSON.stringify(region)}`)
  }
}

const budgetIsEmpty = ', and the retry budget is empty'

function tooLarge(cause: Error | undefined): string {
  const areHeaders = (cause as { code?: string } | undefined)?.code === headersOverflow
  return areHeaders ? 'more response headers than --max-http-header-size' : 'a response larger than maxResponseBytes'
}

/** Returns the remaining milliseconds as a header. They are rounded down, so that they shrink with each hop. */
function remaining(end: number, now: number): string {
  return String(Math.floor(Math.max(0, end - now)))
}
