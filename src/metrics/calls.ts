import type { Histogram, Traced } from './histogram.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** The counters of a client since it was made. */
export interface CallStats {
  /** Calls that were retried after a failure. */
  readonly retries: number
  /** Calls that were hedged: also sent to a second instance because the first was slow. */
  readonly hedges: number
  /** Calls that the breaker rejected. */
  readonly rejected: number
  /** How often an instance was ejected. */
  readonly ejections: number
  /** Instances that are ejected now. */
  readonly ejected: number
  /** Instances that are known. */
  readonly instances: number
  /** Calls that shared a connection. */
  readonly laneCalls: number
  /** Calls that were sent again over another connection because their lane was late. */
  readonly laneResends: number
  /** Open lanes. */
  readonly lanes: number
}

/** Records the end of a call: its status, or undefined and the reason why there was no response. */
export type CallEnd = (status: number | undefined, durationMs: number, traced?: Traced, error?: unknown) => void

type DurationLabel = 'server_address' | 'operation' | 'http_request_method' | 'http_response_status_code' | 'error_type'

/**
 * The metrics of calls to other services: durations, outcomes, retries and ejections.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration
 */
export class CallMetrics {
  readonly #metrics: Metrics
  readonly #duration: Labelled<Histogram, DurationLabel>

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#duration = metrics.histogram('http_client_request_duration_seconds', {
      help: 'Seconds that a call to another service took, retries included; without a status there was no response.',
      labels: ['server_address', 'operation', 'http_request_method', 'http_response_status_code', 'error_type'],
    })
  }

  /** Compiles the recorder of an operation's calls; the address is the service, not an instance. */
  ends(server_address: string, operation: string, http_request_method: string): CallEnd {
    const of = (status: number | '', error_type: string): Histogram =>
      this.#duration.labels({
        server_address,
        operation,
        http_request_method,
        http_response_status_code: status,
        error_type,
      })
    const responseOf = (status: number): Histogram => of(status, status >= 400 ? String(status) : '')
    const byStatus: (Histogram | undefined)[] = []
    for (const usual of [200, 500]) byStatus[usual] = responseOf(usual)
    const byError = new Map(knownErrors.map((name) => [name, of('', name)]))
    return (status, durationMs, traced, error) => {
      const histogram =
        status === undefined ? byError.get(errorName(error))! : (byStatus[status] ??= responseOf(status))
      histogram.observe(durationMs / 1000, traced)
    }
  }

  /** Reads the counters of a service's client at each scrape. */
  watch(target: string, stats: () => CallStats): void {
    const total = (name: string, help: string): ((value: number) => void) => {
      const counter = this.#metrics
        .counter(`tricube_client_${name}_total`, { help, labels: ['target'] })
        .labels({ target })
      return (value) => counter.reach(value)
    }
    const retries = total('retries', 'Calls that were retried after a failure.')
    const hedges = total('hedges', 'Calls that were also sent to a second instance because the first was slow.')
    const rejected = total('breaker_rejections', 'Calls that the breaker rejected because too many had failed.')
    const ejections = total('ejections', 'Ejections of an instance.')
    const laneCalls = total('lane_calls', 'Calls that shared a connection with others.')
    const laneResends = total(
      'lane_resends',
      'Calls that were sent again over another connection because their lane was late.',
    )
    const lanes = this.#metrics
      .gauge('tricube_client_lanes', { help: 'Connections that calls share.', labels: ['target'] })
      .labels({ target })
    const instances = this.#metrics.gauge('tricube_client_instances', {
      help: 'Known instances of a service, by state: in use or ejected.',
      labels: ['target', 'state'],
      aggregator: 'max', // all workers know the same instances
    })
    const used = instances.labels({ target, state: 'used' })
    const ejected = instances.labels({ target, state: 'ejected' })
    this.#metrics.onScrape(() => {
      const now = stats()
      retries(now.retries)
      hedges(now.hedges)
      rejected(now.rejected)
      ejections(now.ejections)
      laneCalls(now.laneCalls)
      laneResends(now.laneResends)
      lanes.set(now.lanes)
      used.set(now.instances - now.ejected)
      ejected.set(now.ejected)
    })
  }
}

/** The reasons for a missing response. Others are counted as one, because a caller's own reason may have any name. */
const knownErrors = [
  'ServiceUnavailable',
  'GatewayTimeout',
  'BadGateway',
  'AbortError',
  'TimeoutError',
  '_OTHER',
] as const

function errorName(error: unknown): (typeof knownErrors)[number] {
  const { name } = (error ?? {}) as { readonly name?: unknown }
  return knownErrors.find((usual) => usual === name) ?? '_OTHER'
}
