import type { Counter } from './counter.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** What the rate limits of a service have come to. */
export class RateLimitMetrics {
  readonly #limited: Labelled<Counter, 'operation'>
  /** Requests that one instance counted by itself although all should. */
  readonly alone: Counter

  constructor(metrics: Metrics) {
    this.#limited = metrics.counter('tricube_rate_limited_total', {
      help: 'Requests that were refused because their caller was over its rate limit.',
      labels: ['operation'],
    })
    this.alone = metrics.counter('tricube_rate_limit_store_failures_total', {
      help: 'Requests that an instance counted by itself because the store that all share did not answer.',
    })
  }

  /** The refused requests of an operation. */
  limited(operation: string): Counter {
    return this.#limited.labels({ operation })
  }
}
