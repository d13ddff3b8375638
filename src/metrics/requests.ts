import type { Counter } from './counter.ts'
import type { Histogram, Traced } from './histogram.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** What is no operation: documentation, stray paths. */
const noOperation = '(other)'

/** Why a request was refused: the loop is saturated, too many are in flight, its caller has given up. */
export type Refusal = (typeof refusals)[number]

const refusals = ['overload', 'concurrency', 'deadline'] as const

/** The requests of a service: how many, how long, how they ended. */
export class RequestMetrics {
  readonly #duration: Labelled<Histogram, 'operation' | 'status'>
  /** Of each operation those that were refused, by the reason. */
  readonly #shed = new Map<string, Map<string, Counter>>()
  /** Of each operation the histograms by the first digit of the status. */
  readonly #byOperation = new Map<string | undefined, (Histogram | undefined)[]>()

  constructor(metrics: Metrics, operations: readonly string[]) {
    this.#duration = metrics.histogram('http_server_request_duration_seconds', {
      help: 'Seconds from a request to its answer, by operation and class of status.',
      labels: ['operation', 'status'],
    })
    const shed = metrics.counter('tricube_requests_shed_total', {
      help: 'Requests that were refused before they ran, by operation and reason.',
      labels: ['operation', 'reason'],
    })
    for (const operation of operations) {
      const byClass: Histogram[] = []
      for (const digit of [2, 4, 5]) byClass[digit] = this.#histogram(operation, digit)
      this.#byOperation.set(operation, byClass)
      const byReason = refusals.map((reason) => [reason, shed.labels({ operation, reason })] as const)
      this.#shed.set(operation, new Map(byReason))
    }
    this.#byOperation.set(undefined, [])
  }

  /** Counts a request that was refused before it ran; it has neither a beginning nor an end. */
  refuse(operation: string, reason: Refusal): void {
    this.#shed.get(operation)?.get(reason)?.inc()
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
