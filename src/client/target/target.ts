import type { Contract } from '../../contract/contract.ts'
import { BadGateway, codes, GatewayTimeout, ServiceUnavailable } from '../../contract/errors.ts'
import type { HttpError } from '../../contract/httpError.ts'
import type { Registry } from '../../discovery/registry.ts'
import type { Backend } from '../../resilience/backend.ts'
import { fullJitter, type Backoff } from '../../time/backoff.ts'
import { neverRetry, retryWhenSafe } from '../../resilience/retry.ts'
import { noRetryBudget, retryBudget, type RetryBudget } from '../../resilience/retryBudget.ts'
import type { Certificates } from '../../tls/certificates.ts'
import { doNotRetry, giveUpReason, isGivenUp, type Answer, type Outgoing } from '../call/call.ts'
import { hasUndici, loadUndici, type Endpoint, type OnProblem } from './endpoint.ts'
import type { Exchange } from '../call/exchange.ts'
import { failureOf, isFault, isRefused, retryAfterMs } from '../call/failure.ts'
import { firstAnswer } from '../call/hedge.ts'
import { Members, type Whereabouts } from './members.ts'
import type { OperationPolicy } from '../call/operationPolicy.ts'
import { pause } from '../call/pause.ts'
import { tlsProblem } from './tlsProblem.ts'
import type { CallOptions, ClientOptions } from '../types.ts'

const noOptions: CallOptions = {}

/** What the calls to a service have come to. */
export interface TargetStats {
  readonly retries: number
  readonly hedges: number
  /** Calls that the breaker refused. */
  readonly refused: number
  /** Instances that are known. */
  readonly instances: number
  /** Those of them that are left out now. */
  readonly ejected: number
  /** How often one was. */
  readonly ejections: number
  /** Calls that shared a connection, and how many of these were sent once more as it was late. */
  readonly laneCalls: number
  readonly laneResends: number
  /** Lanes that are open. */
  readonly lanes: number
}

/** A service that is called: its instances, and what bounds the calls to all of them together. */
export class Target implements AsyncDisposable {
  readonly #service: string
  readonly #isPartitioned: boolean
  readonly #members: Members
  readonly #budget: RetryBudget
  readonly #backoff: Backoff = fullJitter()
  #retries = 0
  #hedges = 0
  #refused = 0

  constructor(
    contract: Contract,
    registry: Registry,
    options: ClientOptions,
    whereabouts: Whereabouts,
    certificates: Certificates,
    onProblem?: OnProblem,
  ) {
    const { retryBudget: budget = {} } = options
    this.#service = contract.name
    this.#isPartitioned = contract.partitioned === true
    this.#members = new Members(contract, registry, options, whereabouts, certificates, onProblem)
    this.#budget = budget === false ? noRetryBudget : retryBudget(budget)
  }

  /** Sends a call until it is answered, may not be sent again, or its time is over; rejects with an `HttpError`. */
  async send(outgoing: Outgoing, policy: OperationPolicy, options: CallOptions = noOptions): Promise<Answer> {
    if (isGivenUp(outgoing)) throw giveUpReason(outgoing)
    let now = performance.now()
    const end = now + outgoing.timeoutMs
    if (!hasUndici() || !this.#members.isKnown) {
      await Promise.all([loadUndici(), this.#members.whenKnown(outgoing.timeoutMs)])
      now = performance.now()
      outgoing.headers['x-request-timeout-ms'] = remaining(end, now)
      if (isGivenUp(outgoing)) throw giveUpReason(outgoing)
    }
    this.#budget.deposit(now)

    const retries = options.retries ?? policy.retries
    const mayRetry = retries > 0 ? retryWhenSafe : neverRetry
    const idempotent = policy.idempotent || options.idempotencyKey !== undefined
    const tried: Backend<Endpoint>[] = []
    for (let retry = 0; ;) {
      if (!policy.breaker.allows(now)) {
        this.#refused += 1
        throw this.#down(outgoing, 'fails too often: the call was not sent')
      }
      const hedgeMs = idempotent ? policy.hedge(now, options.hedge?.afterP) : undefined
      const first = this.#begin(outgoing, policy, tried, end, now)
      const exchange = await (hedgeMs === undefined
        ? first.ended
        : firstAnswer(first, hedgeMs, () => this.#beginHedge(outgoing, policy, tried, end)))
      const failure = failureOf(exchange)
      if (failure === undefined) return exchange

      now = performance.now()
      retry += 1
      // Who has no time now says nothing of the others.
      const goesElsewhere = failure === 'unavailable, not run' && tried.length < this.#members.fleet.size
      const waitMs = Math.max(this.#backoff(retry), goesElsewhere ? 0 : retryAfterMs(exchange))
      if (retry > retries || !mayRetry(failure, idempotent) || now + waitMs >= end || !this.#budget.withdraw(now)) {
        return this.#outcome(exchange, outgoing)
      }
      await pause(waitMs, outgoing)
      if (isGivenUp(outgoing)) throw giveUpReason(outgoing)
      now = performance.now()
      this.#retries += 1
      outgoing.headers['x-request-attempt'] = String(retry)
      outgoing.span?.event('retry', { 'http.request.resend_count': retry, reason: failure }, now)
      outgoing.headers['x-request-timeout-ms'] = remaining(end, now)
    }
  }

  /** What it has done since it was made. */
  get stats(): TargetStats {
    const { size: instances, ejected, ejections } = this.#members.fleet
    return {
      retries: this.#retries,
      hedges: this.#hedges,
      refused: this.#refused,
      instances,
      ejected,
      ejections,
      ...this.#members.laneStats,
    }
  }

  /** Stops following the registry, answers what is in flight, ends the connections. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#members[Symbol.asyncDispose]()
  }

  /** Sends it to one of the instances; everybody who counts hears of its end. */
  #begin(outgoing: Outgoing, policy: OperationPolicy, tried: Backend<Endpoint>[], end: number, now: number): Exchange {
    const backend = this.#members.fleet.pick(now, outgoing, tried)
    if (!backend) {
      policy.breaker.forgotten(now)
      throw this.#nobody(outgoing)
    }
    tried.push(backend)
    backend.begin(now)
    return backend.item.send(outgoing, policy, end - now, (exchange) => this.#settle(exchange, backend, policy, now))
  }

  /** The second of a hedged call, when the budget and the breaker have room for it. */
  #beginHedge(
    outgoing: Outgoing,
    policy: OperationPolicy,
    tried: Backend<Endpoint>[],
    end: number,
  ): Exchange | undefined {
    const now = performance.now()
    if (this.#members.fleet.size < 2 || !this.#budget.withdraw(now) || !policy.breaker.allows(now)) return undefined
    this.#hedges += 1
    outgoing.span?.event('hedge', {}, now)
    const headers = { ...outgoing.headers, 'x-request-timeout-ms': remaining(end, now) }
    return this.#begin({ ...outgoing, headers }, policy, tried, end, now)
  }

  #settle(exchange: Exchange, backend: Backend<Endpoint>, policy: OperationPolicy, begun: number): void {
    const now = performance.now()
    if (exchange.ending === undefined) {
      this.#members.fleet.answered(backend, now, exchange.endsConnection)
      backend.item.answered(exchange, now - begun)
      policy.pace.observe(now - begun, exchange.body.length)
    }
    if (exchange.ending === 'given up' || exchange.isTooLarge || exchange.saysNothing) {
      backend.end()
      policy.breaker.forgotten(now)
    } else if (isRefused(exchange)) {
      backend.reject(now, now - begun)
      policy.breaker.failed(now)
    } else if (isFault(exchange)) {
      this.#members.fleet.failed(backend, now, now - begun, exchange.ending === 'not sent')
      policy.breaker.failed(now)
    } else if (exchange.status === 429) {
      // It is the caller who is over a limit: no fault of the instance, whose quick no says nothing of its speed either.
      backend.end()
      policy.breaker.succeeded(now)
    } else {
      backend.succeed(now, now - begun)
      policy.breaker.succeeded(now)
      policy.latencies.observe(now, now - begun)
    }
  }

  #outcome(exchange: Exchange, outgoing: Outgoing): Answer {
    const { ending, cause } = exchange
    if (ending === undefined) return exchange
    const options = { headers: doNotRetry, operation: outgoing.operation }
    if (ending === 'given up') throw giveUpReason(outgoing)
    if (ending === 'late') throw new GatewayTimeout(`${this.#service} did not answer in time`, options)
    if (exchange.isTooLarge) throw new BadGateway(`${this.#service} answered with too much`, options)
    throw this.#down(outgoing, tlsProblem(cause) ?? 'is unavailable', cause)
  }

  #down({ operation }: Outgoing, what: string, cause?: Error): HttpError {
    const options = { code: codes.calleeDown, headers: doNotRetry, operation, ...(cause && { cause }) }
    return new ServiceUnavailable(`${this.#service} ${what}`, options)
  }

  #nobody(outgoing: Outgoing): Error {
    if (!this.#isPartitioned) return this.#down(outgoing, 'has no instance')
    if (outgoing.region === undefined) return new TypeError(`${this.#service} is partitioned: the call needs a region`)
    return this.#down(outgoing, 'has no instance in the region of the call')
  }
}

/** Rounded down, so that it falls at each hop. */
function remaining(end: number, now: number): string {
  return String(Math.floor(Math.max(0, end - now)))
}
