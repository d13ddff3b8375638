import type { Histogram, Traced } from './histogram.ts'
import type { Labelled, Metrics } from './metrics.ts'

/** What a client has done since it was made. */
export interface CallStats {
  /** Calls that were sent again after a failure. */
  readonly retries: number
  /** Calls that were sent to a second instance because the first took long. */
  readonly hedges: number
  /** Calls that the breaker refused. */
  readonly refused: number
  /** How often an instance was left out for a while. */
  readonly ejections: number
  /** Instances that are left out now. */
  readonly ejected: number
  /** Instances that are known. */
  readonly instances: number
  /** Calls that shared a connection. */
  readonly laneCalls: number
  /** Those that were sent once more, as their lane was late. */
  readonly laneResends: number
  /** Lanes that are open. */
  readonly lanes: number
}

/** Tells of a call's end: its status, or undefined and why no answer came. */
export type CallEnd = (status: number | undefined, durationMs: number, traced?: Traced, error?: unknown) => void

type DurationLabel = 'server_address' | 'operation' | 'http_request_method' | 'http_response_status_code' | 'error_type'

/**
 * The calls to other services: how long they took, how they ended, what was done about failures.
 *
 * https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration
 */
export class CallMetrics {
  readonly #metrics: Metrics
  readonly #duration: Labelled<Histogram, DurationLabel>

  constructor(metrics: Metrics) {
    this.#metrics = metrics
    this.#duration = metrics.histogram('http_client_request_duration_seconds', {
      help: 'Seconds that a call to another service took, retries included; without a status no answer came.',
      labels: ['server_address', 'operation', 'http_request_method', 'http_response_status_code', 'error_type'],
    })
  }

  /** Compiles what is to be called at the end of each call of an operation; the address is the service, not an instance. */
  ends(server_address: string, operation: string, http_request_method: string): CallEnd {
    const of = (status: number | '', error_type: string): Histogram =>
      this.#duration.labels({
        server_address,
        operation,
        http_request_method,
        http_response_status_code: status,
        error_type,
      })
    const answered = (status: number): Histogram => of(status, status >= 400 ? String(status) : '')
    const byStatus: (Histogram | undefined)[] = []
    for (const usual of [200, 500]) byStatus[usual] = answered(usual)
    const byError = new Map(usualErrors.map((name) => [name, of('', name)]))
    return (status, durationMs, traced, error) => {
      const histogram = status === undefined ? byError.get(errorName(error))! : (byStatus[status] ??= answered(status))
      histogram.observe(durationMs / 1000, traced)
    }
  }

  /** Tells what the client of a service has done, as often as somebody asks. */
  watch(target: string, stats: () => CallStats): void {
    const total = (name: string, help: string): ((value: number) => void) => {
      const counter = this.#metrics
        .counter(`tricube_client_${name}_total`, { help, labels: ['target'] })
        .labels({ target })
      return (value) => counter.reach(value)
    }
    const retries = total('retries', 'Calls that were sent again after a failure.')
    const hedges = total('hedges', 'Calls that were also sent to a second instance, as the first took long.')
    const refused = total('breaker_rejections', 'Calls that were not sent because too many had failed.')
    const ejections = total('ejections', 'How often an instance was left out for a while.')
    const laneCalls = total('lane_calls', 'Calls that shared a connection with others.')
    const laneResends = total(
      'lane_resends',
      'Calls that were sent over another connection, too, as their lane was late.',
    )
    const lanes = this.#metrics
      .gauge('tricube_client_lanes', { help: 'Connections that calls share.', labels: ['target'] })
      .labels({ target })
    const instances = this.#metrics.gauge('tricube_client_instances', {
      help: 'Instances of a service that are known, by whether they are called or left out.',
      labels: ['target', 'state'],
      aggregator: 'max', // every worker knows the same
    })
    const used = instances.labels({ target, state: 'used' })
    const ejected = instances.labels({ target, state: 'ejected' })
    this.#metrics.onScrape(() => {
      const now = stats()
      retries(now.retries)
      hedges(now.hedges)
      refused(now.refused)
      ejections(now.ejections)
      laneCalls(now.laneCalls)
      laneResends(now.laneResends)
      lanes.set(now.lanes)
      used.set(now.instances - now.ejected)
      ejected.set(now.ejected)
    })
  }
}

/** Why no answer comes. A reason of the caller's own may have any name, and is one of no more than these. */
const usualErrors = [
  'ServiceUnavailable',
  'GatewayTimeout',
  'BadGateway',
  'AbortError',
  'TimeoutError',
  '_OTHER',
] as const

function errorName(error: unknown): (typeof usualErrors)[number] {
  const { name } = (error ?? {}) as { readonly name?: unknown }
  return usualErrors.find((usual) => usual === name) ?? '_OTHER'
}
