import type { Operations } from '../contract/operation.ts'
import { parseRoute } from '../contract/route.ts'
import type { Counter } from './counter.ts'
import type { Histogram, Traced } from './histogram.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** The name for requests without an operation: documentation, unknown paths. */
const noOperation = '(other)'

/** The methods with a series of their own. All other methods share one, because a caller may send any text. */
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE', 'QUERY'])
const otherMethod = '_OTHER'

/** Why a request was rejected: the loop is saturated, too many are in flight, or its deadline has passed. */
export type Rejection = (typeof rejections)[number]

const rejections = ['overload', 'concurrency', 'deadline'] as const

type DurationLabel =
  | 'operation'
  | 'http_request_method'
  | 'http_route'
  | 'url_scheme'
  | 'http_response_status_code'
  | 'error_type'

/** An operation's histograms by status. */
interface Series {
  readonly method: string
  readonly route: string
  readonly byStatus: (Histogram | undefined)[]
}

/**
 * The metrics of a service's requests: their number, durations and outcomes.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpserverrequestduration
 */
export class RequestMetrics {
  readonly #scheme: 'http' | 'https'
  readonly #duration: Labelled<Histogram, DurationLabel>
  /** The rejected requests of each operation by reason. */
  readonly #shed = new Map<string, Map<string, Counter>>()
  readonly #byOperation = new Map<string, Series>()

  constructor(metrics: Metrics, operations: Operations, scheme: 'http' | 'https') {
    this.#scheme = scheme
    this.#duration = metrics.histogram('http_server_request_duration_seconds', {
      help: 'Seconds from a request to its response, by operation and status.',
      labels: [
        'operation',
        'http_request_method',
        'http_route',
        'url_scheme',
        'http_response_status_code',
        'error_type',
      ],
    })
    const shed = metrics.counter('tricube_requests_shed_total', {
      help: 'Requests that were rejected before they ran, by operation and reason.',
      labels: ['operation', 'reason'],
    })
    for (const [operation, { route, status = 200 }] of Object.entries(operations)) {
      const { method, path } = parseRoute(route)
      const series: Series = { method, route: path, byStatus: [] }
      // Starting at 0 makes the first one an increase, which `rate` counts.
      for (const usual of [status, 400, 500]) series.byStatus[usual] = this.#histogram(operation, method, path, usual)
      this.#byOperation.set(operation, series)
      const byReason = rejections.map((reason) => [reason, shed.labels({ operation, reason })] as const)
      this.#shed.set(operation, new Map(byReason))
    }
  }

  /** Counts a request that was rejected before it ran, which has no duration. */
  reject(operation: string, reason: Rejection): void {
    this.#shed.get(operation)?.get(reason)?.inc()
  }

  /** Counts a request that has ended; `method` is undefined when the request was malformed. */
  observe(
    operation: string | undefined,
    method: string | undefined,
    status: number,
    durationMs: number,
    traced?: Traced,
  ): void {
    const series = operation === undefined ? undefined : this.#byOperation.get(operation)
    const histogram =
      series !== undefined && series.method === method
        ? (series.byStatus[status] ??= this.#histogram(operation!, method, series.route, status))
        : this.#histogram(operation ?? noOperation, method, series?.route ?? '', status) // HEAD, or none
    histogram.observe(durationMs / 1000, traced)
  }

  #histogram(operation: string, method: string | undefined, route: string, status: number): Histogram {
    return this.#duration.labels({
      operation,
      http_request_method: method !== undefined && methods.has(method) ? method : otherMethod,
      http_route: route,
      url_scheme: this.#scheme,
      http_response_status_code: status,
      error_type: status >= 500 ? status : '',
    })
  }
}
