import { noBreaker, throttle, type Breaker, type ThrottleOptions } from '../../resilience/breaker.ts'
import { noRetryBudget, retryBudget, type RetryBudget, type RetryBudgetOptions } from '../../resilience/retryBudget.ts'
import { spanTemplate, type SpanTemplate } from '../../trace/spanTemplate.ts'
import type { CallEnd, CallObserver } from '../observer.ts'

/** Options of calls to services without a contract. */
export interface FetchOptions {
  /** The time limit of a call in milliseconds, retries and body included. Default 5000. */
  readonly timeoutMs?: number
  /** The most retries of a failed call. A call is retried only when that is safe. Default 2. */
  readonly retries?: number
  /** When the circuit breaker of a host rejects calls without sending them. False: never. */
  readonly breaker?: Omit<ThrottleOptions, 'random'> | false
  /** The most retries of all calls to a host together. False: no limit. */
  readonly retryBudget?: RetryBudgetOptions | false
}

/** The counters of calls to a host. */
export interface HostStats {
  retries: number
  rejected: number
}

/** A host that is called: its breaker, its retry budget, its metrics. */
export class OutboundHost {
  readonly name: string
  readonly breaker: Breaker
  readonly budget: RetryBudget
  readonly stats: HostStats = { retries: 0, rejected: 0 }
  readonly #observer: CallObserver | undefined
  readonly #methods = new Map<string, { readonly template: SpanTemplate; readonly onEnd: CallEnd | undefined }>()

  constructor(
    name: string,
    { breaker = {}, retryBudget: budget = {} }: FetchOptions,
    observer: CallObserver | undefined,
  ) {
    this.name = name
    this.breaker = breaker === false ? noBreaker : throttle(breaker)
    this.budget = budget === false ? noRetryBudget : retryBudget(budget)
    this.#observer = observer
  }

  /** The span and the metrics of a method. Neither has the path, which may hold an id or a token. */
  of(method: string): { readonly template: SpanTemplate; readonly onEnd: CallEnd | undefined } {
    let found = this.#methods.get(method)
    if (!found) {
      const template = spanTemplate(`${method} ${this.name}`, {
        kind: 'client',
        attributes: { 'http.request.method': method },
        slots: ['http.response.status_code', 'server.address', 'server.port'],
        peer: this.name,
      })
      found = { template, onEnd: this.#observer?.ends(this.name, 'fetch', method) }
      this.#methods.set(method, found)
    }
    return found
  }
}
