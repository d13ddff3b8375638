import { NotFound } from '../../contract/errors.ts'
import { flag, oneOf } from '../../config/rules.ts'
import { setting } from '../../config/setting.ts'
import { ownVersion } from '../../load/own.ts'
import { droppedLines } from '../../log/output.ts'
import { CallerVersions } from '../../metrics/callerVersions.ts'
import { CallMetrics } from '../../metrics/calls.ts'
import { Metrics } from '../../metrics/metrics.ts'
import { watchProcess } from '../../metrics/process.ts'
import { RequestMetrics } from '../../metrics/requests.ts'
import { textOf } from '../../metrics/text.ts'
import type { Host, Opened, Part } from '../part.ts'
import { discoverySettings, type DiscoveryConfig } from './discovery/discoveryConfig.ts'
import { admin } from './admin.ts'
import { tls } from './tls.ts'
import { workers } from './workers/workers.ts'

/** Configuration of the metrics. */
export interface MetricsConfig extends Pick<DiscoveryConfig, 'version'> {
  /** `none` turns metrics and `/metrics` off (`OTEL_METRICS_EXPORTER`). Default `prometheus`. */
  readonly metricsExporter: 'prometheus' | 'none'
}

/** The metrics of a service: tricube's and its own. */
export interface Metering extends Opened<Metrics> {
  readonly metrics: Metrics
  readonly requests: RequestMetrics
  /** Undefined when metrics are off. */
  readonly calls: CallMetrics | undefined
  /** Undefined when metrics are off. */
  readonly callerVersions: CallerVersions | undefined
  /** Whether metrics are on. */
  readonly isOn: boolean
  forRequest(): Metrics
}

/** Options of the metrics. */
export interface MetricsOptions {
  /** False turns metrics and `/metrics` off. Default: true. */
  readonly metrics?: boolean
}

/** Measures the service, and serves `GET /metrics` with the sums over all its processes. */
export const metrics: Part<MetricsOptions, MetricsConfig, Metering> = {
  name: 'metrics',
  options: { metrics: flag },
  settings: {
    metricsExporter: setting<MetricsConfig['metricsExporter']>(oneOf(['prometheus', 'none']), {
      variable: 'OTEL_METRICS_EXPORTER',
      meaning: '`none` measures nothing and serves no `/metrics`.',
      value: 'prometheus',
      own: ({ metrics: isOn }: MetricsOptions) => (isOn === false ? 'none' : undefined),
    }),
    version: discoverySettings.version,
  },
  async open(host) {
    const { contract, config, inFlight, log, use } = host
    const { isSecure } = await use(tls)
    const isOn = config.metricsExporter !== 'none'
    const all = new Metrics({
      onOverflow: (metric) => log.warn({ metric }, 'a metric has more than 2,000 combinations of label values'),
    })
    const ofAll = (await use(workers)).share('metrics', () => all.snapshot())
    const { fastify } = await use(admin)
    fastify.get('/metrics', async (request, reply) => {
      if (!isOn) throw new NotFound('metrics are turned off')
      const { contentType, body } = textOf(await ofAll(), request.headers.accept)
      return reply.header('content-type', contentType).send(body)
    })
    const requests = new RequestMetrics(all, contract.operations, isSecure ? 'https' : 'http')
    inFlight.onRejected = (status) => requests.observe(undefined, undefined, status, 0)
    const opened = { metrics: all, requests, isOn, forRequest: () => all }
    if (!isOn) return { ...opened, calls: undefined, callerVersions: undefined }
    watchService(all, host)
    const callerVersions = new CallerVersions(all, {
      onOther: (other) => log.info(other, 'a caller knows another version of an operation than this instance'),
    })
    return { ...opened, calls: new CallMetrics(all), callerVersions, close: watchProcess(all) }
  },
}

/** Adds the metrics of every service: version, requests in flight, lost log lines. */
function watchService(all: Metrics, { contract, config: { version = '' }, inFlight }: Host<MetricsConfig>): void {
  all.onScrape(inFlight.reportEnded)
  all
    .gauge('tricube_build_info', {
      help: 'What runs; always 1.',
      labels: ['service', 'version', 'node', 'tricube'],
      aggregator: 'max',
    })
    .labels({ service: contract.name, version, node: process.versions.node, tricube: ownVersion })
    .set(1)
  const dropped = all.counter('tricube_log_lines_dropped_total', {
    help: 'Log lines dropped because their reader was too slow.',
  })
  all.onScrape(() => dropped.reach(droppedLines()))
  const active = all.gauge('http_server_active_requests', { help: 'Requests in flight.' })
  all.onScrape(() => active.set(inFlight.size))
}
