import type { Counter } from './counter.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** The metrics of a service's rate limits. */
export class RateLimitMetrics {
  readonly #limited: Labelled<Counter, 'operation'>
  /** Requests that one instance counted alone because the shared store was down. */
  readonly alone: Counter

  constructor(metrics: Metrics) {
    this.#limited = metrics.counter('tricube_rate_limited_total', {
      help: 'Requests that were rejected because their caller was over its rate limit.',
      labels: ['operation'],
    })
    this.alone = metrics.counter('tricube_rate_limit_store_failures_total', {
      help: 'Requests that an instance counted alone because the shared store did not respond.',
    })
  }

  /** Returns the counter of an operation's rejected requests. */
  limited(operation: string): Counter {
    return this.#limited.labels({ operation })
  }
}
