import type { Histogram, Traced } from './histogram.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** What is no operation: documentation, stray paths. */
const noOperation = '(other)'

/** The requests of a service: how many, how long, how they ended. */
export class RequestMetrics {
  readonly #duration: Labelled<Histogram, 'operation' | 'status'>
  /** Of each operation the histograms by the first digit of the status. */
  readonly #byOperation = new Map<string | undefined, (Histogram | undefined)[]>()

  constructor(metrics: Metrics, operations: readonly string[]) {
    this.#duration = metrics.histogram('http_server_request_duration_seconds', {
      help: 'Seconds from a request to its answer, by operation and class of status.',
      labels: ['operation', 'status'],
    })
    for (const operation of operations) {
      const byClass: Histogram[] = []
      for (const digit of [2, 4, 5]) byClass[digit] = this.#histogram(operation, digit)
      this.#byOperation.set(operation, byClass)
    }
    this.#byOperation.set(undefined, [])
  }

  /** Counts a request that has ended, however it did. */
  observe(operation: string | undefined, status: number, durationMs: number, traced?: Traced): void {
    const digit = Math.trunc(status / 100)
    const byClass = this.#byOperation.get(operation) ?? this.#byOperation.get(undefined)!
    const histogram = (byClass[digit] ??= this.#histogram(operation ?? noOperation, digit))
    histogram.observe(durationMs / 1000, traced)
  }

  #histogram(operation: string, digit: number): Histogram {
    return this.#duration.labels({ operation, status: `${digit}xx` })
  }
}
